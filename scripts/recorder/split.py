"""Takes captures of all links apart: one pcap a class and split, and what the connections were like.

A connection belongs to the session whose /26 holds the server's address.  Connections of failed actions are left
out.  Complete: SYN, SYN-ACK, payload both ways, and an end (FIN from both sides, or RST).
"""
import heapq
import itertools
import struct

HEADER = struct.Struct("<IIII")
FIN, SYN, RST, ACK = 1, 2, 4, 16
REORDERED_MAX = 256  # packets
CLIENT_MASK = 0xFFFF0000
CLIENT_NET = 0x0A090000  # 10.9.0.0/16


def records(path):
    """(time in us, record bytes, source, destination, ports, flags, payload bytes) of TCP packets in raw IPv4."""
    with open(path, "rb") as f:
        head = f.read(24)
        if len(head) < 24:
            return
        if struct.unpack("<I", head[:4])[0] != 0xA1B2C3D4 or struct.unpack("<I", head[20:])[0] not in (101, 12):
            raise ValueError(f"{path}: not a little-endian microsecond pcap of raw IP")
        while True:
            h = f.read(16)
            if len(h) < 16:
                return
            sec, usec, caplen, _ = HEADER.unpack(h)
            data = f.read(caplen)
            if len(data) < caplen:
                return
            ihl = (data[0] & 15) * 4 if data else 0
            if caplen < ihl + 20 or ihl < 20 or data[0] >> 4 != 4 or data[9] != 6:
                continue
            src, dst = struct.unpack_from(">II", data, 12)
            ports, flags = struct.unpack_from(">I", data, ihl)[0], data[ihl + 13]
            payload = struct.unpack_from(">H", data, 2)[0] - ihl - (data[ihl + 12] >> 4) * 4
            yield sec * 1000000 + usec, h + data, src, dst, ports, flags, payload


class Connection:
    """What is known of one connection."""
    __slots__ = ("session", "first_us", "synack_us", "last_us", "flags", "fins", "bytes", "packets", "dropped", "server")

    def __init__(self, session, first_us, server):
        self.session, self.first_us, self.server = session, first_us, server
        self.synack_us = self.last_us = 0
        self.flags, self.fins, self.bytes, self.packets = 0, [False, False], [0, 0], 0
        self.dropped = any(a <= first_us <= b and (addr is None or addr == server) for a, b, addr in session.failed_int)

    def complete(self):
        return bool(self.synack_us and self.bytes[0] and self.bytes[1] and (all(self.fins) or self.flags & RST))


def connections(paths, sessions):
    """First pass: (source, destination, ports, number) -> Connection, by session prefix."""
    by_prefix = {int(s.network.network_address) >> 6: s for s in sessions}
    for s in sessions:
        s.failed_int = [(a, b, addr if addr is None else struct.unpack(">I", bytes(map(int, addr.split("."))))[0])
                        for a, b, addr in s.failed]
    table, unknown = {}, 0
    for path in paths:
        for t, _, src, dst, ports, flags, payload in records(path):
            up = src & CLIENT_MASK == CLIENT_NET
            key = (dst, ports) if up else (src, ports >> 16 | (ports & 0xFFFF) << 16)
            c = table.get(key)
            if c is None:
                session = by_prefix.get(key[0] >> 6)
                if session is None:
                    unknown += 1
                    continue
                c = table[key] = Connection(session, t, key[0])
            if not up and flags & SYN and not c.synack_us:
                c.synack_us = t
            if flags & FIN:
                c.fins[not up] = True
            c.flags |= flags
            c.bytes[not up] += payload
            c.packets += 1
            c.last_us = t
    return table, unknown


def sorted_records(path):
    """records(path) by time: a capture of one device is out of order by a few microseconds and packets now and then."""
    waiting, number = [], itertools.count()
    for record in records(path):
        heapq.heappush(waiting, (record[0], next(number), record))
        if len(waiting) > REORDERED_MAX:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def write(paths, table, out_path):
    """Second pass: out_path(session) names the file; sorted by time.  Returns file -> size in bytes."""
    files, sizes = {}, {}
    try:
        for _, record, src, dst, ports, _, _ in heapq.merge(*(sorted_records(p) for p in paths), key=lambda r: r[0]):
            up = src & CLIENT_MASK == CLIENT_NET
            c = table.get((dst, ports) if up else (src, ports >> 16 | (ports & 0xFFFF) << 16))
            if c is None or c.dropped:
                continue
            name = out_path(c.session)
            if name not in files:
                files[name] = open(name, "wb")
                files[name].write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 96, 101))
                sizes[name] = 24
            files[name].write(record)
            sizes[name] += len(record)
    finally:
        for f in files.values():
            f.close()
    return sizes
