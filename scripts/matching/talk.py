"""talk.py ADDRESS PORT SEED: somebody at the other end of chats: answers what is said after a while, and says something by himself."""
import asyncio
import random
import sys


async def speak(writer, rng):
    """Now and then something that nobody asked for."""
    try:
        while True:
            await asyncio.sleep(rng.expovariate(1 / 4))
            writer.write(bytes(rng.randrange(30, 600)))
            await writer.drain()
    except OSError:
        pass


async def answer(reader, writer, rng):
    speaker = asyncio.create_task(speak(writer, rng))
    try:
        while await reader.read(4096):
            await asyncio.sleep(rng.uniform(0.05, 1.2))
            writer.write(bytes(rng.randrange(30, 1200)))
            await writer.drain()
    except OSError:
        pass
    finally:
        speaker.cancel()
        writer.close()


async def main():
    seeds = random.Random(int(sys.argv[3]))

    async def on_guest(reader, writer):
        await answer(reader, writer, random.Random(seeds.random()))

    server = await asyncio.start_server(on_guest, sys.argv[1], int(sys.argv[2]), backlog=256)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
