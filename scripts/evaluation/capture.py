"""Captures of the evaluation: merging the paths of a run, choosing whole connections, handshake round trips."""
import heapq

from pcapfile import ACK, FIN, RST, SYN, Writer, packets, tcp_at


def tcp_of(data):
    """(source, destination, flags) with address and port together as 6 bytes each, or None."""
    at = tcp_at(data)
    return (data[12:16] + data[at:at + 2], data[16:20] + data[at + 2:at + 4], data[at + 13]) if at else None


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


def merge(out, sources, before_us, address_of, after_us=0):
    """Writes one capture, sorted by time, of the connections in `sources` that began within `before_us` of their source's first, but not
    within `after_us` of it, and have ended.

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
            if not first_us + after_us <= c.start_us < first_us + before_us:
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
    with Writer(out) as w:
        for packet in heapq.merge(*map(_addressed, sources, chosen), key=lambda p: p[0]):
            w.write(*packet)
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
