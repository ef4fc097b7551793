#!/usr/bin/env python3
"""Tests of scripts/fidelity: recorded sessions as schedule files, who plays when, and the table.  No network, no programs of ours.

  fidelity_test.py ROOT
"""
import ipaddress
import json
import os
import sys
import tempfile
import unittest

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", d) for d in ("evaluation", "common")]

import replays  # noqa: E402
import sources  # noqa: E402
import tells  # noqa: E402
from recording import Path, RecordingError  # noqa: E402

NETWORKS = {ipaddress.ip_network("10.1.0.0/26"): ("ann", "near", "train"), ipaddress.ip_network("10.2.0.64/26"): ("bob", "far", "train")}
PATHS = [Path("near", 5, 0, 100, 0), Path("far", 20, 0, 10, 0)]


def conn(number, server, ref, gap, at, end, size=1000):
    return [{"t": "open", "c": number, "user": 0, "ref": ref, "gap": gap, "at": at, "server": server, "port": 443},
            {"t": "data", "c": number, "i": 0, "dir": "up", "size": size, "ref": -1, "gap": 5},
            {"t": "close", "c": number, "gap": 7, "at": end}]


def two_users():
    lines = (conn(0, "10.1.0.3", "origin", 3000000, 3000000, 5000000) + conn(1, "10.1.0.4", "prev", 500000, 3500000, 4000000)
             + conn(2, "10.1.0.3", "ended", 1000000, 9000000, 11000000) + conn(3, "10.2.0.70", "origin", 8000000, 8000000, 9000000, 250000))
    return replays.grouped(lines, NETWORKS, 26)


class Sessions(unittest.TestCase):
    def test_a_sessions_connections_are_those_with_its_network(self):
        ann, bob = two_users()
        self.assertEqual([(s.name, s.path, len(s.conns)) for s in (ann, bob)], [("ann", "near", 3), ("bob", "far", 1)])
        self.assertEqual(bob.n_bytes(), 250000)

    def test_a_server_of_no_session_is_an_error(self):
        with self.assertRaisesRegex(RecordingError, "10.9.9.9"):
            replays.grouped(conn(0, "10.9.9.9", "origin", 0, 0, 1), NETWORKS, 26)

    def test_a_session_lasts_as_it_is_played_with_capped_pauses(self):
        ann, bob = two_users()
        self.assertAlmostEqual(ann.seconds(), 2 + 1 + 2)  # two beside each other, a pause of 1 s where there were 4, one more
        self.assertAlmostEqual(bob.seconds(), 1)
        self.assertAlmostEqual(ann.busy_s(), 2 + 0.5 + 2)

    def test_lines_have_new_numbers_and_a_new_beginning(self):
        lines = [json.loads(text) for text in two_users()[0].lines(4, 10, 777)]
        self.assertEqual([line["c"] for line in lines], [10, 10, 10, 11, 11, 11, 12, 12, 12])
        self.assertEqual(lines[0], {"t": "open", "c": 10, "user": 4, "ref": "origin", "gap": 777})
        self.assertEqual(lines[3], {"t": "open", "c": 11, "user": 4, "ref": "prev", "gap": 500000})
        self.assertEqual(lines[2], {"t": "close", "c": 10, "gap": 7})


class Plans(unittest.TestCase):
    def test_each_session_plays_on_its_path_within_the_span(self):
        plan = replays.Replay(two_users(), PATHS, 20, "1/x")
        self.assertEqual([(p.name, [s.name for s in mine]) for p, mine in plan.runs], [("near", ["ann"]), ("far", ["bob"])])
        self.assertEqual(plan.span_s, 5 + replays.SLACK_S)  # of which the longest session takes 5
        self.assertTrue(all(0 <= us <= 1e6 * (plan.span_s - s.seconds()) for (_, mine), starts in zip(plan.runs, plan.starts_us)
                            for s, us in zip(mine, starts)))
        self.assertEqual(plan.starts_us, replays.Replay(two_users(), PATHS, 20, "1/x").starts_us)
        self.assertNotEqual(plan.starts_us, replays.Replay(two_users(), PATHS, 20, "2/x").starts_us)

    def test_what_would_fill_a_path_plays_on_several_links(self):
        heavy = replays.grouped([line for i in range(6) for line in conn(i, "10.2.0.70", "origin", 0, 0, 1000000, 10000000)], NETWORKS, 26)
        many = [replays.Session(f"u{i}", "far") for i in range(6)]
        for s in many:
            s.conns = heavy[0].conns[:1]
        plan = replays.Replay(many, PATHS, 30, "1/x")  # 480 Mbit in 30 s: 16 Mbit/s, and 0.4 of 10 are for us
        self.assertEqual([len(mine) for _, mine in plan.runs], [2, 2, 1, 1])

    def test_files_can_be_read_again(self):
        with tempfile.TemporaryDirectory() as work:
            source, runs = replays.Replay(two_users(), PATHS, 20, "1/x").write(work, "name", "300us")
            self.assertEqual([(p.name, n) for p, n in runs], [("near", 1), ("far", 1)])
            with open(source.files[0], encoding="ascii") as f:
                lines = [json.loads(text) for text in f]
            self.assertEqual([line["t"] for line in lines], ["schedule"] + 3 * ["open", "data", "close"])
            self.assertIn(source.files[0], source.client(0, 1, 0, 1))
            self.assertEqual(source.server(1), ["--schedule", source.files[1]])


class Models(unittest.TestCase):
    def test_both_are_prepared_alike_where_it_is_asked_for(self):
        self.assertEqual(sources.Model("m", "models.db", prep="300us").client(0, 2, 1, 7)[-2:], ["--prep", "300us"])
        self.assertNotIn("--prep", sources.Model("m", "models.db").client(0, 2, 1, 7))
        self.assertIn("300us", sources.Files("name", ["0.jsonl"], "300us").client(0, 2, 1, 7))


class Table(unittest.TestCase):
    def test_the_goal_is_the_upper_end(self):
        self.assertTrue(tells.is_reached({"high": 0.60}))
        self.assertFalse(tells.is_reached({"high": 0.601}))
        self.assertFalse(tells.is_reached({"high": None}))
        self.assertFalse(tells.is_reached(None))

    def test_a_tell_has_its_share_its_distance_and_its_medians(self):
        detect = {"distributions": [{"name": "s1", "real": [0] * 101, "cover": [5] * 101}]}
        self.assertEqual(tells.tell({"name": "s1", "gain": 0.25, "ks": 0.5}, detect), "s1 (25 %, 0.50, 0 -> 5)")
        self.assertEqual(tells.tell({"name": "s2", "gain": 0.01, "ks": 0.125}, detect), "s2 (1 %, 0.12)")

    def test_names_are_compared_with_the_rate_for_real(self):
        found = {"classes": [{"name": "smtp", "recall": [0.9, 0.8, 1.0]}], "features": {"kept": ["bytes_up"]},
                 "covers": [{"name": "smtp:joint", "poses_as": "smtp", "conns": 5, "sessions": 2, "named": [0.88, 0.8, 0.9]},
                            {"name": "smtp:replay", "poses_as": "smtp", "conns": 5, "sessions": 2, "named": [0.9, 0.8, 0.9]}]}
        lines = tells.name_table(found).splitlines()
        self.assertIn("| 97.8 % | no |", lines[4])
        self.assertIn("| 100.0 % | yes |", lines[5])


unittest.main()
