"""guests.py HOW SEED N SECONDS WEB TALK: N users of a tunnel at once, each with one connection; who leaves makes room for another one.

HOW is socks:HOST:PORT, and WEB and TALK are HOST:PORT behind the tunnel; or straight, and they are places that lead there.  Of ten, six read
pages (bursts of requests for small files, then a pause), three chat, and one downloads with curl, as fast as the web server likes.  The
first users of a small crowd are one of each kind.  They stay 8 to 20 s; who is there at the start has been for a while.  At the
end: one JSON object with the times of the page's requests.
"""
import asyncio
import ipaddress
import json
import random
import struct
import sys
import time

KINDS = ("pages", "chat", "bulk")
OF_TEN = ("pages",) * 6 + ("chat",) * 3 + ("bulk",)
STAY_S = (8, 20)
AT_LEAST_S = 4
FILES_KB = (1, 1, 2, 2, 4, 4, 8, 16)


class Crowd:
    """The users of one scene, and what became of them."""

    def __init__(self, how, seed, seconds, web, talk):
        self.how, self.seed, self.seconds = how, seed, seconds
        self.place = {"pages": web, "chat": talk, "bulk": web}
        self.end = time.monotonic() + seconds
        self.latency_ms, self.failed, self.began = [], [], {k: 0 for k in KINDS}

    async def connect(self, place):
        host, port = place.rsplit(":", 1)
        if self.how == "straight":
            return await asyncio.open_connection(host, int(port))
        _, proxy, proxy_port = self.how.split(":")
        reader, writer = await asyncio.open_connection(proxy, int(proxy_port))
        writer.write(b"\x05\x01\x00")
        await reader.readexactly(2)
        writer.write(b"\x05\x01\x00\x01" + ipaddress.IPv4Address(host).packed + struct.pack("!H", int(port)))
        reply = await reader.readexactly(10)
        if reply[1] != 0:
            raise OSError(f"SOCKS reply {reply[1]}")
        return reader, writer

    async def pages(self, rng):
        reader, writer = await self.connect(self.place["pages"])
        try:
            while True:
                for _ in range(rng.randrange(1, 7)):
                    began = time.monotonic()
                    writer.write(f"GET /{rng.choice(FILES_KB)}k HTTP/1.1\r\nHost: web\r\nUser-Agent: {'x' * rng.randrange(20, 300)}\r\n\r\n".encode())
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")][0]
                    await reader.readexactly(int(length.split(b":")[1]))
                    self.latency_ms.append(1000 * (time.monotonic() - began))
                await asyncio.sleep(rng.uniform(0.5, 5))
        finally:
            writer.close()

    async def chat(self, rng):
        reader, writer = await self.connect(self.place["chat"])

        async def listen():
            while await reader.read(4096):
                pass

        listener = asyncio.create_task(listen())
        try:
            while True:
                writer.write(bytes(rng.randrange(20, 300)))
                await writer.drain()
                await asyncio.sleep(rng.expovariate(1 / 2.5))
        finally:
            listener.cancel()
            writer.close()

    async def bulk(self, _):
        proxy = [] if self.how == "straight" else ["--socks5", self.how.split(":", 1)[1]]
        process = await asyncio.create_subprocess_exec("curl", "-sS", "--fail", "--noproxy", "", *proxy, "-o",
                                                       "/dev/null", f"{self.place['bulk']}/file")
        try:
            await process.wait()
            raise OSError(f"curl ended with status {process.returncode}")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def user(self, number):
        """The users that follow each other at one place."""
        rng = random.Random(f"{self.seed}/{number}")
        kind = KINDS[number] if number < len(KINDS) else rng.choice(OF_TEN)
        stay_s = max(AT_LEAST_S, rng.uniform(0, 1) * rng.uniform(*STAY_S))
        await asyncio.sleep(rng.uniform(0, 2))
        while time.monotonic() + AT_LEAST_S < self.end:
            self.began[kind] += 1
            try:
                await asyncio.wait_for(getattr(self, kind)(rng), stay_s)
            except asyncio.TimeoutError:
                pass  # had enough
            except (OSError, EOFError) as e:
                self.failed.append(f"{kind}: {e or type(e).__name__}")
            await asyncio.sleep(rng.uniform(0.05, 0.5))
            kind, stay_s = rng.choice(OF_TEN), rng.uniform(*STAY_S)

    async def stay(self, n):
        users = [asyncio.create_task(self.user(i)) for i in range(n)]
        await asyncio.sleep(self.seconds)
        for u in users:
            u.cancel()
        ended = await asyncio.gather(*users, return_exceptions=True)
        self.failed += [repr(e) for e in ended if isinstance(e, Exception)]  # a cancellation is none


def main():
    how, seed, n, seconds, web, talk = sys.argv[1:]
    crowd = Crowd(how, int(seed), float(seconds), web, talk)
    asyncio.run(crowd.stay(int(n)))
    print(json.dumps({"began": crowd.began, "failed": crowd.failed, "latency_ms": [round(v, 2) for v in crowd.latency_ms]}))


if __name__ == "__main__":
    main()
