"""Captures of the evaluation: merging the paths of a run, choosing whole connections, handshake round trips.

Reads and writes the classic pcap format with microseconds and raw IP (link type 101 or 12), which is what tcpdump
takes from a TUN device.  IPv4 and TCP only: the emulated paths carry nothing else.
"""
import heapq
import struct

MAGIC_US = 0xA1B2C3D4
RAW_LINKS = (12, 14, 101)
SYN, ACK, FIN, RST = 0x02, 0x10, 0x01, 0x04


class CaptureError(Exception):
    """A file that is no capture of this kind; the text says which and why."""


def packets(path):
    """Yields (time in us, record header, captured bytes) of each packet of the file."""
    with open(path, "rb") as f:
        head = f.read(24)
        if len(head) < 24:
            raise CaptureError(f"{path}: empty or cut capture")
        order = "<" if struct.unpack("<I", head[:4])[0] == MAGIC_US else ">"
        magic, _, _, _, _, _, link = struct.unpack(order + "IHHiIII", head)
        if magic != MAGIC_US or link & 0xFFFF not in RAW_LINKS:
            raise CaptureError(f"{path}: not a pcap file of raw IP with microseconds")
        record = struct.Struct(order + "IIII")
        while True:
            h = f.read(16)
            if len(h) < 16:
                return
            s, us, caplen, wirelen = record.unpack(h)
            data = f.read(caplen)
            if len(data) < caplen:
                return
            yield s * 1000000 + us, wirelen, data


def tcp_of(data):
    """(source, destination, flags) with address and port together as 6 bytes each, or None."""
    if len(data) < 40 or data[0] >> 4 != 4 or data[9] != 6:
        return None
    at = (data[0] & 15) * 4
    if len(data) < at + 14:
        return None
    return data[12:16] + data[at:at + 2], data[16:20] + data[at + 2:at + 4], data[at + 13]


class Connection:
    """When a connection opened, was answered, and whether it ended."""

    __slots__ = ("port", "start_us", "rtt_us", "fins", "reset", "number", "answers")

    def __init__(self, port, start_us, number):
        self.port, self.start_us, self.number = port, start_us, number
        self.rtt_us = None
        self.fins = set()
        self.reset = False
        self.answers = 0

    @property
    def has_ended(self):
        return self.reset or len(self.fins) == 2


def is_up(live, source, target, flags):
    """From the client?  Its address is the source of the SYN."""
    return (source, target) in live or flags & (SYN | ACK) == SYN


class Flows:
    """Follows connections from their SYN; a SYN after the end opens another one with the same ports."""

    def __init__(self):
        self.live = {}
        self.all = []

    def add(self, t_us, data):
        """The connection that the packet belongs to, or None when its opening was not seen."""
        tcp = tcp_of(data)
        if tcp is None:
            return None
        source, target, flags = tcp
        from_client = is_up(self.live, source, target, flags)
        key = (source, target) if from_client else (target, source)
        conn = self.live.get(key)
        if flags & (SYN | ACK) == SYN and (conn is None or conn.has_ended):
            conn = Connection(int.from_bytes(source[4:], "big"), t_us, len(self.all))
            self.live[key] = conn
            self.all.append(conn)
        if conn is None:
            return None
        self._note(conn, t_us, flags, from_client)
        return conn

    @staticmethod
    def _note(conn, t_us, flags, from_client):
        if flags & (SYN | ACK) == SYN | ACK:
            conn.answers += 1
            if conn.answers == 1:
                conn.rtt_us = t_us - conn.start_us
        if flags & FIN:
            conn.fins.add(from_client)
        conn.reset = conn.reset or bool(flags & RST)


def follow(path):
    """All connections of a capture whose opening it shows."""
    flows = Flows()
    for t_us, _, data in packets(path):
        flows.add(t_us, data)
    return flows.all


def merge(out, sources, before_us, address_of):
    """Writes one capture, sorted by time, of the connections in `sources` that began within `before_us` of their source's first and have
    ended.

    address_of(index of the source, connection) is the server's address that it gets there, 4 bytes, or None: it is left out.
    So the addresses of the result name sessions, as those of a recording do.  Checksums stay as they were.
    Returns {"connections", "unfinished", "foreign", "packets", "rtt_us"}: those written, those that began in time and had no end
    when the capture stopped, those without an address, the packets written, and the handshakes' round trips.
    """
    chosen, counts, rtts = [], {"connections": 0, "unfinished": 0, "foreign": 0, "packets": 0}, []
    for i, path in enumerate(sources):
        conns = follow(path)
        first_us = min((c.start_us for c in conns), default=0)
        mine = {}
        for c in conns:
            if c.start_us >= first_us + before_us:
                continue
            address = address_of(i, c)
            if address is None:
                counts["foreign"] += 1
            elif not c.has_ended:
                counts["unfinished"] += 1
            else:
                mine[c.number] = address
                rtts += [c.rtt_us] if c.answers == 1 else []
        chosen.append(mine)
        counts["connections"] += len(mine)
    with open(out, "wb") as f:
        f.write(struct.pack("<IHHiIII", MAGIC_US, 2, 4, 0, 0, 96, 101))
        for t_us, wirelen, data in heapq.merge(*map(_addressed, sources, chosen), key=lambda p: p[0]):
            f.write(struct.pack("<IIII", t_us // 1000000, t_us % 1000000, len(data), wirelen))
            f.write(data)
            counts["packets"] += 1
    return dict(counts, rtt_us=quantiles(rtts))


def _addressed(path, addresses):
    """The packets of the connections in `addresses` (number: address), with that address for the server's."""
    flows = Flows()
    for t_us, wirelen, data in packets(path):
        conn = flows.add(t_us, data)
        if conn is None or conn.number not in addresses:
            continue
        source, target, flags = tcp_of(data)
        at = 16 if is_up(flows.live, source, target, flags) else 12
        yield t_us, wirelen, data[:at] + addresses[conn.number] + data[at + 4:]


def quantiles(values):
    """{"p50", "p90", "p99"} of a list, empty when it is."""
    v = sorted(values)
    return {f"p{q}": v[min(len(v) - 1, len(v) * q // 100)] for q in (50, 90, 99)} if v else {}
