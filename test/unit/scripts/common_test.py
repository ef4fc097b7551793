#!/usr/bin/env python3
"""Tests of scripts/common: capture files and the machine's CPU share.

  common_test.py ROOT
"""
import os
import struct
import sys
import tempfile
import unittest

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "scripts", "common"))

import cpu  # noqa: E402
import pcapfile  # noqa: E402

BEGIN_US = 1763710000000000


def head(order="<", magic=pcapfile.MAGIC_US, link=101):
    return struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 96, link)


def record(t_us, data, order="<", wire_bytes=1500):
    return struct.pack(order + "IIII", t_us // 1000000, t_us % 1000000, len(data), wire_bytes) + data


def tcp_packet(header_words=5, proto=6, version=4, captured_bytes=96):
    """Raw IPv4 with so many words of IP header."""
    data = bytes([version << 4 | header_words]) + bytes(8) + bytes([proto]) + bytes(4 * header_words - 10) + bytes(60)
    return data[:captured_bytes]


class Pcap(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "a.pcap")

    def read(self, content):
        with open(self.path, "wb") as f:
            f.write(content)
        return list(pcapfile.packets(self.path))

    def test_packets_come_in_either_byte_order_and_from_every_raw_link_type(self):
        wanted = [(BEGIN_US + 1, 1500, b"one"), (BEGIN_US + 999999, 1500, b""), (BEGIN_US, 1500, b"late")]
        for order in "<>":
            for link in pcapfile.RAW_LINKS:
                content = head(order, link=link) + b"".join(record(t, d, order) for t, _, d in wanted)
                self.assertEqual(self.read(content), wanted)

    def test_a_capture_cut_anywhere_is_read_up_to_there(self):
        content = head() + b"".join(record(BEGIN_US + i, bytes(40)) for i in range(5))
        for cut in range(pcapfile.HEAD_BYTES, len(content)):
            self.assertEqual(len(self.read(content[:cut])), (cut - pcapfile.HEAD_BYTES) // 56)

    def test_what_is_no_such_capture_is_refused_with_its_name(self):
        for content, why in ((b"", "empty or cut"), (head()[:23], "empty or cut"), (head(link=1), "raw IP"),
                             (head(magic=0xA1B23C4D), "raw IP"), (b"no capture, but long enough to have a head", "raw IP")):
            with self.assertRaisesRegex(pcapfile.PcapError, f"a.pcap: .*{why}"):
                self.read(content)

    def test_what_is_written_is_read_again(self):
        wanted = [(BEGIN_US + i, 40 + i, bytes([i]) * i) for i in range(90)]
        with pcapfile.Writer(self.path) as w:
            for packet in wanted:
                w.write(*packet)
        self.assertEqual(list(pcapfile.packets(self.path)), wanted)
        self.assertEqual(w.bytes, os.path.getsize(self.path))

    def test_late_packets_are_put_in_order_and_equal_times_keep_theirs(self):
        n = 3 * pcapfile.REORDERED_MAX
        packets = [(i // 2, 0, bytes([i % 251])) for i in range(n)]
        late = packets[:]
        late.insert(7 + pcapfile.REORDERED_MAX, late.pop(7))
        self.assertEqual([p[0] for p in pcapfile.by_time(late)], [p[0] for p in packets])
        self.assertEqual(list(pcapfile.by_time(packets)), packets)

    def test_the_tcp_header_is_found_where_the_address_header_ends(self):
        self.assertEqual([pcapfile.tcp_at(tcp_packet(words)) for words in range(5, 16)], [4 * words for words in range(5, 16)])
        for other in (tcp_packet(proto=17), tcp_packet(version=6), tcp_packet(captured_bytes=39), tcp_packet(15, captured_bytes=79), b""):
            self.assertIsNone(pcapfile.tcp_at(other))
        self.assertEqual(pcapfile.tcp_at(tcp_packet(15, captured_bytes=80)), 60)
        self.assertIsNone(pcapfile.tcp_at(bytes([0x44]) + tcp_packet()[1:]))


class Busy(unittest.TestCase):
    def test_recent_share_mean_and_report(self):
        c = cpu.Cpu()
        c.samples = [(float(t), 10 * t if t <= 20 else 200 + 180 * (t - 20), 200 * t) for t in range(31)]
        self.assertAlmostEqual(c.recent(), 0.9)
        self.assertAlmostEqual(c.mean(), 2000 / 6000)
        self.assertEqual(c.report(), {"mean": round(2000 / 6000, 3), "p95_of_5s": 0.9, "seconds": 30.0})
        c.samples = c.samples[:2]
        self.assertAlmostEqual(c.recent(), 0.05)

    def test_the_machine_is_between_idle_and_all_busy(self):
        c = cpu.Cpu()
        c.sample()
        self.assertTrue(0 <= c.mean() <= 1)


if __name__ == "__main__":
    unittest.main()
