"""Capture files as the scripts use them: the classic pcap format with microseconds, raw IP (a TUN device has no link layer), IPv4 and TCP.

A packet is (time in us since 1970, bytes on the wire, captured bytes).
"""
import heapq
import itertools
import struct

MAGIC_US = 0xA1B2C3D4
RAW_LINKS = (12, 14, 101)
SNAP_BYTES = 96
HEAD_BYTES = 24
REORDERED_MAX = 256  # packets
SYN, ACK, FIN, RST = 0x02, 0x10, 0x01, 0x04


class PcapError(Exception):
    """A file that is no capture of this kind; the text says which and why."""


def packets(path):
    """Yields the packets of the file, in either byte order; a last one that is cut is left out."""
    with open(path, "rb") as f:
        head = f.read(HEAD_BYTES)
        if len(head) < HEAD_BYTES:
            raise PcapError(f"{path}: empty or cut capture")
        order = "<" if struct.unpack("<I", head[:4])[0] == MAGIC_US else ">"
        magic, _, _, _, _, _, link = struct.unpack(order + "IHHiIII", head)
        if magic != MAGIC_US or link & 0xFFFF not in RAW_LINKS:
            raise PcapError(f"{path}: not a pcap file of raw IP with microseconds")
        record = struct.Struct(order + "IIII")
        while True:
            h = f.read(16)
            if len(h) < 16:
                return
            s, us, captured_bytes, wire_bytes = record.unpack(h)
            data = f.read(captured_bytes)
            if len(data) < captured_bytes:
                return
            yield s * 1000000 + us, wire_bytes, data


def by_time(unsorted):
    """The packets in order: a capture of one device is out of order by a few microseconds and packets now and then."""
    waiting, number = [], itertools.count()
    for p in unsorted:
        heapq.heappush(waiting, (p[0], next(number), p))
        if len(waiting) > REORDERED_MAX:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def tcp_at(data):
    """Where the TCP header of a raw IPv4 packet begins, or None: it is something else, or cut inside the fixed 20 bytes."""
    if len(data) < 40 or data[0] >> 4 != 4 or data[9] != 6:
        return None
    at = (data[0] & 15) * 4
    return at if at >= 20 and len(data) >= at + 20 else None


class Writer:
    """A capture file on its way; use it in a `with`, or close it."""

    def __init__(self, path):
        self.bytes = HEAD_BYTES
        self._file = open(path, "wb")
        self._file.write(struct.pack("<IHHiIII", MAGIC_US, 2, 4, 0, 0, SNAP_BYTES, 101))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, t_us, wire_bytes, data):
        self._file.write(struct.pack("<IIII", t_us // 1000000, t_us % 1000000, len(data), wire_bytes))
        self._file.write(data)
        self.bytes += 16 + len(data)

    def close(self):
        self._file.close()
