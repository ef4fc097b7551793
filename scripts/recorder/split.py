"""Takes captures of all links apart: one pcap a class and split, and what the connections were like.

A connection belongs to the session whose /26 holds the server's address.  Connections of failed actions are left
out.  Complete: SYN, SYN-ACK, payload both ways, and an end (FIN from both sides, or RST).
"""
import heapq
import os
import struct

import pcapfile
from pcapfile import FIN, RST, SYN

CLIENT_MASK = 0xFFFF0000
CLIENT_NET = 0x0A090000  # 10.9.0.0/16


def records(path):
    """(packet, source, destination, ports, flags, payload bytes) of the TCP packets; none of a capture that ended before it began."""
    if os.path.getsize(path) < pcapfile.HEAD_BYTES:
        return
    for packet in pcapfile.packets(path):
        data = packet[2]
        at = pcapfile.tcp_at(data)
        if at is None:
            continue
        source, target = struct.unpack_from(">II", data, 12)
        payload = struct.unpack_from(">H", data, 2)[0] - at - (data[at + 12] >> 4) * 4
        yield packet, source, target, struct.unpack_from(">I", data, at)[0], data[at + 13], payload


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
        for (t, _, _), src, dst, ports, flags, payload in records(path):
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


def write(paths, table, out_path):
    """Second pass: out_path(session) names the file; sorted by time.  Returns file -> size in bytes."""
    files = {}
    try:
        for t_us, wire_bytes, data, session in heapq.merge(*(pcapfile.by_time(_kept(p, table)) for p in paths), key=lambda p: p[0]):
            name = out_path(session)
            if name not in files:
                files[name] = pcapfile.Writer(name)
            files[name].write(t_us, wire_bytes, data)
    finally:
        for f in files.values():
            f.close()
    return {name: f.bytes for name, f in files.items()}


def _kept(path, table):
    """(time in us, bytes on the wire, captured bytes, session) of the packets whose connection is not dropped."""
    for packet, src, dst, ports, _, _ in records(path):
        up = src & CLIENT_MASK == CLIENT_NET
        c = table.get((dst, ports) if up else (src, ports >> 16 | (ports & 0xFFFF) << 16))
        if c is not None and not c.dropped:
            yield *packet, c.session
