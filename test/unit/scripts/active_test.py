#!/usr/bin/env python3
"""Tests of scripts/active: patterns, stretched captures, and what the tables say against the claim.

  active_test.py ROOT
"""
import os
import sys
import tempfile
import unittest

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", d) for d in ("active", "evaluation", "common")]

import found  # noqa: E402
import patterns  # noqa: E402
import records  # noqa: E402
from world import WorldError  # noqa: E402

T0 = 1_763_710_000_000_000


class Patterns(unittest.TestCase):
    def test_levels_follow_each_other(self):
        unit = patterns.UNIT_S
        square = [patterns.rate_at("square", 0, (k + 0.5) * unit) for k in range(4)]
        self.assertEqual(square, [2_000_000, 30_000, 2_000_000, 30_000])
        self.assertEqual(patterns.rate_at("square", 1, 0.75 * unit), 30_000)  # a quarter of the period earlier
        self.assertEqual([patterns.rate_at("step", 1, (k + 0.5) * unit) for k in range(4)], [50_000, 300_000, 100_000, 1_000_000])

    def test_phases_are_not_alike(self):
        """No two victims at once have patterns whose correlation is above 0.2."""
        for kind in patterns.RATES:
            rates = [[patterns.rate_at(kind, p, k * patterns.UNIT_S / 8) for k in range(128)] for p in range(patterns.PHASES)]
            for a in range(patterns.PHASES):
                for b in range(a):
                    self.assertLess(correlation(rates[a], rates[b]), 0.2)

    def test_spans_are_as_long_as_the_paper_says(self):
        spans = patterns.spans("7/1", 600)
        self.assertEqual(spans, patterns.spans("7/1", 600))
        self.assertNotEqual(spans, patterns.spans("7/2", 600))
        on = [b - a for a, b in spans[:-1]]
        off = [c[0] - a[1] for a, c in zip(spans, spans[1:])]
        for values, (low, high) in ((on, (2, 5)), (off, (6, 15))):
            self.assertTrue(low - 0.01 <= min(values) and max(values) <= high + 0.01)
        self.assertTrue(all(b <= 600 for _, b in spans))

    def test_timers_need_windows(self):
        self.assertEqual([t[0] for t in patterns.timers_for(59)], ["5-5"])
        self.assertEqual([t[0] for t in patterns.timers_for(60)], ["5-5", "60-15"])


def correlation(a, b):
    n, ma, mb = len(a), sum(a) / len(a), sum(b) / len(b)
    cov = sum((x - ma) * (y - mb) for x, y in zip(a, b)) / n
    return cov / (sum((x - ma) ** 2 for x in a) / n * sum((y - mb) ** 2 for y in b) / n) ** 0.5


class Stretched(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory(prefix="tm-active-test-")
        self.source, self.target = (os.path.join(self.place.name, n) for n in ("a.pcap", "b.pcap"))

    def tearDown(self):
        self.place.cleanup()

    def write(self, packets, link=records.RAW):
        with open(self.source, "wb") as f:
            f.write(records.HEAD.pack(records.MAGIC_US, 2, 4, 0, 0, 96, link))
            for at, data in packets:
                f.write(records.RECORD.pack(at // 1_000_000, at % 1_000_000, len(data), 1500) + data)

    def read(self):
        with open(self.target, "rb") as f:
            f.read(records.HEAD.size)
            out = []
            while h := f.read(records.RECORD.size):
                s, us, kept, size = records.RECORD.unpack(h)
                out.append((s * 1_000_000 + us, f.read(kept), size))
        return out

    def test_times_are_stretched_from_the_beginning_and_in_order(self):
        self.write([(T0 - 10_000, b"a"), (T0 + 100_000, b"b"), (T0 + 99_990, b"c")])
        self.assertEqual(records.stretch(self.source, self.target, T0, 5), 3)
        packets = self.read()
        mine = [(t, d) for t, d, size in packets if size == 1500]
        self.assertEqual(mine, [(T0 - 50_000, b"a"), (T0 + 500_000, b"b"), (T0 + 500_000, b"c")])
        times = [t for t, _, _ in packets]
        self.assertEqual(times, sorted(times))
        ticks = [t for t, d, _ in packets if d == records.CLOCK_IP]
        self.assertEqual(len(ticks), 551)  # a thousand a second, both ends counted
        self.assertEqual({b - a for a, b in zip(ticks, ticks[1:])}, {1000})

    def test_the_clock_has_the_captures_link_layer(self):
        self.write([(T0, b"x" * 60)], records.ETHERNET)
        records.stretch(self.source, self.target, T0, 5)
        self.assertEqual([len(d) for _, d, _ in self.read()], [14 + len(records.CLOCK_IP), 60])

    def test_what_is_no_capture_is_refused(self):
        with open(self.source, "wb") as f:
            f.write(b"no capture, though long enough")
        with self.assertRaises(WorldError):
            records.stretch(self.source, self.target, T0, 5)

    def test_the_clock_is_a_valid_packet(self):
        self.assertEqual(len(records.CLOCK_IP), 28)
        self.assertEqual((records.CLOCK_IP[0], records.CLOCK_IP[9], int.from_bytes(records.CLOCK_IP[2:4], "big")), (0x45, 17, 28))


def said(verdict, rank1=1.0):
    return {"verdict": verdict, "wire": {"attacks": {"pearson": {"rank1": {"value": rank1}}}}}


class Faults(unittest.TestCase):
    def test_the_claim_needs_the_control_and_chance(self):
        good = {"relay": {"netflow": {"square.5-5": said("found")}, "probe": said("found")},
                "constant": {"netflow": {"square.5-5": said("chance")}, "probe": said("chance")},
                "shuffle": {"netflow": {"square.5-5": said("found")}, "probe": None}}
        self.assertEqual(found.faults(good), [])
        for wire, part, verdict in (("relay", "probe", "no-control"), ("constant", "probe", "found"), ("constant", "probe", "control-missed")):
            bad = dict(good, **{wire: dict(good[wire], **{part: said(verdict)})})
            self.assertEqual(len(found.faults(bad)), 1)
        bad = dict(good, relay={"netflow": {"square.5-5": said("found", 0.7)}, "probe": said("found")})
        self.assertEqual(len(found.faults(bad)), 1)
        bad = dict(good, constant={"netflow": {"square.5-5": {"error": "no record"}}, "probe": None})
        self.assertIn("no record", found.faults(bad)[0])


if __name__ == "__main__":
    unittest.main()
