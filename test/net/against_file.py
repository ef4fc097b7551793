#!/usr/bin/env python3
"""against_file.py FILE SERVER_PORT CLIENT_PCAP SERVER_PCAP BEGAN_US - is what was captured what a schedule file says?

Knows neither the programs' logs nor their code: FILE, the packets, and when the run began (microseconds of the wall clock).  FILE has one user.  Every connection must be
there, with exactly its bytes in each direction, and no byte of a write before the write's time: the last byte of the write that
it waits for, at its sender's end, plus the gap.  Openings and closings, the client's and the server's, likewise.  Late is printed and not judged.
"""
import json
import struct
import sys

EARLY_US = 100  # the clocks of two captures on one machine, and tcpdump's stamps


def packets(path):
    """Yields (time in us, source, destination, flags, sequence number, payload length), raw IPv4 alone."""
    with open(path, "rb") as f:
        magic, _, _, _, _, _, link = struct.unpack("<IHHiIII", f.read(24))
        assert magic in (0xA1B2C3D4, 0xA1B23C4D) and link in (12, 101, 228), (hex(magic), link)
        scale = 1 if magic == 0xA1B2C3D4 else 1000
        while head := f.read(16):
            sec, frac, kept, _ = struct.unpack("<IIII", head)
            p = f.read(kept)
            if len(p) < 20 or p[0] >> 4 != 4 or p[9] != 6:
                continue
            at = (p[0] & 15) * 4
            sport, dport, seq = struct.unpack_from("!HHI", p, at)
            length = struct.unpack_from("!H", p, 2)[0] - at - (p[at + 12] >> 4) * 4
            yield (sec * 1_000_000 + frac // scale, (p[12:16], sport), (p[16:20], dport), p[at + 13], seq, length)


class Half:
    """One direction: when each byte was first seen."""

    def __init__(self):
        self.isn = self.syn = self.fin = self.rst = None
        self.runs = []  # (from, to, time), disjoint
        self.ack = None  # of the handshake

    def add(self, t, seq, length):
        start = (seq - self.isn - 1) & 0xFFFFFFFF
        pieces = [(start, start + length)]
        for a, b, _ in self.runs:
            pieces = [(x, y) for p in pieces for x, y in ((p[0], min(p[1], a)), (max(p[0], b), p[1])) if x < y]
        self.runs += [(a, b, t) for a, b in pieces]

    def first(self, a, b):
        """Earliest time of any byte in [a, b)."""
        return min(t for x, y, t in self.runs if x < b and y > a)

    def last(self, b):
        """When all bytes below b had been seen."""
        return max(t for x, y, t in self.runs if x < b)

    def total(self):
        return sum(b - a for a, b, _ in self.runs)


def connections(path, port):
    found, order = {}, []
    for t, src, dst, flags, seq, length in packets(path):
        up = dst[1] == port
        if not up and src[1] != port:
            continue
        key = src if up else dst
        if up and flags & 0x12 == 0x02 and (key not in found or found[key]["up"].isn != seq):
            found[key] = {"up": Half(), "down": Half()}
            order.append(found[key])
        if key not in found:
            continue
        half = found[key]["up" if up else "down"]
        if flags & 0x02:
            half.isn = seq
            half.syn = t if half.syn is None else half.syn
            continue
        if half.ack is None:
            half.ack = t
        if length:
            half.add(t, seq, length)
        if flags & 0x01 and half.fin is None:
            half.fin = t
        if flags & 0x04 and half.rst is None:
            half.rst = t
    return order


def schedule(path):
    conns = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            x = json.loads(line)
            if x["t"] == "open":
                conns.append({"open": x, "writes": []})
            elif x["t"] == "data":
                conns[x["c"]]["writes"].append(x)
            elif x["t"] == "close":
                conns[x["c"]]["close"] = x
    return conns


def check_conn(k, plan, at, late):
    """at: the connection as each side's capture has it."""
    bounds, done = [], {"up": 0, "down": 0}
    for w in plan["writes"]:
        bounds.append((done[w["dir"]], done[w["dir"]] + w["size"]))
        done[w["dir"]] += w["size"]
    for d, n in done.items():
        for side in at.values():
            assert side[d].total() == n, f"connection {k}: {side[d].total()} bytes {d}, the file says {n}"
    for i, w in enumerate(plan["writes"]):
        side = at[w["dir"]]
        if w["ref"] >= 0:
            ref = plan["writes"][w["ref"]]
            event = side[ref["dir"]].last(bounds[w["ref"]][1])
        else:
            event = side["up"].ack
        slip = side[w["dir"]].first(*bounds[i]) - event - w["gap"]
        assert slip >= -EARLY_US, f"connection {k} write {i}: {-slip} us before its time"
        late.append(slip)
    check_close(k, plan, at, bounds, max(at["up"][d].last(n) for d, n in done.items() if n))


def check_close(k, plan, at, bounds, over):
    """over: when the client has sent or received all."""
    close, client, server = plan["close"], at["up"], at["down"]
    is_reset = close.get("how", "fin") == "reset"

    def seen(side, i):
        return side[plan["writes"][i]["dir"]].last(bounds[i][1])

    assert is_reset == (client["up"].fin is None), f"connection {k}: a FIN from the client, or none where it was to be"
    assert is_reset == (client["up"].rst is not None), f"connection {k}: a reset by the client, or none where it was to be"
    assert client["down"].rst is None, f"connection {k}: the server reset it"
    event = over
    if "server_ref" in close:
        slip = server["down"].fin - seen(server, close["server_ref"]) - close["server_gap"]
        assert slip >= -EARLY_US, f"connection {k}: the server closed {-slip} us before its time"
        event = max(over, client["down"].fin)
    else:
        assert is_reset or client["down"].fin >= client["up"].fin, f"connection {k}: the server closed first"
    if close.get("ref", -1) >= 0:
        event = seen(client, close["ref"])
    slip = (client["up"].rst if is_reset else client["up"].fin) - event - close["gap"]
    assert slip >= -EARLY_US, f"connection {k}: closed {-slip} us before its time"
    assert not is_reset or client["up"].rst >= over, f"connection {k}: reset before the last byte"


def ended(conn):
    """When the client has closed and the server too."""
    return conn["up"].rst if conn["up"].fin is None else max(conn["up"].fin, conn["down"].fin)


def main():
    path, port = sys.argv[1], int(sys.argv[2])
    plan = schedule(path)
    views = {"up": connections(sys.argv[3], port), "down": connections(sys.argv[4], port)}
    for v in views.values():
        assert len(v) == len(plan), f"{len(v)} connections, the file has {len(plan)}"
    late, due = [], int(sys.argv[5])
    for k, p in enumerate(plan):
        at = {d: v[k] for d, v in views.items()}
        check_conn(k, p, at, late)
        syn, ref = at["up"]["up"].syn, p["open"]["ref"]
        if ref == "ended":
            due = max(ended(c) for c in views["up"][:k]) + p["open"]["gap"]
        else:  # the planned opening of the one before, not the actual one; of the first, when the run began
            assert ref == ("prev" if k else "origin"), f"connection {k}: its opening waits for {ref}"
            due += p["open"]["gap"]
        assert syn >= due - EARLY_US, f"connection {k} opened {due - syn} us before its time"
    late.sort()
    print(f"{len(plan)} connections, {len(late)} writes: every offset is the file's; departure behind event and gap:",
          f"median {late[len(late) // 2]} us, p99 {late[len(late) * 99 // 100]} us, most {late[-1]} us")


main()
