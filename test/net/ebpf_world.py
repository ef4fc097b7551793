#!/usr/bin/env python3
"""ebpf_world.py ADDRESS - the world behind the server, for the tests of --ebpf: on ports 7000 to 7003 a server that says
which of its addresses and ports was reached; on port 53 of ADDRESS a name server, UDP and TCP, where every name in
"example" has ADDRESS and fd00:8::2, "long.example" has more than a datagram of them, and others do not exist.  Says what was
asked over UDP, which nobody should."""
import asyncio
import socket
import struct
import sys

ADDRESS = sys.argv[1]


async def say(reader, writer):
    host, port = writer.get_extra_info("sockname")[:2]
    writer.write(f"{host.removeprefix('::ffff:')} {port}\n".encode())
    try:
        await writer.drain()
        writer.write_eof()
        await reader.read()
    except OSError:
        pass
    writer.close()


def answer(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1").lower())
        at += 1 + query[at]
    kind = struct.unpack(">H", query[at + 1 : at + 3])[0]
    question = query[12 : at + 5]
    records = []
    if labels[-1:] == ["example"]:
        if kind == 1:
            n = 60 if labels[0] == "long" else 0
            records = [bytes((10, 77, 1, i + 1)) for i in range(n)] + [socket.inet_aton(ADDRESS)]
        elif kind == 28:
            records = [socket.inet_pton(socket.AF_INET6, "fd00:8::2")]
    code = 0 if labels[-1:] == ["example"] else 3
    head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
    body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(r)) + r for r in records)
    return head + question + body


class Udp(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        print("asked over UDP", flush=True)
        self.transport.sendto(answer(data), addr)


async def tcp(reader, writer):
    try:
        while True:
            n = struct.unpack(">H", await reader.readexactly(2))[0]
            reply = answer(await reader.readexactly(n))
            writer.write(struct.pack(">H", len(reply)) + reply)
            await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        writer.close()


async def main():
    loop = asyncio.get_running_loop()
    for port in range(7000, 7004):
        await both(port)
    await asyncio.start_server(tcp, ADDRESS, 53, backlog=1024)
    await loop.create_datagram_endpoint(Udp, local_addr=(ADDRESS, 53))
    print("ready", flush=True)
    await asyncio.Event().wait()


async def both(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.bind(("::", port))
    await asyncio.start_server(say, sock=s, backlog=1024)


asyncio.run(main())
