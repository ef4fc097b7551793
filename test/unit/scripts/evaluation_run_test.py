#!/usr/bin/env python3
"""Tests of scripts/evaluation: what runs side by side, what is shown of it, and how tm-audit is asked.  No network, no sleeping; tm-audit is
a script of the test.

  evaluation_run_test.py ROOT
"""
import io
import json
import os
import sys
import tempfile
import threading
import unittest
import unittest.mock

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", d) for d in ("evaluation", "common")]

import attacks  # noqa: E402
import cover  # noqa: E402
import covers  # noqa: E402
import crew  # noqa: E402
import recording  # noqa: E402
import sizing  # noqa: E402
import steps  # noqa: E402


class Machine:
    """Its clock and its CPU share, as the test sets them."""

    def __init__(self):
        self.time_s, self.share = 100.0, 0.0

    def gate(self, *names, ready=True):
        gate = crew.Gate(names, lambda: self.share, lambda: self.time_s)
        for name in names if ready else []:
            gate.ready(name)
        return gate


class Beginning(unittest.TestCase):
    def setUp(self):
        self.machine = Machine()

    def test_nothing_begins_before_all_are_ready(self):
        gate = self.machine.gate("a", "b", ready=False)
        gate.ready("a")
        self.assertFalse(gate.begin("a", 5))
        gate.ready("b")
        self.assertTrue(gate.begin("a", 5))

    def test_one_that_failed_holds_nobody_back(self):
        gate = self.machine.gate("a", "b", "c", ready=False)
        gate.ready("b")
        gate.ready("c")
        gate.end("a")
        self.assertTrue(gate.begin("b", 0))
        gate.end("c")
        gate.end("b")
        self.assertEqual((gate.waiting, gate.unready, gate.playing), ([], set(), set()))

    def test_they_begin_in_their_order(self):
        gate = self.machine.gate("a", "b")
        self.assertFalse(gate.begin("b", 0))
        self.assertTrue(gate.begin("a", 0))
        self.assertTrue(gate.begin("b", 0))

    def test_the_next_begins_when_the_one_before_is_as_busy_as_it_gets(self):
        gate = self.machine.gate("a", "b")
        gate.begin("a", 30)
        self.machine.time_s += 29
        self.assertFalse(gate.begin("b", 0))
        self.machine.time_s += 1
        self.assertTrue(gate.begin("b", 0))

    def test_a_busy_machine_begins_nothing_more_but_what_would_be_alone(self):
        gate = self.machine.gate("a", "b")
        self.machine.share = crew.START_BELOW + 0.01
        self.assertTrue(gate.begin("a", 0))
        self.assertFalse(gate.begin("b", 0))
        gate.end("a")
        self.assertTrue(gate.begin("b", 0))

    def test_side_by_side_below_the_limit(self):
        gate = self.machine.gate("a", "b")
        gate.begin("a", 0)
        self.machine.share = crew.START_BELOW - 0.01
        self.assertTrue(gate.begin("b", 0))
        self.assertEqual(gate.playing, {"a", "b"})


class Together(unittest.TestCase):
    def test_results_come_in_order_from_pieces_that_run_at_the_same_time(self):
        barrier = threading.Barrier(3, timeout=10)  # broken unless all three run

        def piece(n):
            barrier.wait()
            return n

        self.assertEqual(crew.Crew().together([lambda n=n: piece(n) for n in range(3)], 3), [0, 1, 2])
        self.assertEqual(crew.Crew().together([]), [])

    def test_the_first_error_is_raised_and_ends_the_others(self):
        c = crew.Crew()
        ended, all_run = [], threading.Barrier(3, timeout=10)

        def waits():
            all_run.wait()
            try:
                crew.Turn(0, "waits", None, c.stop).sleep(60)
            except crew.Ended:
                ended.append(True)
                raise

        def fails():
            all_run.wait()
            raise ValueError("the reason")

        with self.assertRaisesRegex(ValueError, "the reason"):
            c.together([waits, fails, waits], 3)
        self.assertEqual(ended, [True, True])

    def test_a_play_that_fails_ends_those_that_wait_for_their_turn(self):
        def fails(turn):
            raise OSError("no such thing")

        with self.assertRaisesRegex(OSError, "no such thing"):
            crew.Crew().play([crew.Play("a", 9, lambda turn: turn.wait(60) or turn.sleep(60)), crew.Play("b", 8, lambda turn: turn.wait(0)),
                              crew.Play("c", 7, fails)])

    def test_the_longest_begins_first(self):
        begun = []

        def play(turn):
            turn.wait(0)
            begun.append(turn.name)

        with unittest.mock.patch.object(crew.Turn, "sleep", lambda *_: None):
            crew.Crew().play([crew.Play(n, s, play) for n, s in (("short", 1), ("long", 9), ("middle", 5))])
        self.assertEqual(begun, ["long", "middle", "short"])


class Staggered(unittest.TestCase):
    paths = [recording.Path(name, 10, 1, 50, 0) for name in "abc"]

    def test_runs_of_a_path_begin_ten_seconds_apart_and_paths_take_turns(self):
        heavy = sizing.Likeness(1, 1e6, 1, 0, 9)
        runs = sizing.share_out(50, heavy, {}, self.paths, 1)
        self.assertEqual([p.name for p, _ in runs[:3]], ["a", "b", "c"])
        self.assertEqual(sum(n for _, n in runs), 50)
        self.assertAlmostEqual(cover.stagger_of(runs, 90) * 3, cover.STAGGER_S)
        self.assertAlmostEqual(cover.seconds_of(runs, (1, 90, 30)), 120 + cover.stagger_of(runs, 90) * (len(runs) - 1))

    def test_a_short_window_is_shared_by_its_runs(self):
        self.assertEqual(cover.stagger_of([(self.paths[0], 1)] * 4, 8), 2)


class Folder(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = directory.name


class Audit(Folder):
    def attacks(self, script):
        program = os.path.join(self.dir, "audit", "tm-audit")
        os.makedirs(os.path.dirname(program))
        with open(program, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\n" + script)
        os.chmod(program, 0o755)
        return attacks.Attacks(self.dir, threading.Event())

    def test_what_it_prints_is_read_whatever_its_status(self):
        self.assertEqual(self.attacks('echo "{\\"said\\": \\"$*\\"}"; exit 1').audit(["detect", "-q"]), {"said": "detect -q --json"})

    def test_an_error_has_the_program_s_words(self):
        with self.assertRaisesRegex(attacks.AttackError, "tm-audit detect: no such file"):
            self.attacks("echo no such file >&2; exit 1").audit(["detect"])

    def test_conform_is_summed_over_runs(self):
        said = {"offsets": 10, "exact": 9, "carriers": {"judged": 2, "died": 1}, "is_exact": False, "lateness_first_byte": {"p99_us": 7},
                "first_differences": [{"text": "write 3 is early"}, {"text": "write 4 is early"}]}
        got = self.attacks(f"echo '{json.dumps(said)}'").conform("x", [{"dir": "p0"}, {"dir": "p1"}])
        self.assertEqual(got, {"offsets": 20, "exact": 18, "judged": 4, "died": 2, "is_exact": False, "late_p99_us": 7,
                               "first": "p0: write 3 is early"})

    def test_it_is_ended_with_the_crew(self):
        a = self.attacks("exec sleep 600")
        a.stop.set()
        with self.assertRaises(crew.Ended):
            a.audit(["detect"])


class Kept(Folder):
    def covers(self):
        return covers.Covers(self.dir, self.dir, lambda text, keep=False: None)

    def test_a_cover_is_played_when_its_captures_or_their_material_are_kept(self):
        c = self.covers()
        self.assertFalse(c.is_played("smtp", {"seed": 1}))
        steps.once(c.at("smtp", "played"), {"seed": 1}, lambda _: {})
        self.assertTrue(c.is_played("smtp", {"seed": 1}))
        self.assertFalse(c.is_played("smtp", {"seed": 2}))
        steps.once(c.at("ssh", "idle"), {"seed": 1}, lambda _: {})
        self.assertTrue(c.is_played("ssh", {"seed": 1}))

    def test_gathering_happens_once_and_takes_the_captures_of_runs_away(self):
        c, made = self.covers(), []
        runs = [{"dir": "p0", "path": "a"}]

        def play(directory):
            os.makedirs(os.path.join(directory, "p0"))
            with open(os.path.join(directory, "p0", "wire.pcap"), "wb"):
                pass
            return {"model": "smtp", "users": 3, "cpu_share": 0.1, "runs": runs}

        def gather(played, source, work, net):
            made.append((source, work, net))
            return {"connections": 5, "unfinished": 0}

        steps.once(c.at("smtp", "played"), {"seed": 1}, play)
        wire = os.path.join(c.at("smtp", "played"), "p0", "wire.pcap")
        with unittest.mock.patch.object(cover, "gather", gather), unittest.mock.patch.object(c.attacks, "conform", lambda *_: {"exact": 1}):
            first = c.gathered("smtp", {"seed": 1}, 133, True)
            self.assertTrue(os.path.exists(wire))
            self.assertEqual(c.gathered("smtp", {"seed": 1}, 133, False), first)
            self.assertFalse(os.path.exists(wire))
            self.assertEqual(c.gathered("smtp", {"seed": 1}, 133, False), first)
        self.assertEqual(made, [(c.at("smtp", "played"), c.at("smtp", "idle"), 133)])
        self.assertEqual((first["connections"], first["users"], first["conform"]), (5, 3, {"exact": 1}))

    def test_files_with_the_same_content_have_the_same_digest(self):
        for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
            with open(os.path.join(self.dir, name), "wb") as f:
                f.write(content)
        a, b, c = (steps.file_digest(os.path.join(self.dir, name)) for name in "abc")
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)


class Shown(unittest.TestCase):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def test_a_terminal_shows_what_every_thread_does(self):
        out = self.Terminal()
        show = steps.Progress(out)
        show("smtp: 3 of 9 s")
        t = threading.Thread(target=show, args=("ssh: 2 of 9 s",))
        t.start()
        t.join()
        self.assertTrue(out.getvalue().endswith("smtp: 3 of 9 s | ssh: 2 of 9 s"))
        show("smtp: played", keep=True)
        self.assertTrue(out.getvalue().endswith("smtp: played\n[0:00] ssh: 2 of 9 s"))

    def test_a_file_gets_new_subjects_and_what_stays(self):
        out = io.StringIO()
        show = steps.Progress(out)
        for text in ("smtp: 1 of 9 s", "smtp: 2 of 9 s", "ssh: 1 of 9 s", ""):
            show(text)
        show("ssh: played", keep=True)
        self.assertEqual([line.split("] ")[1] for line in out.getvalue().splitlines()], ["smtp: 1 of 9 s", "ssh: 1 of 9 s", "ssh: played"])


if __name__ == "__main__":
    unittest.main()
