"""https-chat: a chat program over long-lived TLS connections.  This is our own program, not a product: real TLS and
TCP, but sizes and times by the rule below (all chosen, none cited).

Four services differ in heartbeat (15, 20, 30, 41 s), certificate and size of the first state.  A visit is one connection:
  the client says hello (300-900 bytes), the server answers with the state: log-normal, median 4, 6, 8 or
  10 kB by service, sigma 0.9;
  heartbeat: 24-60 bytes, answered with 16-40;
  others' presence: the server sends 60-300 bytes, exponential gaps of mean 9 s;
  conversation, with log-normal pauses of median 5 s, sigma 1: the person types a text of log-normal length, median
  45 characters, at 5 characters a second (at most 12 s), announced by a typing notice of 70 bytes each 3 s; sends it with
  120 bytes of envelope; the server acknowledges with 90; the partner answers likewise with probability 0.7;
  1 in 14 messages is a picture: log-normal, median 45 kB, sigma 0.8, up or down.
A visit lasts log-normal, median 45 s, sigma 0.8, 5 to 170 s, after which the client leaves, or reconnects to the same service.
"""
import asyncio
import math
import random
import ssl
import sys

from plan import OFFSET_CHAT, PATHS

SERVICES = ["gateway.chat.test", "edge.talk.test", "ws.messages.test", "rt.team.test"]
HEARTBEAT_S = [15, 20, 30, 41]
HELLO, STATE, BEAT, BEATEN, TYPING, TEXT, ACKED, PRESENCE, PICTURE = range(9)


def frame(kind, size):
    """Length, kind, and filling."""
    return size.to_bytes(4, "big") + bytes([kind]) + bytes(size - 5)


async def read_frame(reader):
    """Its kind."""
    head = await reader.readexactly(5)
    await reader.readexactly(int.from_bytes(head[:4], "big") - 5)
    return head[4]


def text_size(rng):
    return int(min(1500, rng.lognormvariate(math.log(45), 0.9)))


def picture_size(rng):
    return int(min(600e3, rng.lognormvariate(math.log(45e3), 0.8)))


async def type_and_send(rng, writer):
    """Someone types a message; both sides show it the same way."""
    n = text_size(rng)
    left = min(12, n / 5)
    while left > 0:
        writer.write(frame(TYPING, 70))
        await asyncio.sleep(min(3, left))
        left -= 3
    if rng.random() < 1 / 14:
        writer.write(frame(PICTURE, picture_size(rng)))
    else:
        writer.write(frame(TEXT, 120 + n))
    await writer.drain()


# ---- server ----

async def serve_one(reader, writer):
    service = int(writer.get_extra_info("sockname")[0].rsplit(".", 1)[1]) % 4
    rng = random.Random()
    tasks = []

    async def presence():
        while True:
            await asyncio.sleep(rng.expovariate(1 / 9))
            writer.write(frame(PRESENCE, rng.randrange(60, 300)))

    try:
        while True:
            kind = await read_frame(reader)
            if kind == HELLO:
                writer.write(frame(STATE, int(min(80e3, rng.lognormvariate(math.log(4000 * (1 + service / 2)), 0.9)))))
                tasks.append(asyncio.create_task(presence()))
            elif kind == BEAT:
                writer.write(frame(BEATEN, rng.randrange(16, 40)))
            elif kind in (TEXT, PICTURE):
                writer.write(frame(ACKED, 90))
                if rng.random() < 0.7:
                    tasks.append(asyncio.create_task(answer_later(rng, writer)))
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass
    finally:
        for t in tasks:
            t.cancel()
        writer.close()


async def answer_later(rng, writer):
    await asyncio.sleep(min(20, rng.lognormvariate(math.log(3), 0.8)))
    try:
        await type_and_send(rng, writer)
    except (ConnectionError, RuntimeError):
        pass


async def serve(pki):
    contexts = {}
    for host in SERVICES:
        contexts[host] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[host].load_cert_chain(f"{pki}/{host}.chain", f"{pki}/{host}.key")
    first = contexts[SERVICES[0]]

    def choose(connection, name, _):
        connection.context = contexts.get(name, first)

    first.sni_callback = choose
    server = await asyncio.start_server(serve_one, "0.0.0.0", 9443, ssl=first, backlog=512)
    await server.serve_forever()


# ---- client ----

async def visit(session, env, service):
    """One connection, from hello to goodbye; true when it did all it wanted."""
    rng, host = session.rng, SERVICES[service]
    reader, writer = await asyncio.open_connection(
        session.addr(OFFSET_CHAT + service), 443, ssl=env.chat_tls, server_hostname=host)
    until = asyncio.get_running_loop().time() + max(5, session.pause(45, 0.8, 170))

    async def beat():
        while True:
            await asyncio.sleep(HEARTBEAT_S[service] * rng.uniform(0.98, 1.02))
            writer.write(frame(BEAT, rng.randrange(24, 60)))

    async def listen():
        while True:
            await read_frame(reader)

    tasks = [asyncio.create_task(listen()), asyncio.create_task(beat())]
    try:
        writer.write(frame(HELLO, rng.randrange(300, 900)))
        while True:
            left = until - asyncio.get_running_loop().time()
            pause = session.pause(5, 1.0, 60)
            if pause >= left:
                await asyncio.sleep(max(0, left))
                return not tasks[0].done()
            await asyncio.sleep(pause)
            await type_and_send(rng, writer)
    finally:
        for t in tasks:
            t.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        try:
            await asyncio.wait_for(writer.wait_closed(), 3)
        except (asyncio.TimeoutError, ConnectionError, ssl.SSLError):
            pass


async def talk(session, env, n_visits, after_s):
    """Visits one after another, mostly to one service."""
    await asyncio.sleep(after_s)
    service = session.rng.randrange(4)
    for _ in range(n_visits):
        if session.rng.random() < 0.15:
            service = session.rng.randrange(4)
        await session.action(visit(session, env, service), "visit")
        await asyncio.sleep(session.pause(1.5, 1.0, 10))


async def run(session, env):
    """Someone with some windows open, each with at most three connections one after another."""
    n, windows = session.n_connections, -(-session.n_connections // 3)
    await asyncio.gather(*(talk(session.window(i), env, n // windows + (i < n % windows), i * session.rng.uniform(1, 10))
                           for i in range(windows)))


def prepare(env):
    env.chat_tls = ssl.create_default_context(cafile=f"{env.work}/pki/root.pem")
    for path in PATHS:
        env.world.spawn(f"chat{path.number}", [sys.executable, "-B", __file__, f"{env.work}/pki"], env.world.server(path))


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
