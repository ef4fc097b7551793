#!/usr/bin/env python3
"""Tests of scripts/evaluation: captures, sizing, steps and the table.  No network, no programs of ours, no sleeping.

  evaluation_test.py ROOT
"""
import json
import os
import random
import statistics
import struct
import sys
import tempfile
import unittest
from collections import Counter

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", d) for d in ("evaluation", "common")]

import capture  # noqa: E402
import pcapfile  # noqa: E402
import recording  # noqa: E402
import sizing  # noqa: E402
import steps  # noqa: E402
import table  # noqa: E402
import users  # noqa: E402
from world import WorldError  # noqa: E402

SYN, ACK, FIN, RST = pcapfile.SYN, pcapfile.ACK, pcapfile.FIN, pcapfile.RST
CLIENT, SERVER = b"\x0a\x3c\x00\x01", b"\x0a\x3c\x00\x02"


def packet(t_us, port, flags, up=True):
    """One record of a capture: raw IPv4 and TCP without payload."""
    ends = (CLIENT, SERVER) if up else (SERVER, CLIENT)
    ports = (port, 443) if up else (443, port)
    data = b"\x45\0\0\x28\0\0\0\0\x40\x06\0\0" + ends[0] + ends[1]
    data += struct.pack(">HHIIBBHHH", *ports, 0, 0, 0x50, flags, 0, 0, 0)
    return struct.pack("<IIII", t_us // 1000000, t_us % 1000000, len(data), len(data)) + data


def connection(port, start_us, ends=True):
    """The packets of a connection of 1 s whose handshake takes 20 ms."""
    p = [packet(start_us, port, SYN), packet(start_us + 20000, port, SYN | ACK, up=False), packet(start_us + 20010, port, ACK)]
    if ends:
        p += [packet(start_us + 900000, port, FIN | ACK), packet(start_us + 1000000, port, FIN | ACK, up=False)]
    return p


def address_of(i, _):
    """10.200.0.I for connections of source I."""
    return bytes([10, 200, 0, i])


class Files(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def file(self, name, content=None):
        path = os.path.join(self.dir.name, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        return path

    def capture(self, name, packets, link=101):
        return self.file(name, struct.pack("<IHHiIII", pcapfile.MAGIC_US, 2, 4, 0, 0, 96, link) + b"".join(packets))


class Captures(Files):
    def test_only_connections_that_began_in_time_and_ended_are_merged(self):
        a = self.capture("a", connection(1000, 5000000) + connection(1001, 6000000) + connection(1002, 6500000, ends=False)
                         + connection(1003, 9000000))
        b = self.capture("b", connection(2000, 5500000))
        out = self.file("out")
        seen = capture.merge(out, [a, b], 2000000, address_of)
        self.assertEqual((seen["connections"], seen["unfinished"], seen["foreign"], seen["packets"]), (3, 1, 0, 15))
        self.assertEqual(seen["rtt_us"], {"p50": 20000, "p90": 20000, "p99": 20000})
        times = [t for t, _, _ in pcapfile.packets(out)]
        self.assertEqual(times, sorted(times))
        self.assertEqual(len(capture.follow(out)), 3)
        ends = {capture.tcp_of(d)[:2] for _, _, d in pcapfile.packets(out)}
        self.assertEqual(len(ends), 6)  # both ways; the server's address is the session's
        for source, target in ends:
            self.assertIn(CLIENT, (source[:4], target[:4]))
            self.assertTrue({b"\x0a\xc8\x00\x00", b"\x0a\xc8\x00\x01"} & {source[:4], target[:4]})

    def test_connections_of_nobody_are_left_out_and_counted(self):
        path = self.capture("a", connection(1000, 1000000) + connection(1001, 1500000))
        seen = capture.merge(self.file("out"), [path], 2000000, lambda i, c: b"\x0a\x01\x01\x01" if c.port == 1001 else None)
        self.assertEqual((seen["connections"], seen["foreign"], seen["packets"]), (1, 1, 5))

    def test_a_port_that_is_used_again_is_another_connection(self):
        path = self.capture("a", connection(1000, 1000000) + connection(1000, 3000000, ends=False) + connection(1000, 4000000))
        conns = capture.follow(path)  # the second is still open: its SYN again is a retransmission
        self.assertEqual([c.start_us for c in conns], [1000000, 3000000])
        self.assertEqual([c.has_ended for c in conns], [True, True])

    def test_a_handshake_that_was_answered_twice_has_no_round_trip(self):
        packets = connection(1000, 1000000)
        packets.insert(2, packet(1030000, 1000, SYN | ACK, up=False))
        seen = capture.merge(self.file("out"), [self.capture("a", packets)], 1000000, address_of)
        self.assertEqual((seen["connections"], seen["rtt_us"]), (1, {}))

    def test_a_reset_is_an_end(self):
        path = self.capture("a", connection(1000, 1000000, ends=False) + [packet(2000000, 1000, RST)])
        self.assertTrue(capture.follow(path)[0].has_ended)


def auc_of_paths(rng, cover_paths, real_paths, folds=5):
    """Cross-validated AUC of an observer who learns nothing but how often each path is cover's."""
    sides = [rng.sample(s, len(s)) for s in (cover_paths, real_paths)]
    found = []
    for fold in range(folds):
        train = [Counter(p for i, p in enumerate(s) if i % folds != fold) for s in sides]
        score = {p: (train[0][p] + 1) / (train[0][p] + train[1][p] + 2) for p in set(cover_paths + real_paths)}
        scored = [[score[p] for p in s[fold::folds]] for s in sides]
        found.append(statistics.mean((c > r) + (c == r) / 2 for c in scored[0] for r in scored[1]))
    return statistics.mean(found)


class Sizing(unittest.TestCase):
    paths = [recording.Path("a", 10, 1, 50, 0), recording.Path("b", 20, 1, 50, 0)]

    def expected(self, like, users, pace_s, window_s):
        return users * like.rate(pace_s) * window_s

    def test_recorded_connections_are_averaged_and_their_tail_is_waited_for(self):
        table = "#capture\tstart_us\tend_us\tup_bytes\tdown_bytes\n" + "".join(f"1\t0\t{1000000 * (1 + 9 * (i > 95))}\t100\t900\n" for i in range(100))
        like = sizing.recorded_of(table, "x.pcap", "25")
        self.assertEqual((round(like.mean_s, 6), like.mean_bytes, like.tail_s), (1.36, 1000, 17))
        long = sizing.recorded_of(table.replace("10000000", "990000000"), "x.pcap", "25")
        self.assertEqual(long.tail_s, sizing.TAIL_MAX_S)
        with self.assertRaisesRegex(WorldError, "x.pcap has no connections on port 25"):
            sizing.recorded_of(table.splitlines()[0], "x.pcap", "25")

    def test_a_swing_model_is_like_its_means_and_another_one_like_what_was_recorded(self):
        means = {"num_conn": 3, "inter_conn_us": 500000, "req_think_us": 100000, "server_think_us": 50000, "num_pairs": 4, "close_think_us": 10000,
                 "req_bytes": 200, "rsp_bytes": 800}
        shown = {"kind": "swing", "parameters": [{"name": k, "mean": v} for k, v in means.items()]}
        recorded = sizing.Recorded(7, 12345, 30)
        like = sizing.likeness_of(shown, self.paths, recorded)  # round trips of 31 ms on average
        self.assertEqual([round(v, 6) for v in (like.mean_s, like.mean_bytes, like.conns, like.inter_conn_s, like.tail_s)],
                         [round(4 * 0.181 + 0.062 + 0.01, 6), 4000, 3, 0.5, 30])
        like = sizing.likeness_of({"kind": "joint", "parameters": shown["parameters"][:1]}, self.paths, recorded)
        self.assertEqual((like.mean_s, like.mean_bytes, like.conns, like.inter_conn_s, like.tail_s), (7, 12345, 3, 0, 30))

    def test_enough_users_open_the_wanted_connections(self):
        like = sizing.Likeness(10, 5000, 1, 0, 30)
        plan = sizing.Plan(90, 1200, 100)
        users, pace_s = sizing.users_and_pace(plan, like, self.paths)
        self.assertGreaterEqual(users, 100)
        self.assertAlmostEqual(self.expected(like, users, pace_s, 90), 1200, delta=30)

    def test_large_connections_come_as_fast_as_the_paths_carry_them(self):
        like = sizing.Likeness(2, 4e6, 1, 0, 30)
        plan = sizing.Plan(90, 1200, 100)
        users, pace_s = sizing.users_and_pace(plan, like, self.paths)
        mbit = users * like.rate(pace_s) * like.mean_bytes * 8 / 1e6
        self.assertLessEqual(mbit, 40.5)  # 0.4 of 100
        self.assertEqual(users, 100)
        self.assertGreater(sizing.window_of(plan, like, users, pace_s), 90)

    def test_parallel_connections_stay_below_what_a_session_can_hold(self):
        like = sizing.Likeness(60, 5000, 6, 0.1, 100)
        users, pace_s = sizing.users_and_pace(sizing.Plan(30, 5000, 100), like, self.paths)
        runs = sizing.share_out(users, like, {}, self.paths, 1)
        self.assertGreater(len(runs), 2)
        self.assertLessEqual(len(runs), sizing.RUNS_MAX + 2)
        for _, mine in runs:
            self.assertLessEqual(mine * like.live(pace_s), sizing.LIVE_MAX)

    def test_a_user_s_path_is_drawn_with_the_recorded_sessions_shares(self):
        def counts(seed, sessions, users=90):
            got = {p.name: n for p, n in sizing.users_by_path(users, sessions, self.paths, seed)}
            return got.get("a", 0), got.get("b", 0)

        drawn = [counts(f"{seed}/smtp", {"a": 20, "b": 10})[0] for seed in range(400)]
        self.assertAlmostEqual(statistics.mean(drawn), 60, delta=1)                 # standard error 0.22
        self.assertAlmostEqual(statistics.variance(drawn), 90 * 2 / 9, delta=5)     # binomial: 20, standard error 1.4; exact shares: 0
        self.assertEqual(counts("1/smtp", {"a": 20, "b": 10}), counts("1/smtp", {"a": 20, "b": 10}))
        self.assertTrue(all(sum(counts(seed, {}, 31)) == 31 for seed in range(9)))
        self.assertEqual(counts(1, {"b": 10}), (0, 90))
        self.assertAlmostEqual(statistics.mean(counts(seed, {})[0] for seed in range(400)), 45, delta=1)

    def test_a_learner_of_paths_alone_stands_at_chance(self):
        """As it did not (0.42) when the users were shared out exactly and the real sessions too."""
        paths = [recording.Path(name, 10, 1, 50, 0) for name in "abc"]
        rng = random.Random(1)
        drawn = []
        for seed in range(150):
            sides = [[p.name for p, n in sizing.users_by_path(120, {"a": 1, "b": 1, "c": 1}, paths, f"{seed}/{side}") for _ in range(n)]
                     for side in ("cover", "real")]
            drawn.append(auc_of_paths(rng, *sides))
        exact = [auc_of_paths(rng, list("abc") * 40, list("abc") * 40) for _ in range(150)]
        self.assertAlmostEqual(statistics.mean(drawn), 0.5, delta=0.015)  # standard error 0.0035
        self.assertLess(statistics.mean(exact), 0.45)

    def test_the_users_of_a_path_are_in_as_many_runs_as_they_need(self):
        def shared(users, like):
            return [n for _, n in sizing.share_out(users, like, {"a": 1}, self.paths, 1)]

        light, live, heavy = sizing.Likeness(1, 1000, 1, 0, 9), sizing.Likeness(9, 1000, 9, 0, 9), sizing.Likeness(1, 1e6, 1, 0, 9)
        self.assertEqual(shared(90, light), [90])
        self.assertEqual(sizing.users_of_a_run(live), 14)
        self.assertEqual(shared(42, live), [14] * 3)
        self.assertEqual(shared(31, live), [11, 10, 10])
        self.assertEqual(shared(15, heavy), [5] * 3)  # 6.25 of 1 MB a second
        self.assertEqual(len(shared(500, heavy)), sizing.RUNS_MAX)
        on_both = sizing.share_out(90, light, {"a": 20, "b": 10}, self.paths, 7)
        self.assertEqual(on_both, sizing.users_by_path(90, {"a": 20, "b": 10}, self.paths, 7))


class WhoseConnections(Files):
    log = "\n".join(json.dumps(line) for line in (
        {"t": "session", "wall_minus_mono_us": 1000000000}, {"t": "open", "c": 0, "user": 7}, {"t": "open", "c": 1, "user": 3},
        {"t": "up", "c": 0, "at": 500, "local": "10.60.0.1:1000"}, {"t": "up", "c": 1, "at": 90000000, "local": "10.60.0.1:1000"},
        {"t": "open", "c": 2, "user": 7}, {"t": "up", "c": 2, "at": 600, "local": "[fd00::1]:1001"})) + "\n{\"t\":\"wri"

    def test_a_connection_is_its_user_s_by_port_and_time(self):
        u = users.Users(self.file("log", self.log.encode()))
        self.assertEqual([u.of(1000, 1000000100), u.of(1000, 1090000100), u.of(1001, 1000000000), u.of(1002, 1000000000)], [7, 3, 7, None])

    def test_users_get_addresses_and_labels(self):
        path = self.file("log", self.log.encode())
        s = users.Sessions(200, "smtp", [path, path], ["a", "b"])
        got = [s.address_of(i, capture.Connection(port, at, 0)) for i, port, at in
               ((0, 1000, 1000000100), (0, 1001, 1000000100), (1, 1000, 1000000100), (0, 1000, 1090000000), (0, 9, 0))]
        self.assertEqual(got, [bytes([10, 200, 0, 0]), bytes([10, 200, 0, 0]), bytes([10, 200, 0, 1]), bytes([10, 200, 0, 2]), None])
        self.assertEqual(s.labels(), users.HEAD + "0,10.200.0.0/32,smtp,cover,a,smtp-run-0-user-7,0\n"
                         "0,10.200.0.1/32,smtp,cover,b,smtp-run-1-user-7,0\n0,10.200.0.2/32,smtp,cover,a,smtp-run-0-user-3,0\n")


class Steps(Files):
    def test_a_finished_step_is_not_made_again_until_its_key_changes(self):
        made = []
        where = self.file("step")

        def make(directory):
            made.append(directory)
            return {"n": len(made)}

        self.assertEqual(steps.once(where, {"seed": 1}, make)["n"], 1)
        self.assertEqual(steps.once(where, {"seed": 1}, make)["n"], 1)
        self.assertEqual(steps.once(where, {"seed": 2}, make)["n"], 2)
        self.assertEqual(made, [where, where])

    def test_a_step_that_failed_is_made_again_from_nothing(self):
        where = self.file("step")

        def fails(directory):
            with open(os.path.join(directory, "half"), "w", encoding="ascii") as f:
                f.write("x")
            raise ValueError

        with self.assertRaises(ValueError):
            steps.once(where, {}, fails)
        steps.once(where, {}, lambda d: {"left": os.listdir(d)})
        self.assertEqual(steps.once(where, {}, fails)["left"], [])


class Recordings(Files):
    def recording(self, facts, labels="from_us,prefix,class,split,path,session,load\n"):
        self.file("recording.json", json.dumps(facts).encode())
        self.file("labels.csv", labels.encode())
        return recording.Recording(self.dir.name)

    def test_sessions_are_counted_by_path(self):
        labels = ("# who\nfrom_us,prefix,class,split,path,session,load\n0,10.1.0.0/26,smtp,train,a,smtp-1,0\n"
                  "5,10.1.0.0/26,smtp,train,a,smtp-1,1\n0,10.1.0.64/26,smtp,heldout,b,smtp-2,0\n0,10.1.0.128/26,ssh-bulk,train,b,x-1,0\n")
        r = self.recording({"paths": {"a": {"delay_ms": 10}, "b": {"delay_ms": 20, "rate_mbit": 5, "queue_packets": 9}}}, labels)
        self.assertEqual(r.sessions_by_path("smtp"), {"a": 1, "b": 1})
        self.assertEqual(r.sessions_by_path("smtp", ["heldout"]), {"b": 1})
        self.assertEqual(r.paths[1].options(), ["--delay-ms", "20", "--jitter-ms", "0", "--rate-mbit", "5", "--queue-packets", "9"])
        self.assertFalse(r.has("smtp"))

    def test_what_is_no_recording_is_refused_with_the_reason(self):
        with self.assertRaisesRegex(recording.RecordingError, "scripts/record"):
            recording.Recording(self.dir.name)
        with self.assertRaisesRegex(recording.RecordingError, "names no paths"):
            self.recording({})
        with self.assertRaisesRegex(recording.RecordingError, "path a wants"):
            self.recording({"paths": {"a": {}}})
        with self.assertRaisesRegex(recording.RecordingError, "no column 'session'"):
            self.recording({"paths": {"a": {"delay_ms": 1}}}, "from_us,prefix\n0,10.0.0.0/26\n")


class Document(Files):
    def test_the_table_replaces_what_stands_between_the_marks(self):
        def document(mine, other):
            return "".join(f"head\n<!-- begin: written by scripts/{w} -->\n{text}\n<!-- end: written by scripts/{w} -->\ntail\n"
                           for w, text in (("evaluate", mine), ("other", other)))

        path = self.file("doc.md", document("old", "old").encode())
        table.insert(path, "new\n")
        with open(path, encoding="utf-8") as f:
            self.assertEqual(f.read(), document("new", "old"))
        table.insert(path, "newer\n", "scripts/other")
        with open(path, encoding="utf-8") as f:
            self.assertEqual(f.read(), document("new", "newer"))

    def test_a_document_without_marks_is_left_alone(self):
        path = self.file("doc.md", b"head\n")
        with self.assertRaises(OSError):
            table.insert(path, "new\n")
        with open(path, encoding="utf-8") as f:
            self.assertEqual(f.read(), "head\n")


if __name__ == "__main__":
    unittest.main()
