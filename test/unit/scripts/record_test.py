#!/usr/bin/env python3
"""Tests of scripts/record: the plan, captures taken apart, warnings.  Captures are written here; no network, no sleeping,
no programs but tm-audit (environment TM_AUDIT; without it the test of the labels is skipped).

  record_test.py ROOT
"""
import asyncio
import contextlib
import csv
import io
import ipaddress
import json
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import types
import unittest
import unittest.mock

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", d) for d in ("recorder", "common")]

import main  # noqa: E402
import pcapfile  # noqa: E402
import plan  # noqa: E402
import report  # noqa: E402
import split  # noqa: E402
import world  # noqa: E402

FIN, SYN, RST, ACK = 1, 2, 4, 16
BEGIN_US = 1763710000000000


def same_draws(a, b):
    return [a.random() for _ in range(5)] == [b.random() for _ in range(5)]


def described(sessions):
    return [(s.name, s.split, s.path.name, s.network, s.n_connections, s.seed) for s in sessions]


class Plan(unittest.TestCase):
    def test_same_seed_same_plan_and_same_draws(self):
        for cls in plan.CLASSES:
            a, b = plan.sessions_of(cls, 3, 40, 400), plan.sessions_of(cls, 3, 40, 400)
            self.assertEqual(described(a), described(b))
            self.assertTrue(all(same_draws(x.rng, y.rng) for x, y in zip(a, b)))

    def test_another_seed_or_class_is_another_plan(self):
        a, b = plan.sessions_of("smtp", 3, 40, 400), plan.sessions_of("smtp", 4, 40, 400)
        c = plan.sessions_of("ssh-bulk", 3, 40, 400)
        halves = [[s.split for s in sorted(x, key=lambda s: s.number)] for x in (a, b, c)]
        self.assertEqual(len({tuple(h) for h in halves}), 3)
        self.assertEqual(len({tuple(s.number for s in x) for x in (a, b, c)}), 3)
        self.assertEqual(len({tuple(s.n_connections for s in x) for x in (a, b, c)}), 3)
        self.assertFalse(same_draws(a[0].rng, [s for s in b if s.number == a[0].number][0].rng))

    def test_prefixes_of_all_sessions_are_disjoint_and_in_the_block_of_their_path(self):
        seen = {plan.visitor_before(p).network for p in plan.PATHS}
        for cls in plan.CLASSES:
            for s in plan.sessions_of(cls, 1, 300, 2400):
                self.assertEqual(s.network.prefixlen, plan.PREFIX_BITS)
                self.assertTrue(s.network.subnet_of(s.path.block), s.name)
                self.assertFalse(s.network in seen, s.name)
                seen.add(s.network)
        self.assertEqual(len(seen), len(plan.PATHS) + 300 * len(plan.CLASSES))
        blocks = [p.block for p in plan.PATHS] + [ipaddress.ip_network("10.9.0.0/16")]
        self.assertFalse(any(a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i]))

    def test_as_many_sessions_as_can_be_asked_for_have_prefixes_of_their_own(self):
        seen = set()
        for cls in plan.CLASSES:
            for session in plan.sessions_of(cls, 1, plan.SESSIONS_MAX, 4000):
                self.assertNotIn(session.network, seen)
                self.assertTrue(session.network.subnet_of(session.path.block))
                seen.add(session.network)

    def test_half_of_the_sessions_is_train(self):
        for n in (2, 7, 60, 260):
            sessions = plan.sessions_of("https-chat", 1, n, 9 * n)
            self.assertEqual(sorted(s.number for s in sessions), list(range(n)))
            halves = {h: [s.path.number for s in sessions if s.split == h] for h in ("train", "heldout")}
            self.assertEqual(len(halves["train"]), n // 2)
            self.assertEqual(len(halves["heldout"]), n - n // 2)

    def test_paths_and_halves_are_drawn_and_not_shared_out(self):
        on_first, trained = [], []
        for seed in range(60):
            first = [s for s in plan.sessions_of("smtp", seed, 260, 2150) if s.path is plan.PATHS[0]]
            on_first.append(len(first))
            trained.append(2 * sum(s.split == "train" for s in first) - len(first))
        self.assertAlmostEqual(statistics.mean(on_first), 260 / 3, delta=4)        # standard error 1
        self.assertAlmostEqual(statistics.pstdev(on_first), 7.6, delta=2.5)        # binomial; 0 for exact shares
        self.assertAlmostEqual(statistics.mean(trained), 0, delta=4)               # standard error 1
        self.assertGreater(statistics.pstdev(trained), 5)                          # 7.6 for halves drawn at random

    def test_what_a_session_drew_once_stays_and_differs_between_sessions(self):
        sessions = plan.sessions_of("ssh-bulk", 1, 260, 2150)
        drawn = [s.always("key", 3) for s in sessions]
        self.assertEqual(drawn, [s.window(1).always("key", 3) for s in sessions])
        self.assertEqual(set(drawn), {0, 1, 2})
        self.assertNotEqual(drawn, [s.always("account", 3) for s in sessions])
        self.assertFalse(drawn == [s.number % 3 for s in sessions])

    def test_halves_and_paths_start_mixed(self):
        sessions = plan.sessions_of("https-chat", 1, 260, 2150)
        for quarter in range(4):
            some = sessions[65 * quarter:65 * (quarter + 1)]
            self.assertGreater(sum(s.split == "train" for s in some), 16)
            self.assertGreater(sum(s.split == "heldout" for s in some), 16)
            self.assertGreater(min(sum(s.path is p for s in some) for p in plan.PATHS), 8)

    def test_sizes_add_up_and_differ(self):
        for cls in plan.CLASSES:
            sizes = [s.n_connections for s in plan.sessions_of(cls, 1, 260, 2150)]
            self.assertGreaterEqual(sum(sizes), 2150)
            self.assertLess(sum(sizes), 1.1 * 2150)
            self.assertGreaterEqual(min(sizes), 2)
            self.assertGreater(max(sizes), 2 * statistics.median(sizes))

    def test_what_one_window_draws_does_not_change_another(self):
        def draws(first):
            s = plan.sessions_of("https-chat", 5, 4, 20)[0]
            windows = [s.window(0), s.window(1)]
            out = {}
            for i in (first, 1 - first):
                s.rng.random()
                out[i] = [windows[i].rng.random() for _ in range(5 + 2 * i)]
            return out
        self.assertEqual(draws(0), draws(1))
        self.assertNotEqual(draws(0)[0], draws(0)[1][:5])

    def test_windows_write_into_one_session(self):
        s = plan.sessions_of("https-chat", 5, 4, 20)[0]
        s.window(0).load()
        s.window(1).load()
        s.window(1).fail(7, "why")
        self.assertEqual((len(s.loads), len(s.failed), s.errors), (2, 1, ["why"]))
        self.assertEqual(s.window(2).name, s.name)

    def test_labels_begin_at_zero_and_name_each_load(self):
        s = plan.sessions_of("smtp", 1, 6, 12)[0]
        who = f"{s.network},smtp,{s.split},{s.path.name},{s.name}"
        self.assertEqual(list(s.labels()), [f"0,{who},0"])
        s.loads = [1000, 2000, 3500]
        self.assertEqual(list(s.labels()), [f"0,{who},0", f"2000,{who},1", f"3500,{who},2"])

    def test_an_action_that_fails_is_remembered_with_its_time_and_address(self):
        async def answers(value):
            return value
        s = plan.sessions_of("smtp", 1, 6, 12)[0]
        times = iter(range(100, 200, 10))
        with unittest.mock.patch.object(plan, "now_us", lambda: next(times)):
            self.assertTrue(asyncio.run(s.action(answers(True), "good")))
            self.assertFalse(asyncio.run(s.action(answers(False), "bad thing", "10.16.0.1")))
        self.assertEqual((s.loads, s.failed, s.errors), ([100, 110], [(110, 120, "10.16.0.1")], ["bad thing"]))

    def test_pauses_have_their_median_and_cap(self):
        s = plan.sessions_of("smtp", 1, 6, 12)[0]
        pauses = [s.pause(4, 0.8, 25) for _ in range(4000)]
        self.assertAlmostEqual(statistics.median(pauses), 4, delta=0.3)
        self.assertEqual(max(pauses), 25)


def packet(t_us, client, server, port, flags, up=True, payload=0, seq=0, ack=0, server_port=443, proto=6):
    """(time, record) of raw IPv4 with TCP, of which the capture holds at most 96 bytes."""
    ends = [ipaddress.ip_address(x).packed for x in ((client, server) if up else (server, client))]
    ports = (port, server_port) if up else (server_port, port)
    data = struct.pack(">BBHIBBH", 0x45, 0, 40 + payload, 0, 64, proto, 0) + ends[0] + ends[1]
    data += struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0) + bytes(payload)
    return t_us, struct.pack("<IIII", t_us // 1000000, t_us % 1000000, min(96, len(data)), len(data)) + data[:96]


def connection(session, offset, port, start_us, ends=True, rtt_us=20000, down=1200):
    """Packets of a connection of half a second."""
    def p(dt_us, flags, up, **kw):
        return packet(start_us + dt_us, session.path.client, session.addr(offset), port, flags, up, **kw)
    out = [p(0, SYN, True, seq=1000), p(rtt_us, SYN | ACK, False, seq=5000, ack=1001),
           p(rtt_us + 10, ACK, True, seq=1001, ack=5001),
           p(rtt_us + 100, ACK, True, seq=1001, ack=5001, payload=300),
           p(2 * rtt_us + 200, ACK, False, seq=5001, ack=1301, payload=down)]
    if ends:
        out += [p(500000, FIN | ACK, True, seq=1301, ack=5001 + down),
                p(500000 + rtt_us, FIN | ACK, False, seq=5001 + down, ack=1302)]
    return out


def capture(packets, link_type=101, magic=0xA1B2C3D4):
    head = struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 96, link_type)
    return head + b"".join(r for _, r in sorted(packets, key=lambda x: x[0]))


def captured(data):
    """(snap length, link type, [(time, record)]) of a capture."""
    snap, link = struct.unpack_from("<II", data, 16)
    out, at = [], 24
    while at < len(data):
        sec, usec, caplen, _ = struct.unpack_from("<IIII", data, at)
        out.append((sec * 1000000 + usec, data[at:at + 16 + caplen]))
        at += 16 + caplen
    return snap, link, out


class Files(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = directory.name

    def file(self, name, content=None):
        path = os.path.join(self.dir, name)
        if content is not None:
            with open(path, "wb") as f:
                f.write(content)
        return path

    def content(self, name):
        with open(self.file(name), "rb") as f:
            return f.read()


class Recording(Files):
    """Two classes of six sessions each, on every path and in both halves; connections of all overlap in time."""

    def setUp(self):
        super().setUp()
        self.sessions = [s for cls in ("https-chat", "smtp") for s in plan.sessions_of(cls, 1, 6, 12)]
        self.begun = {}  # first packet's time -> session
        self.links = {p.number: [] for p in plan.PATHS}
        for i, s in enumerate(self.sessions):
            for k in range(3):
                self.connect(s, k, 40000 + k, BEGIN_US + 37001 * i + 1000000 * k)
            s.loads = [BEGIN_US + 37001 * i - 5, BEGIN_US + 37001 * i + 999000]

    def connect(self, session, offset, port, start_us, **kw):
        self.begun[start_us] = session
        self.links[session.path.number] += connection(session, offset, port, start_us, **kw)

    def write_links(self, stem="people"):
        return [self.file(f"{stem}.{n}.pcap", capture(p)) for n, p in self.links.items()]

    def split(self):
        """The table, how many packets were of nobody, and name -> records of what was written."""
        paths = self.write_links()
        table, unknown = split.connections(paths, self.sessions)
        sizes = split.write(paths, table, lambda s: self.file(f"{s.cls}.{s.split}.pcap"))
        out = {}
        for name, size in sizes.items():
            data = self.content(name)
            self.assertEqual(len(data), size)
            snap, link, out[os.path.basename(name)] = captured(data)
            self.assertEqual((snap, link), (96, 101))
        return table, unknown, out

    def starts(self, records):
        """Times of the openings among the records."""
        return {t for t, r in records if r[16 + 33] == SYN}

    def test_every_connection_goes_to_the_capture_of_its_class_and_half_in_order(self):
        table, unknown, files = self.split()
        self.assertEqual((len(table), unknown), (36, 0))
        self.assertEqual(sorted(files), ["https-chat.heldout.pcap", "https-chat.train.pcap", "smtp.heldout.pcap",
                                         "smtp.train.pcap"])
        everything = [x for packets in self.links.values() for x in packets]
        for name, records in files.items():
            cls, half, _ = name.split(".")
            mine = [s.network for s in self.sessions if (s.cls, s.split) == (cls, half)]
            wanted = [x for x in everything
                      if any(ipaddress.ip_address(x[1][a:a + 4]) in n for n in mine for a in (28, 32))]
            self.assertEqual(records, sorted(wanted, key=lambda x: x[0]))
            self.assertEqual(self.starts(records), {t for t, s in self.begun.items() if (s.cls, s.split) == (cls, half)})

    def test_the_connections_are_measured(self):
        s = self.sessions[0]
        self.connect(s, 9, 50000, BEGIN_US + 77, rtt_us=33000, down=777)
        self.connect(s, 9, 50001, BEGIN_US + 88, ends=False)
        table, _, _ = self.split()
        c = {c.first_us: c for c in table.values()}[BEGIN_US + 77]
        self.assertIs(c.session, s)
        self.assertEqual((c.synack_us - c.first_us, c.bytes, c.packets, c.last_us), (
            33000, [300, 777], 7, BEGIN_US + 77 + 533000))
        self.assertTrue(c.complete())
        self.assertFalse({c.first_us: c for c in table.values()}[BEGIN_US + 88].complete())

    def test_a_reset_ends_a_connection_and_payload_one_way_does_not_complete_it(self):
        s = self.sessions[0]
        self.connect(s, 9, 50001, BEGIN_US + 88, ends=False)
        self.links[s.path.number].append(packet(BEGIN_US + 600000, s.path.client, s.addr(9), 50001, RST))
        self.connect(s, 9, 50002, BEGIN_US + 99, down=0)
        table, _, _ = self.split()
        done = {c.first_us: c.complete() for c in table.values()}
        self.assertEqual((done[BEGIN_US + 88], done[BEGIN_US + 99]), (True, False))

    def test_connections_begun_during_a_failed_action_are_dropped_and_counted(self):
        s, other = self.sessions[0], self.sessions[7]
        self.assertEqual((s.cls, other.cls), ("https-chat", "smtp"))
        s.errors = ["page http"]
        s.failed = [(BEGIN_US + 999999, BEGIN_US + 1000001, None)]
        self.connect(other, 3, 50009, BEGIN_US + 37001 * 7 + 3)
        other.failed = [(BEGIN_US + 37001 * 7, BEGIN_US + 37001 * 7 + 9, other.addr(3))]
        table, _, files = self.split()
        lost = {BEGIN_US + 1000000, BEGIN_US + 37001 * 7 + 3}
        self.assertEqual({c.first_us for c in table.values() if c.dropped}, lost)
        self.assertEqual(set().union(*map(self.starts, files.values())), set(self.begun) - lost)
        self.assertEqual(sum(map(len, files.values())), 7 * 35)
        chats = [x for x in self.sessions if x.cls == "https-chat"]
        told = report.describe_class("https-chat", chats, table)
        self.assertEqual((told["dropped_connections"], told["failed_actions"], told["failures"]), (1, 1, {"page": 1}))
        self.assertEqual(sum(h["complete"] for h in told["splits"].values()), 17)

    def test_packets_of_nobody_are_counted_and_left_out(self):
        s = self.sessions[0]
        nobody = plan.visitor_before(s.path)
        self.links[s.path.number] += connection(nobody, 0, 40000, BEGIN_US)
        table, unknown, files = self.split()
        self.assertEqual((len(table), unknown), (36, 7))
        self.assertEqual(sum(map(len, files.values())), 7 * 36)

    def test_a_cut_last_packet_and_what_is_not_tcp_are_passed_over(self):
        s = self.sessions[0]
        whole = sorted(connection(s, 0, 40000, BEGIN_US))
        other = packet(BEGIN_US + 5, s.path.client, s.addr(0), 40000, 0, proto=17)
        n_last = len(whole[-1][1])
        for cut in (1, n_last - 16, n_last - 1, n_last):
            path = self.file("cut.pcap", capture(whole + [other])[:-cut])
            self.assertEqual([r[0][0] for r in split.records(path)], [t for t, _ in whole[:-1]])
        for short in (b"", capture([])[:20], capture([])):
            self.assertEqual(list(split.records(self.file("short.pcap", short))), [])

    def test_late_packets_are_put_in_order(self):
        session = plan.sessions_of("smtp", 1, 6, 12)[0]
        packets = connection(session, 0, 40000, BEGIN_US)
        packets[1], packets[2] = packets[2], packets[1]
        path = self.file("a.pcap", capture([]) + b"".join(r for _, r in packets))
        table, _ = split.connections([path], [session])
        split.write([path], table, lambda s: self.file("out.pcap"))
        with open(self.file("out.pcap"), "rb") as f:
            times = [t for t, _ in captured(f.read())[2]]
        self.assertEqual(times, sorted(t for t, _ in packets))

    def test_a_header_cut_inside_its_options_is_passed_over(self):
        session = plan.sessions_of("smtp", 1, 6, 12)[0]
        t, record = packet(BEGIN_US, session.path.client, session.addr(0), 4, SYN)
        record = bytearray(record)
        record[16] = 0x4F
        self.assertEqual(list(split.records(self.file("a.pcap", capture([(t, bytes(record))])))), [])

    def test_another_kind_of_capture_is_refused(self):
        for data in (capture([], link_type=1), capture([], magic=0xA1B23C4D), capture([], magic=0xD4C3B2A1)):
            with self.assertRaisesRegex(pcapfile.PcapError, "raw IP"):
                list(split.records(self.file("other.pcap", data)))
        self.assertEqual(list(split.records(self.file("other.pcap", capture([], link_type=12)))), [])

    def take_apart(self):
        """What scripts/record does after a group: captures, labels.csv and recording.json in self.dir/out."""
        out = self.file("out")
        args = types.SimpleNamespace(out=out, seed=1, sessions=6, connections=18, resume=False)
        os.makedirs(out)
        self.write_links()
        finished = {c: [s for s in self.sessions if s.cls == c] for c in ("https-chat", "smtp")}
        runner = types.SimpleNamespace(finished=finished)
        with contextlib.redirect_stdout(io.StringIO()), unittest.mock.patch.object(report, "versions", dict):
            state = main.state_dir(args)
            main.take_apart(types.SimpleNamespace(work=self.dir), args, state, "people", runner, Warnings.good_group())
            return args, main.collect(args, state, {})

    def test_a_group_becomes_captures_labels_and_a_description(self):
        args, doc = self.take_apart()
        self.assertEqual(sorted(x for x in os.listdir(args.out) if x[0] != "."), [
            "https-chat.heldout.pcap", "https-chat.train.pcap", "labels.csv", "recording.json", "smtp.heldout.pcap",
            "smtp.train.pcap"])
        self.assertEqual(json.loads(self.content("out/recording.json"))["warnings"], doc["warnings"])
        for cls in ("https-chat", "smtp"):
            for half, told in doc["classes"][cls]["splits"].items():
                size = os.path.getsize(f"{args.out}/{cls}.{half}.pcap")
                self.assertEqual((told["sessions"], told["complete"], told["packets"], told["pcap_bytes"]), (3, 9, 63, size))
        lines = [x for x in self.content("out/labels.csv").decode().splitlines() if x[0] != "#"]
        self.assertEqual(lines[0], "from_us,prefix,class,split,path,session,load")
        self.assertEqual(sorted(lines[1:]), sorted(x for s in self.sessions for x in s.labels()))

    def test_recordings_of_different_plans_are_not_mixed(self):
        args, _ = self.take_apart()
        with self.assertRaisesRegex(world.WorldError, "already holds a recording"):
            main.state_dir(args)
        args.resume = True
        main.state_dir(args)
        args.seed = 2
        with self.assertRaisesRegex(world.WorldError, "begun with"):
            main.state_dir(args)

    @unittest.skipUnless(os.environ.get("TM_AUDIT"), "TM_AUDIT does not name tm-audit")
    def test_the_audit_gives_every_connection_the_session_of_the_plan(self):
        args, _ = self.take_apart()
        for half in ("train", "heldout"):
            done = subprocess.run(
                [os.environ["TM_AUDIT"], "features", "--labels", f"{args.out}/labels.csv", "--split", half,
                 "--groups", "poster", *(f"{args.out}/{cls}.{half}.pcap" for cls in ("https-chat", "smtp"))],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = [(int(r["start_us"]), r["class"], r["session"], int(r["load"]))
                    for r in csv.DictReader(io.StringIO(done.stdout))]
            self.assertEqual(sorted(rows), sorted(
                (t, s.cls, s.name, int(t >= s.loads[1])) for t, s in self.begun.items() if s.split == half))


class Warnings(unittest.TestCase):
    @staticmethod
    def good_group():
        late = {"lateness_p50_us": 80, "lateness_p99_us": 900}
        return {"cpu": {"mean": 0.41, "p95_of_5s": 0.55}, "capture_drops": 0,
                "link_priority": {p.name: "SCHED_FIFO 10" for p in plan.PATHS},
                "emulator": {p.name: {"up": dict(late), "down": dict(late)} for p in plan.PATHS}}

    def setUp(self):
        self.doc = {"groups": {"people": self.good_group()},
                    "classes": {"smtp": self.good_class(), "ssh-bulk": self.good_class()}}

    @staticmethod
    def good_class():
        return {"splits": {"train": {"complete": 50}, "heldout": {"complete": 51}},
                "handshake_ms": {p.name: {"n": 30, "p50": p.rtt_ms()[0], "p99": p.rtt_ms()[1] + 3, "path": p.rtt_ms()}
                                 for p in plan.PATHS}}

    def warned(self, *parts):
        """Exactly one warning, with these parts."""
        warnings = report.warnings(self.doc, 101)
        self.assertEqual(len(warnings), 1, warnings)
        for part in parts:
            self.assertIn(part, warnings[0])

    def test_none_when_all_is_well(self):
        self.assertEqual(report.warnings(self.doc, 101), [])

    def test_a_busy_machine(self):
        self.doc["groups"]["people"]["cpu"]["mean"] = 0.60
        self.assertEqual(report.warnings(self.doc, 101), [])
        self.doc["groups"]["people"]["cpu"]["mean"] = 0.61
        self.warned("people", "61%", "60%")

    def test_a_capture_that_lost_packets(self):
        self.doc["groups"]["people"]["capture_drops"] = 3
        self.warned("people", "lost 3 packets")

    def test_an_emulator_without_priority(self):
        self.doc["groups"]["people"]["link_priority"]["20ms"] = "SCHED_OTHER 0"
        self.warned("20ms", "SCHED_OTHER")

    def test_a_late_emulator(self):
        self.doc["groups"]["people"]["emulator"]["45ms"]["down"]["lateness_p99_us"] = 2001
        self.warned("45ms", "down", "2001 us")

    def test_too_few_connections(self):
        self.doc["classes"]["smtp"]["splits"]["train"]["complete"] = 49
        self.warned("smtp", "100 complete", "101 were wanted")

    def test_slow_handshakes_but_not_of_classes_that_fill_the_queue(self):
        self.doc["classes"]["smtp"]["handshake_ms"]["20ms"]["p99"] = 22 + report.RTT_SLACK_MS
        self.doc["classes"]["ssh-bulk"]["handshake_ms"]["20ms"]["p99"] = 300
        self.assertEqual(report.warnings(self.doc, 101), [])
        self.doc["classes"]["smtp"]["handshake_ms"]["20ms"]["p99"] = 32.1
        self.warned("smtp", "20ms", "32.1 ms", "22 ms")

    def collect(self, facts, skipped=None):
        """recording.json after runs of these classes, each by itself."""
        with tempfile.TemporaryDirectory() as out, unittest.mock.patch.object(report, "versions", dict):
            os.makedirs(f"{out}/.state")
            for cls, f in facts.items():
                report.write(f"{out}/.state/{cls}.json", {"class": self.good_class(), "group": cls, "facts": f})
                open(f"{out}/.state/{cls}.labels", "w", encoding="ascii").close()
            return main.collect(types.SimpleNamespace(out=out, seed=1, sessions=6, connections=12), f"{out}/.state", skipped or {})

    def test_those_of_an_earlier_run_stay_when_another_class_is_recorded(self):
        bad = self.good_group()
        bad["cpu"]["mean"], bad["capture_drops"] = 0.95, 9
        doc = self.collect({"https-chat": bad, "smtp": self.good_group()})
        self.assertEqual([w.split(":")[0] for w in doc["warnings"]], ["https-chat", "https-chat"])
        self.assertFalse(doc["ok"])

    def test_an_emulator_of_which_nothing_is_known(self):
        unknown = self.good_group()
        unknown["emulator"] = {}
        self.assertFalse(self.collect({"smtp": unknown})["ok"])

    def test_classes_that_are_not_there(self):
        self.assertTrue(self.collect({"smtp": self.good_group()})["ok"])
        self.assertFalse(self.collect({})["ok"])
        doc = self.collect({"smtp": self.good_group()}, {"https-browsing": ["chromium"], "smtp": []})
        self.assertEqual(doc["warnings"], ["https-browsing: not recorded, there is no chromium"])

    def test_quantiles(self):
        self.assertEqual([report.quantile(range(100, 0, -1), p) for p in (0, 0.5, 0.99, 1)], [1, 51, 100, 100])
        self.assertIsNone(report.quantile([], 0.5))


if __name__ == "__main__":
    unittest.main()
