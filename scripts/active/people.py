"""people.py FILE: what happens at the clients of a site for a while, as FILE says (JSON): {"end": time, "people": [...]}.

A person is {"kind", "space": the namespace, "socks": HOST:PORT or null, "to": HOST:PORT, ...}: a `victim` asks the colluding server for a shaped
stream ("order") and takes what comes; `pages`, `chat` and `bulk` ("seed") are ordinary people; a `probe` ("every_s", "out") measures the latency to the
echo and back, and writes OUT.  Times are seconds since 1970.  At the end: one line of JSON, with what went wrong.
"""
import asyncio
import json
import random
import socket
import struct
import sys
import time

from tunnel import inside

STEP = struct.Struct("!Qd")
GRACE_S = 2.5  # for answers to the last probes
TRIES = 5


async def connect(person):
    """A stream to where it wants to go; the socket is made in the person's namespace and stays there."""
    loop = asyncio.get_running_loop()
    with inside(person["space"]):
        s = socket.socket()
    s.setblocking(False)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = person["to"].rsplit(":", 1)
    first = person["socks"].rsplit(":", 1) if person["socks"] else (host, port)
    await loop.sock_connect(s, (first[0], int(first[1])))
    reader, writer = await asyncio.open_connection(sock=s)
    if person["socks"]:
        writer.write(b"\x05\x01\x00")
        if await reader.readexactly(2) != b"\x05\x00":
            raise OSError("the SOCKS port wants a password")
        writer.write(b"\x05\x01\x00\x01" + socket.inet_aton(host) + int(port).to_bytes(2, "big"))
        said = await reader.readexactly(10)
        if said[1] != 0:
            raise OSError(f"the SOCKS port says {said[1]}")
    return reader, writer


async def reach(person):
    """In a young network a circuit may fail: tried again, as people do."""
    for left in range(TRIES - 1, -1, -1):
        try:
            return await asyncio.wait_for(connect(person), 10)
        except (OSError, EOFError, asyncio.TimeoutError):
            if left == 0:
                raise
            await asyncio.sleep(0.3)


async def victim(person, _):
    reader, writer = await reach(person)
    writer.write(json.dumps(person["order"]).encode() + b"\n")
    while await reader.read(65536):
        pass
    writer.close()


async def fetch(reader, writer, n):
    writer.write(b"%d\n" % n)
    await writer.drain()
    await reader.readexactly(n)


async def pages(person, rng):
    reader, writer = await reach(person)
    while True:
        for _ in range(rng.randrange(1, 6)):
            await fetch(reader, writer, rng.choice((1, 2, 4, 8, 16, 64)) * 1024)
        await asyncio.sleep(rng.uniform(0.3, 3))


async def chat(person, rng):
    reader, writer = await reach(person)
    while True:
        await fetch(reader, writer, rng.randrange(30, 1200))
        await asyncio.sleep(rng.expovariate(1 / 0.6))


async def bulk(person, rng):
    """A download of so many bytes a second, then a pause."""
    reader, writer = await reach(person)
    while True:
        n, until = rng.choice((4, 8, 16)) * 1024, time.time() + rng.uniform(2, 12)
        while time.time() < until:
            await fetch(reader, writer, n)
            await asyncio.sleep(0.2)
        await asyncio.sleep(rng.uniform(0, 5))


async def probe(person, _):
    end, every, sent, took = person["end"], person["every_s"], [], {}
    reader, writer = await reach(person)

    async def listen():
        while True:
            number, _ = STEP.unpack(await reader.readexactly(STEP.size))
            took[number] = time.time() - sent[number]

    listener = asyncio.create_task(listen())
    try:
        await asyncio.sleep(max(0, person["begin"] - time.time()))
        while (now := time.time()) < end:
            sent.append(now)
            writer.write(STEP.pack(len(sent) - 1, now))
            await asyncio.sleep(max(0, person["begin"] + len(sent) * every - time.time()))
        await asyncio.sleep(GRACE_S)
    finally:
        listener.cancel()
        writer.close()
    with open(person["out"], "w", encoding="ascii") as f:
        f.write("sent_us,latency_us\n")
        for i, at in enumerate(sent):
            f.write(f"{round(at * 1e6)},{round(took[i] * 1e6) if i in took else '-'}\n")


KINDS = {"victim": victim, "pages": pages, "chat": chat, "bulk": bulk, "probe": probe}


async def one(person, end, failed):
    limit_s = end - time.time() + (GRACE_S + 1 if person["kind"] == "probe" else 0.5)
    try:
        await asyncio.wait_for(KINDS[person["kind"]](person, random.Random(person.get("seed", 0))), limit_s)
    except asyncio.TimeoutError:
        if person["kind"] == "probe":
            failed.append("probe: was never through")
    except (OSError, EOFError) as e:
        failed.append(f"{person['kind']} in {person['space']}: {e or type(e).__name__}")


async def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        plan = json.load(f)
    failed = []
    await asyncio.gather(*(one(dict(p, end=plan["end"]), plan["end"], failed) for p in plan["people"]))
    print(json.dumps({"failed": failed}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
