#!/usr/bin/env python3
"""Datagrams, for 25-udp.sh.

datagrams.py serve ADDR PORT...          answers each datagram with itself; `who` with the address that it came from, `other PORT` from
                                         another port of ours; says `got N from HOST` for N bytes on standard output
datagrams.py talk SOCKS_PORT ADDR4 ADDR6 NAME PORT OTHER_PORT DENIED_PORT
                                         all that an association is held to; prints what it sees
datagrams.py names SOCKS_PORT PORT       PySocks (python3-socks), to a name
datagrams.py many SOCKS_PORT ADDR PORT N N associations at once, each with its own answers
datagrams.py dns PORT                    queries that are none
"""
import ipaddress
import os
import selectors
import socket
import struct
import sys

WAIT = 20.0  # seconds for what must come; what must not come is followed by something that must, on the same way


def serve(addr, *ports):
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET
    chooser = selectors.DefaultSelector()
    for port in ports:
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((addr, int(port)))
        chooser.register(s, selectors.EVENT_READ)
    print("ready", flush=True)
    socks = [key.fileobj for key in chooser.get_map().values()]
    while True:
        for key, _ in chooser.select():
            data, src = key.fileobj.recvfrom(65536)
            print(f"got {len(data)} on {key.fileobj.getsockname()[1]}", flush=True)
            sender = key.fileobj
            if data == b"who":
                data = f"{src[0]} {src[1]}".encode()
            elif data.startswith(b"other "):
                sender = next(s for s in socks if s.getsockname()[1] == int(data[6:]))
            sender.sendto(data, src)


def address(host, port):
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode()
        return b"\3" + bytes([len(name)]) + name + struct.pack("!H", port)
    return (b"\1" if ip.version == 4 else b"\4") + ip.packed + struct.pack("!H", port)


def take_address(data):
    size = {1: 4, 4: 16}[data[0]]
    host = str(ipaddress.ip_address(data[1 : 1 + size]))
    return (host, struct.unpack("!H", data[1 + size : 3 + size])[0]), data[3 + size :]


class Association:
    def __init__(self, port, local=("127.0.0.1", 0)):
        self.tcp = socket.create_connection(("127.0.0.1", port), WAIT)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(local)
        self.tcp.sendall(b"\5\1\0")
        assert self.tcp.recv(2) == b"\5\0"
        self.tcp.sendall(b"\5\3\0" + address("0.0.0.0", 0))
        reply = self.tcp.recv(300)
        assert reply[:3] == b"\5\0\0", reply
        self.relay = take_address(reply[3:])[0]
        assert self.relay[0] == "127.0.0.1", self.relay

    def raw(self, data, udp=None):
        (udp or self.udp).sendto(data, self.relay)

    def send(self, host, port, data):
        self.raw(b"\0\0\0" + address(host, port) + data)

    def recv(self, wait=WAIT):
        """(host, port), data; None when nothing comes."""
        self.udp.settimeout(wait)
        try:
            data, src = self.udp.recvfrom(65536)
        except (TimeoutError, socket.timeout):
            return None
        assert src == self.relay, src
        assert data[:3] == b"\0\0\0", data[:3]
        return take_address(data[3:])

    def ask(self, host, port, data):
        """Asked again when nothing comes: datagrams may be lost."""
        for _ in range(5):
            self.send(host, port, data)
            answer = self.recv(WAIT / 5)
            if answer is not None:
                return answer
        raise SystemExit(f"no answer from {host} {port} to {len(data)} bytes")


def talk(socks, addr4, addr6, name, port, other, denied):
    port, other, denied = int(port), int(other), int(denied)
    a = Association(int(socks))
    for host, size in [(addr4, 0), (addr4, 1), (addr4, 1200), (addr4, 9000), (addr4, 65497), (addr6, 1200), (name, 700)]:
        data = os.urandom(size)
        src, got = a.ask(host, port, data)
        assert got == data, f"{size} bytes became {len(got)}"
        assert src == (addr4 if host == name else host, port), src
        print(f"{size} bytes to {'IPv6' if host == addr6 else 'a name' if host == name else 'IPv4'}: came back, from where they went")
    seen = {a.ask(h, p, b"who")[1].split()[1] for h, p in [(addr4, port), (addr4, other), (name, port), (addr6, port)]}
    assert len(seen) == 1, seen
    print("one port of the server for four destinations")
    src, got = a.ask(addr4, port, b"other %d" % other)
    assert src == (addr4, other), src
    print("an answer from another port of the same host is let in")

    a.raw(b"\0\0\1" + address(addr4, port) + b"fragment")
    a.raw(b"\0\0")
    a.raw(b"\0\0\0\2" + address(addr4, port)[1:] + b"no such kind")
    a.send(addr4, 0, b"no port")
    a.send("nobody.invalid", port, b"no such name")
    a.send(addr4, denied, b"denied")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        a.raw(b"\0\0\0" + address(addr4, port) + b"another socket", second)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", a.udp.getsockname()[1]))
        a.raw(b"\0\0\0" + address(addr4, port) + b"another host", stranger)
    src, got = a.ask(addr4, port, b"still")
    assert got == b"still", got
    print("fragments, what is malformed, another socket, another host, a denied port: nothing comes back")
    print("server's port", seen.pop().decode())
    print("waiting for a stranger", flush=True)
    sys.stdin.readline()
    src, got = a.ask(addr4, port, b"after the stranger")
    assert got == b"after the stranger", got
    print("what a stranger sends to the server's port is not let in")

    a.tcp.close()
    for _ in range(200):
        a.send(addr4, port, b"after the end")
        a.udp.settimeout(0.05)
        try:
            a.udp.recvfrom(65536)
        except ConnectionRefusedError:
            break
        except (TimeoutError, socket.timeout):
            pass
        a.udp.close()
        a.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        a.udp.connect(a.relay)
    else:
        raise SystemExit("the port outlives the connection")
    print("the port ends with its connection")


def names(socks, name, port):
    import socks as pysocks  # the package, not the argument

    s = pysocks.socksocket(socket.AF_INET, socket.SOCK_DGRAM)
    s.set_proxy(pysocks.SOCKS5, "127.0.0.1", int(socks), rdns=True)
    s.settimeout(WAIT)
    s.sendto(b"by name", (name, int(port)))
    got, src = s.recvfrom(2000)
    assert got == b"by name", got
    print("PySocks, to a name: came back from", src[1])


def many(socks, addr, port, n):
    all_of_them = [Association(int(socks)) for _ in range(int(n))]
    for i, a in enumerate(all_of_them):
        a.send(addr, int(port), b"number %d" % i)
    for i, a in enumerate(all_of_them):
        got = a.recv(WAIT / 4) or a.ask(addr, int(port), b"number %d" % i)
        assert got[1] == b"number %d" % i, got
    print(f"{n} associations at once: each got its own")


def dns(port):
    question = b"\4host\0" + struct.pack("!HH", 1, 1)

    def head(number, flags, n):
        return struct.pack("!6H", number, flags, n, 0, 0, 0)

    last = head(0x1234, 0x0100, 0)

    def ask(query, tcp):
        """The first answer to the query and to one behind it that is always answered."""
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as s:
            s.settimeout(WAIT)
            s.connect(("127.0.0.1", int(port)))
            for q in (query, last):
                s.sendall(struct.pack("!H", len(q)) + q if tcp else q)
            return s.recv(14)[2:] if tcp else s.recv(4096)

    for tcp in (False, True):
        for what, query, want in [
            ("two questions", head(0xABCD, 0x0100, 2) + question + question, 1),
            ("no question", head(0xABCD, 0x0100, 0), 1),
            ("half a question", head(0xABCD, 0x0100, 1) + b"\4ho", 1),
            ("a pointer for a name", head(0xABCD, 0x0100, 1) + b"\xc0\x0c" + question[-4:], 1),
            ("another opcode", head(0xABCD, 0x2100, 1) + question, 4),
        ]:
            answer = ask(query, tcp)
            assert answer[:2] == b"\xab\xcd" and answer[2] & 0x80 and answer[3] & 15 == want, (what, answer)
        assert ask(head(0xABCD, 0x8100, 1) + question, tcp)[:2] == b"\x12\x34", "an answer was answered"
    assert ask(b"\xab\xcd", False)[:2] == b"\x12\x34", "two bytes were answered"
    print("malformed queries: FORMERR, another opcode: NOTIMP, an answer: nothing")


globals()[sys.argv[1]](*sys.argv[2:])
