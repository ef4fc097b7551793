#!/usr/bin/env python3
"""Tests of scripts/torlab: what counts as sent outside the tunnel, and what the tables say.

  torlab_test.py ROOT
"""
import os
import socket
import sys
import unittest

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "scripts", "torlab"))

import plan  # noqa: E402
import report  # noqa: E402
import wire  # noqa: E402

SYN, ACK = 2, 16
GUARD = "10.77.2.1"


def tcp(src, sport, dst, dport, flags=ACK):
    """Raw IPv4 and TCP without payload, as the capture has them."""
    ip = bytes([0x45]) + bytes(8) + bytes([6]) + bytes(2) + socket.inet_aton(src) + socket.inet_aton(dst)
    return 0, 40, ip + sport.to_bytes(2, "big") + dport.to_bytes(2, "big") + bytes(9) + bytes([flags]) + bytes(6)


def udp(src, dst):
    return 0, 28, bytes([0x45]) + bytes(8) + bytes([17]) + bytes(2) + socket.inet_aton(src) + socket.inet_aton(dst) + bytes(8)


class Counts(unittest.TestCase):
    def other(self, *packets):
        return wire.count(packets)[plan.CARRIED, wire.OTHER]["packets_out"]

    def test_carriers_and_answers_to_relays_are_no_leak(self):
        rows = wire.count([tcp(plan.CARRIED, 40000, plan.SERVER, 443, SYN), tcp(plan.SERVER, 443, plan.CARRIED, 40000, SYN | ACK),
                           tcp(GUARD, 50000, plan.CARRIED, plan.OR_PORT, SYN), tcp(plan.CARRIED, plan.OR_PORT, GUARD, 50000, SYN | ACK)])
        self.assertEqual(rows[plan.CARRIED, wire.TUNNEL], {"connections": 1, "begun_here": 1, "packets_out": 1, "bytes_out": 40, "bytes_in": 40})
        self.assertEqual(rows[plan.CARRIED, wire.RELAYS], {"connections": 1, "begun_here": 0, "packets_out": 1, "bytes_out": 40, "bytes_in": 40})
        self.assertEqual(rows[plan.CARRIED, wire.OTHER]["packets_out"], 0)

    def test_whatever_else_leaves_is_counted(self):
        self.assertEqual(self.other(tcp(plan.CARRIED, 40000, plan.SERVICE, 80, SYN)), 1)
        self.assertEqual(self.other(tcp(plan.CARRIED, 40000, GUARD, plan.OR_PORT, SYN)), 1)
        self.assertEqual(self.other(tcp(plan.CARRIED, 40000, plan.SERVER, 80)), 1)
        self.assertEqual(self.other(udp(plan.CARRIED, plan.SERVICE)), 1)
        self.assertEqual(self.other(udp(plan.CARRIED, plan.SERVER)), 1)
        self.assertEqual(self.other((0, 60, bytes([0x60]) + bytes(59))), 1)

    def test_a_connection_begun_from_the_orport_is_seen(self):
        rows = wire.count([tcp(plan.CARRIED, plan.OR_PORT, GUARD, 50000, SYN)])
        self.assertEqual(rows[plan.CARRIED, wire.RELAYS]["begun_here"], 1)

    def test_the_control_is_counted_apart(self):
        rows = wire.count([tcp(plan.OUTSIDE, 40000, plan.SERVICE, 80, SYN), tcp(plan.OUTSIDE, 40001, GUARD, plan.OR_PORT, SYN)])
        self.assertEqual(rows[plan.OUTSIDE, wire.SERVICE]["begun_here"], 1)
        self.assertEqual(rows[plan.OUTSIDE, wire.TOR]["begun_here"], 1)
        self.assertEqual(rows[plan.CARRIED, wire.OTHER]["packets_out"], 0)


class Report(unittest.TestCase):
    def test_columns_line_up(self):
        self.assertEqual(report.table(["WHAT", "N"], [("one", 1), ("seventeen", 17)]), "WHAT        N\none         1\nseventeen  17")

    def test_sizes(self):
        self.assertEqual([report.size(n) for n in (999, 1000, 300000, 1000000)], ["999 B", "1 kB", "300 kB", "1 MB"])


if __name__ == "__main__":
    unittest.main()
