"""Many connections that are all open at once, each of which gets its own bytes back.

  many.py echo ADDRESS PORT      sends back what comes, to everybody
  many.py ask PORT N BYTES       through 127.0.0.1:PORT: N connections; none is closed before all have been answered, twice
"""
import asyncio
import hashlib
import resource
import sys

TIMEOUT_S = 60


async def answer(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def echo(address, port):
    server = await asyncio.start_server(answer, address, int(port), backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


def said(number, turn, n):
    return hashlib.shake_128(f"{number} {turn}".encode()).digest(n)


async def check(number, turn, reader, n):
    assert await reader.readexactly(n) == said(number, turn, n), f"connection {number} got the bytes of another one"


async def ask(port, n_connections, n_bytes):
    n = int(n_bytes)
    ends = [await asyncio.open_connection("127.0.0.1", int(port)) for _ in range(int(n_connections))]
    for turn in range(2):
        for number, (_, writer) in enumerate(ends):
            writer.write(said(number, turn, n))
        await asyncio.gather(*(check(i, turn, reader, n) for i, (reader, _) in enumerate(ends)))
        print(f"all {len(ends)} were answered", flush=True)
    for _, writer in ends:
        writer.close()
        await writer.wait_closed()


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
asyncio.run(asyncio.wait_for({"echo": echo, "ask": ask}[sys.argv[1]](*sys.argv[2:]), None if sys.argv[1] == "echo" else TIMEOUT_S))
