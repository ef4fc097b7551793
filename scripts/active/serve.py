"""serve.py ADDRESS SHAPED ECHO WEB: the far ends of a site.  On port SHAPED the colluding server, on ECHO what probes are answered by, on WEB what
ordinary people talk to.

SHAPED takes one line of JSON: {"id", "kind": square | step | spans, "phase", "spans", "begin", "end"}, times in seconds since 1970, and
sends until the end, no faster than it is taken.  One line of JSON to standard output when it is over: who it was, and when it was sending.
WEB takes lines with a number and answers with as many bytes.
"""
import asyncio
import json
import os
import socket
import sys
import time

import patterns

TICK_S = 0.05
CHUNK = os.urandom(16384)
NOTSENT_LOWAT = 16384


def hurry(writer):
    """What is written is sent soon or not at all: a pattern that waits in buffers of this machine is none."""
    s = writer.get_extra_info("socket")
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, NOTSENT_LOWAT)
    writer.transport.set_write_buffer_limits(high=NOTSENT_LOWAT)


async def by_rate(writer, order):
    """Bytes sent, by a rate that changes."""
    sent, last, owed = 0, time.time(), 0.0
    while last < order["end"]:
        await asyncio.sleep(TICK_S)
        now = time.time()
        rate = patterns.rate_at(order["kind"], order["phase"], max(0, now - order["begin"]))
        owed = min(owed + rate / 8 * (now - last), rate / 8 * 4 * TICK_S)  # what could not be sent in time is not made up for
        last = now
        while owed >= 1:
            n = min(int(owed), len(CHUNK))
            writer.write(CHUNK[:n])
            try:
                await asyncio.wait_for(writer.drain(), max(0.001, order["end"] - time.time()))
            except asyncio.TimeoutError:
                return sent
            owed -= n
            sent += n
    return sent


async def by_spans(writer, order):
    """Bytes sent, as fast as they are taken while a span lasts."""
    sent = 0
    for begin, until in order["spans"]:
        await asyncio.sleep(max(0, order["begin"] + begin - time.time()))
        while time.time() < order["begin"] + until:
            writer.write(CHUNK)
            try:
                await asyncio.wait_for(writer.drain(), max(0.001, order["begin"] + until - time.time()))
            except asyncio.TimeoutError:
                break
            sent += len(CHUNK)
    return sent


async def shaped(reader, writer):
    sent, order = 0, {}
    try:
        hurry(writer)
        order = json.loads(await reader.readline())
        await asyncio.sleep(max(0, order["begin"] - time.time()))
        sent = await (by_spans if order["kind"] == "spans" else by_rate)(writer, order)
        await asyncio.sleep(max(0, order["end"] - time.time()))
    except (OSError, ValueError) as e:
        order["error"] = repr(e)
    host, port = writer.get_extra_info("peername")[:2]
    print(json.dumps(dict(order, peer=f"{host}:{port}", sent=sent)), flush=True)
    writer.transport.abort()  # what still waits somewhere is wanted by nobody


async def echo(reader, writer):
    try:
        hurry(writer)
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def web(reader, writer):
    try:
        while line := await reader.readline():
            for left in range(int(line), 0, -len(CHUNK)):
                writer.write(CHUNK[:min(left, len(CHUNK))])
                await writer.drain()
    except (OSError, ValueError):
        pass
    finally:
        writer.close()


async def main():
    address, *ports = sys.argv[1:]
    servers = [await asyncio.start_server(f, address, int(p), backlog=256) for f, p in zip((shaped, echo, web), ports)]
    print("ready", flush=True)
    await asyncio.gather(*(s.serve_forever() for s in servers))


if __name__ == "__main__":
    asyncio.run(main())
