#!/usr/bin/env python3
"""Golden vectors of the generators: model x seed -> exact openings and writes.

Written from models/gen.h and RFC 8439 alone, with its own ChaCha20, so that it checks the C code rather than
repeating it.  Running it rewrites gen_*.csv beside it; test/unit/models/gen_test.c replays them.

    model,KIND,NAME            param,NAME,VALUE,CUM      constant,SIZE_BYTES,INTERVAL_US,N_EXCHANGES
    digest,HEX                 gen,SEED,N_USERS,PACE_US
    open,USER,INDEX,SESSION,RRE,REF,GAP_US               in the order of one user's openings
    write,USER,INDEX,I,SIZE,GAP_US,DIR,REF_BACK          close,USER,INDEX,N_WRITES,CLOSE_GAP_US
"""
import bisect
import hashlib
import pathlib
import struct

M32 = 0xFFFFFFFF
USER, SESSION, RRE, CONN = 1, 2, 3, 4
ORIGIN, PREV, ENDED = 0, 1, 2
UP, DOWN = 0, 1
GAP_MAX = 4_000_000_000
PARAMS = ["num_rre", "inter_rre_us", "num_conn", "inter_conn_us", "num_pairs", "req_bytes", "rsp_bytes",
          "req_think_us", "server_think_us", "close_think_us", "inter_session_us"]


def chacha20_block(key, tail):
    """RFC 8439 section 2.3; tail is the four words: counter and nonce."""
    state = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key)) + list(tail)
    x = list(state)

    def quarter(a, b, c, d):
        for p, q, r, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[p] = (x[p] + x[q]) & M32
            v = x[r] ^ x[p]
            x[r] = ((v << turn) | (v >> (32 - turn))) & M32

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & M32 for a, b in zip(x, state)))


# RFC 8439 section 2.3.2
assert chacha20_block(bytes(range(32)), struct.unpack("<4I", bytes.fromhex("01000000000000090000004a00000000"))) \
    == bytes.fromhex("10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
                     "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e")


def child(key, label, index):
    return chacha20_block(key, (0x746D6B64, label, index & M32, index >> 32))[:32]


class Stream:
    def __init__(self, key):
        self.key, self.block, self.left = key, 0, b""

    def u64(self):
        if not self.left:
            self.left = chacha20_block(self.key, (self.block & M32, self.block >> 32, 0, 0))
            self.block += 1
        v, self.left = int.from_bytes(self.left[:8], "little"), self.left[8:]
        return v

    def below(self, n):
        while True:
            v = self.u64()
            if v >= 2**64 % n:
                return v % n


class Swing:
    kind, code = "swing", 1

    def __init__(self, **params):
        self.points = {name: params.get(name, []) for name in PARAMS}

    def canon(self):
        out = b""
        for name in PARAMS:
            pts = self.points[name]
            if pts:
                out += struct.pack(">I", len(name)) + name.encode() + struct.pack(">I", len(pts))
                out += b"".join(struct.pack(">QQ", v, c) for v, c in pts)
        return out

    def rows(self):
        return [("param", name, v, c) for name in PARAMS for v, c in self.points[name]]

    def draw(self, name, stream, if_empty):
        pts = self.points[name]
        if not pts:
            return if_empty
        rank = stream.below(pts[-1][1])
        return pts[bisect.bisect_right([c for _, c in pts], rank)][0]

    def start(self, key, pace):
        stream = Stream(key)
        gap = self.draw("inter_rre_us", stream, 2_000_000)
        return stream.below(pace) if pace and gap > pace else gap

    def openings(self, key, user, pace):
        def cap(gap):
            return min(gap, pace) if pace else gap

        index, session = 0, 0
        while True:
            skey = child(key, SESSION, session)
            s = Stream(skey)
            session_gap = self.draw("inter_session_us", s, 300_000_000) if session else 0
            num_rre = self.draw("num_rre", s, 1)
            if session == 1 and not self.points["inter_session_us"]:
                session_gap = s.below(300_000_000)
            for rre in range(num_rre):
                r = Stream(child(skey, RRE, rre))
                if rre:
                    ref, gap = ENDED, cap(self.draw("inter_rre_us", r, 2_000_000))
                elif session:
                    ref, gap = ENDED, cap(session_gap)
                else:
                    ref, gap = ORIGIN, self.start(key, pace) if user else 0
                for conn in range(self.draw("num_conn", r, 1)):
                    if conn:
                        ref, gap = PREV, self.draw("inter_conn_us", r, 0)
                    yield index, session, rre, ref, gap
                    index += 1
            session += 1

    def plan(self, key, index):
        s = Stream(child(key, CONN, index))
        writes = []
        for pair in range(self.draw("num_pairs", s, 1)):
            think = min(self.draw("req_think_us", s, 0), GAP_MAX) if pair else 0
            writes.append((self.draw("req_bytes", s, 1), think, UP, 1 if pair else 0))
            think = min(self.draw("server_think_us", s, 0), GAP_MAX)
            writes.append((self.draw("rsp_bytes", s, 1), think, DOWN, 1))
        return writes, self.draw("close_think_us", s, 0)


class Constant:
    kind, code = "constant", 2

    def __init__(self, size, interval, exchanges):
        self.size, self.interval, self.exchanges = size, interval, exchanges

    def canon(self):
        return struct.pack(">III", self.size, self.interval, self.exchanges)

    def rows(self):
        return [("constant", self.size, self.interval, self.exchanges)]

    def openings(self, key, user, pace):
        start = Stream(key).below(min(self.interval, pace or self.interval)) if user else 0
        yield 0, 0, 0, ORIGIN, start
        index = 1
        while True:
            yield index, 0, 0, ENDED, 0
            index += 1

    def plan(self, key, index):
        writes = []
        for j in range(self.exchanges):
            writes.append((self.size, self.interval if j else 0, UP, 2 if j else 0))
            writes.append((self.size, 0, DOWN, 1))
        return writes, self.interval


def vectors(name, model, seed_number, n_users, pace, n_open):
    seed = hashlib.sha256(b"trafficmimic seed" + struct.pack(">Q", seed_number)).digest()
    digest = hashlib.sha256(b"trafficmimic model 1\0" + struct.pack(">I", model.code) + model.canon())
    rows = [("model", model.kind, name), *model.rows(), ("digest", digest.hexdigest()),
            ("gen", seed_number, n_users, pace)]
    for user in range(n_users):
        key = child(seed, USER, user)
        for opening, _ in zip(model.openings(key, user, pace), range(n_open)):
            rows.append(("open", user, *opening))
            writes, close = model.plan(key, opening[0])
            rows += [("write", user, opening[0], i, *w) for i, w in enumerate(writes)]
            rows.append(("close", user, opening[0], len(writes), close))
    path = pathlib.Path(__file__).with_name(f"gen_{name}.csv")
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))


BROWSING = dict(
    num_rre=[(1, 5), (2, 9), (4, 12)],
    inter_rre_us=[(2_100_000, 3), (7_340_112, 7), (29_999_999, 8)],
    num_conn=[(1, 10), (2, 14), (6, 17)],
    inter_conn_us=[(0, 2), (1_204, 5), (88_113, 11)],
    num_pairs=[(1, 9), (2, 12), (5, 14)],
    req_bytes=[(36, 3), (517, 40), (1_201, 44), (16_408, 45)],
    rsp_bytes=[(1, 1), (250, 9), (1_448, 30), (14_480, 44), (2_000_003, 45)],
    req_think_us=[(0, 4), (15_000, 9), (4_100_000, 10)],
    server_think_us=[(120, 10), (31_415, 40), (900_001, 45)],
    close_think_us=[(0, 3), (5_000_000, 4)],
    inter_session_us=[(300_000_001, 1), (3_600_000_000, 2)])

vectors("browsing", Swing(**BROWSING), 1, 3, 0, 14)
vectors("browsing-paced", Swing(**BROWSING), 2, 3, 250_000, 14)
# small requests: no room for an embedded plan
vectors("ssh36", Swing(num_pairs=[(1, 1), (2, 3), (12, 4)], req_bytes=[(36, 9), (44, 10)],
                       rsp_bytes=[(36, 7), (1_000, 9)], req_think_us=[(90_000, 3), (210_000, 9)]), 3, 2, 0, 6)
# minutes of silence, and one think beyond what a plan can say
vectors("silent", Swing(num_rre=[(3, 1)], inter_rre_us=[(600_000_000, 1), (2_700_000_000, 3)],
                        num_pairs=[(3, 1)], req_bytes=[(100, 1)], rsp_bytes=[(200, 1)],
                        req_think_us=[(240_000_000, 2), (9_000_000_000, 3)], close_think_us=[(7_200_000_000, 1)],
                        inter_session_us=[(86_400_000_000, 1)]), 4, 2, 0, 8)
# everything optional left out
vectors("bare", Swing(num_pairs=[(1, 1)], req_bytes=[(1, 1)], rsp_bytes=[(1 << 28, 1)]), 5, 2, 0, 3)
vectors("constant", Constant(1448, 500_000, 10), 6, 1, 0, 2)
vectors("constant-users", Constant(23, 40_000, 2), 7, 4, 10_000, 3)
