#!/usr/bin/env python3
"""Writes learner.pcap and learner.txt: a capture made from a known model, and that model's samples.

The capture is what a tap sees between clients and servers whose behaviour is written down below: sizes, think times
and round trips are inputs here, so the expected samples come from the script of the traffic and not from reading the
capture back.  Then some dirt that must not change them: retransmissions, reordering, a hole, a keep-alive, VLAN tags, IPv6,
a short snapshot length, connections that must be left out.  Usage: learner.py (writes beside itself)."""
import os
import socket
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
FIN, SYN, RST, ACK = 1, 2, 4, 16
SNAPLEN = 96
packets = []  # (time in us, bytes captured, bytes on the wire)
samples = {}


def sample(name, value):
    samples.setdefault(name, []).append(value)


class Conn:
    """One connection as the tap sees it: `s` and `c` are the round trips tap-server and tap-client in us."""

    def __init__(self, client, server, port, at, s=40000, c=2000, vlan=None, isn=(1000, 5000)):
        self.ends = [(client, port), (server, 443)]
        self.s, self.c, self.vlan = s, c, vlan
        self.next = [isn[0], isn[1]]
        self.start = self.t = at
        self.n_pairs = 0
        self.first = True

    def emit(self, t, side, flags, seq, ack, length):
        src, dst = self.ends[side], self.ends[1 - side]
        tcp = struct.pack("!HHIIBBHHH", src[1], dst[1], seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, 512, 0, 0)
        if ":" in src[0]:
            kind = 0x86DD
            ip = struct.pack("!IHBB", 6 << 28, 20 + length, 6, 64)
            ip += socket.inet_pton(socket.AF_INET6, src[0]) + socket.inet_pton(socket.AF_INET6, dst[0])
        else:
            kind = 0x0800
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + length, 1, 0, 64, 6, 0)
            ip += socket.inet_aton(src[0]) + socket.inet_aton(dst[0])
        eth = bytes(12)
        if self.vlan is not None:
            eth += struct.pack("!HH", 0x8100, self.vlan)
        frame = eth + struct.pack("!H", kind) + ip + tcp
        packets.append((t, (frame + bytes(length))[:SNAPLEN], len(frame) + length))

    def open(self):
        self.emit(self.t, 0, SYN, self.next[0] - 1, 0, 0)
        self.t += self.s
        self.emit(self.t, 1, SYN | ACK, self.next[1] - 1, self.next[0], 0)
        self.t += self.c
        self.emit(self.t, 0, ACK, self.next[0], self.next[1], 0)

    def send(self, side, size, dirt=None):
        """An object in segments of 1400 bytes, 1 ms apart."""
        segments = [(i, min(1400, size - i)) for i in range(0, size, 1400)]
        t0, base = self.t, self.next[side]
        times = [t0 + 1000 * i for i in range(len(segments))]
        for i, (at, length) in enumerate(segments):
            if dirt == "hole" and i == 1:
                continue
            if dirt == "reorder" and i in (1, 2):
                at, length = segments[3 - i]
            self.emit(times[i], side, ACK, base + at, self.next[1 - side], length)
            if dirt == "retransmit" and i == 1:
                self.emit(times[i] + 300, side, ACK, base + at, self.next[1 - side], length)
                self.emit(times[i] + 400, side, ACK, base + 700, self.next[1 - side], 1400)
        self.t = times[-1]
        self.next[side] += size

    def request(self, size, think=None, dirt=None):
        if think is not None:
            self.t += self.c + think
            sample("req_think_us", think)
        self.send(0, size, dirt)
        sample("req_bytes", size)
        self.n_pairs += 1

    def response(self, size, think, dirt=None):
        self.t += self.s + think
        sample("server_think_us", think)
        self.send(1, size, dirt)
        sample("rsp_bytes", size)

    def keep_alive(self, after):
        self.t += after
        self.emit(self.t, 0, ACK, self.next[0] - 1, self.next[1], 1)
        self.emit(self.t + self.s, 1, ACK, self.next[1], self.next[0], 0)
        self.t -= after

    def close(self, think, by_server=False):
        """The last object was a response."""
        side = 1 if by_server else 0
        self.t += think + (0 if by_server else self.c)
        sample("close_think_us", think)
        self.emit(self.t, side, FIN | ACK, self.next[side], self.next[1 - side], 0)
        self.t += self.c if by_server else self.s
        self.emit(self.t, 1 - side, FIN | ACK, self.next[1 - side], self.next[side] + 1, 0)
        self.emit(self.t + (self.s if by_server else self.c), side, ACK, self.next[side] + 1, self.next[1 - side] + 1, 0)
        self.done()

    def reset(self, think):
        self.t += self.c + think
        sample("close_think_us", think)
        self.emit(self.t, 0, RST, self.next[0], 0, 0)
        self.done()

    def done(self):
        sample("num_pairs", self.n_pairs)
        self.end = self.t


def main():
    a, b = "192.0.2.10", "2001:db8::b"
    web, far, web6 = "198.51.100.1", "198.51.100.2", "2001:db8:1::1"
    second = 1000000
    t0 = 1700000000 * second

    # Client A, first session, first RRE: two connections that overlap; another server farther away.
    c1 = Conn(a, web, 40001, t0)
    c1.open()
    c1.request(517)
    c1.response(4100, 12000, "retransmit")
    c1.request(2900, 150000)
    c1.response(9000, 7000, "reorder")
    c1.close(250000)
    c2 = Conn(a, far, 40002, t0 + 300000, s=160000, vlan=7, isn=(0xFFFFFF00, 0xFFFFF000))  # both wrap
    c2.open()
    c2.request(600)
    c2.response(30000, 25000, "hole")
    c2.close(0, by_server=True)
    sample("inter_conn_us", c2.start - c1.start)
    sample("num_conn", 2)
    # Second RRE, 10 s of thinking after the end of both.
    c3 = Conn(a, web, 40003, max(c1.end, c2.end) + 10 * second + 2000)
    sample("inter_rre_us", 10 * second)
    c3.open()
    c3.request(517)
    c3.response(1200, 12000)
    c3.keep_alive(5 * second)
    c3.request(99, 20 * second)
    c3.response(1, 0)
    c3.reset(3000)
    sample("num_conn", 1)
    sample("num_rre", 2)
    # Second session after 400 s of silence; still open at the end of the capture.
    c4 = Conn(a, web, 40004, c3.end + 400 * second)
    sample("inter_session_us", 400 * second)
    c4.open()
    c4.request(700)
    c4.response(5000, 1000)
    c4.request(800, 30000)
    c4.done()
    sample("num_conn", 1)
    sample("num_rre", 1)

    # Client B, IPv6: the server speaks first, which is an empty request of 1 byte.
    c5 = Conn(b, web6, 50001, t0 + 50 * second, s=20000, c=3000)
    c5.open()
    sample("req_bytes", 1)
    c5.n_pairs += 1
    c5.response(80, 9000)
    c5.request(40, 1000)
    c5.response(300, 2000)
    c5.close(500)
    sample("num_conn", 1)
    sample("num_rre", 1)

    # Left out: too few packets; no data; another port; port 443 on the client's side.
    keep = {k: list(v) for k, v in samples.items()}
    few = Conn(a, web, 41000, t0 + 60 * second)
    few.open()
    few.request(10)
    empty = Conn(a, web, 41001, t0 + 61 * second)
    empty.open()
    empty.close(1000)
    for _ in range(3):
        empty.emit(empty.t, 0, ACK, empty.next[0] + 1, empty.next[1] + 1, 0)
    other = Conn(a, web, 41002, t0 + 62 * second)
    other.ends[1] = (web, 80)
    swapped = Conn(a, web, 443, t0 + 63 * second)
    swapped.ends[1] = (web, 9999)
    for c in (other, swapped):
        c.open()
        c.request(200)
        c.response(400, 1000)
        c.close(1000)
    samples.clear()
    samples.update(keep)

    packets.sort(key=lambda p: p[0])
    with open(os.path.join(HERE, "learner.pcap"), "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, 1))
        for t, frame, wire in packets:
            f.write(struct.pack("<IIII", t // second, t % second, len(frame), wire) + frame)
    order = ["num_rre", "inter_rre_us", "num_conn", "inter_conn_us", "num_pairs", "req_bytes", "rsp_bytes",
             "req_think_us", "server_think_us", "close_think_us", "inter_session_us"]
    with open(os.path.join(HERE, "learner.txt"), "w") as f:
        for name in order:
            for value in sorted(set(samples[name])):
                f.write(f"{name} {value} {samples[name].count(value)}\n")


main()
