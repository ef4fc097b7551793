#!/usr/bin/env python3
"""Tests of scripts/compare-recordings: what several AUCs say together, and the script from two folders to its table, with a tm-audit of the
test's own.

  sameness_test.py ROOT
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

ROOT = sys.argv.pop(1) if len(sys.argv) > 1 else os.getcwd()
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", d) for d in ("evaluation", "common")]

import sameness  # noqa: E402
from sameness import Family, Found  # noqa: E402

SCRIPT = os.path.join(ROOT, "scripts", "compare-recordings")
MARKS = "<!-- begin: written by scripts/compare-recordings -->\n", "<!-- end: written by scripts/compare-recordings -->\n"


def found(auc, half=0.05, name="x"):
    return Found(name, auc, auc - half, auc + half)


class Together(unittest.TestCase):
    def test_p_is_that_of_a_normal_distribution_with_the_interval_s_width_towards_one_half(self):
        self.assertAlmostEqual(found(0.55).p(), 0.05)
        self.assertAlmostEqual(found(0.45).p(), 0.05)
        self.assertAlmostEqual(found(0.5).p(), 1)
        self.assertAlmostEqual(Found("x", 0.6, 0.55, 0.61).p(), found(0.6).p())
        self.assertAlmostEqual(Found("x", 0.4, 0.35, 0.41).p(), found(0.4, 0.01).p())
        self.assertTrue(found(0.9, 0.0).p() != found(0.9, 0.0).p())  # NaN

    def test_simultaneous_intervals_agree_with_bonferroni_s_p(self):
        for auc in (0.4, 0.45, 0.49, 0.5, 0.56, 0.575, 0.58, 0.59, 0.7):
            low, high = found(auc).among(30)
            self.assertEqual(not low <= 0.5 <= high, found(auc).p() < 0.05 / 30, auc)
        low, high = found(0.5).among(30)
        self.assertAlmostEqual((high - low) / 0.1, 3.1440 / 1.9600, places=4)
        self.assertEqual(found(0.99, 0.2).among(30)[1], 1)
        self.assertEqual(tuple(round(v, 9) for v in found(0.5).among(1)), (0.45, 0.55))

    def test_holm_is_as_published_and_keeps_the_order(self):
        self.assertEqual([round(p, 9) for p in sameness.holm([0.01, 0.04, 0.03, 0.005])], [0.03, 0.06, 0.06, 0.02])
        self.assertEqual(sameness.holm([0.9, 0.8]), [1, 1])

    def test_the_chance_of_so_many_misses(self):
        self.assertAlmostEqual(sameness.at_least(0, 30, 0.05), 1)
        self.assertAlmostEqual(sameness.at_least(1, 30, 0.05), 1 - 0.95 ** 30)
        self.assertAlmostEqual(sameness.at_least(2, 2, 0.05), 0.0025)

    def test_families_without_any_difference_are_told_in_one_of_twenty_and_one_difference_is_found(self):
        rng = random.Random(1)

        def family(shift):
            return Family([found(0.5 + rng.gauss(0, 0.02) + shift * (i == 7), 0.02 * 1.96, str(i)) for i in range(30)])

        told = sum(bool(family(0).told()) for _ in range(400))
        self.assertTrue(8 <= told <= 34, told)  # 20 expected, standard deviation 4.4
        for _ in range(20):
            self.assertIn("7", family(0.15).told())

    def test_the_text_counts_misses_and_names_what_holds_together(self):
        text = Family([found(0.5), found(0.56, name="smtp times"), found(0.52)]).text()
        self.assertIn("1 of 3 intervals at 95 % miss 0.5 (0.2 are expected", text)
        self.assertIn("in 14 % of such families", text)
        self.assertIn("mean AUC is 0.527", text)
        self.assertIn("every interval holds 0.5; they reach from 0.439 to 0.621", text)
        self.assertIn("after Holm: 0.056 (smtp times)", text)
        text = Family([found(0.5), found(0.7, name="smtp times"), Found("y", 0.9, 0.9, 0.9)]).text()
        self.assertIn("1 miss it: smtp times", text)
        self.assertIn("1 AUCs without an interval are left out", text)
        self.assertIn("Nothing can be said", Family([]).text())
        text = Family([found(0.9, name=f"n{i}") for i in range(12)]).text()
        self.assertIn("12 miss it: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9 and 2 more;", text)
        self.assertIn("after Holm: below 1e-9 (n0)", text)

    def test_exact_shares_are_noticed(self):
        exact = {"a": 43, "b": 43, "c": 44}
        self.assertTrue(sameness.balanced([exact, exact]))
        for others in ([{"a": 40, "b": 46, "c": 44}], [{"a": 130}], [{"a": 3, "b": 3}], []):
            self.assertFalse(sameness.balanced([exact] * bool(others) + others))


def said(auc=0.51):
    """What tm-audit detect prints, as far as it is read."""
    n = {"connections": 1100, "sessions": 130}
    groups = [{"name": g, "cover": {"auc": auc, "low": auc - 0.05, "high": auc + 0.05}} for g in ("poster", "sizes", "times", "all")]
    return {"verdict": "chance", "groups": groups, "real": {"used": n}, "cover": {"used": n}, "features_told": 0, "features": [{}] * 331,
            "controls": [{"passed": True}, {"passed": False}]}


class Script(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.dir = directory.name
        for name, seed in (("a", 1), ("b", 2)):
            self.recording(name, seed, ["smtp", "ssh-bulk"])
        self.audit(f"echo '{json.dumps(said())}'")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, text, *names):
        os.makedirs(os.path.dirname(self.path(*names)), exist_ok=True)
        with open(self.path(*names), "w", encoding="ascii") as f:
            f.write(text)

    def recording(self, name, seed, classes):
        self.write(json.dumps({"seed": seed, "sessions": 60, "paths": {"x": {"delay_ms": 1}, "y": {"delay_ms": 2}}}), name, "recording.json")
        lines = ["from_us,prefix,class,split,path,session,load"]
        for i, c in enumerate(classes):
            lines += [f"0,10.{seed}.{i}.{n}/32,{c},{'train' if n < 30 else 'heldout'},{'xy'[n % 2 and n < 50]},{c}-{n},0" for n in range(60)]
            for split in ("train", "heldout"):
                self.write(f"{name} {c} {split} and some bytes", name, f"{c}.{split}.pcap")
        self.write("\n".join(lines) + "\n", name, "labels.csv")

    def audit(self, script):
        self.write(f"#!/bin/sh\necho \"$*\" >>{self.path('asked')}\n{script}\n", "build", "audit", "tm-audit")
        os.chmod(self.path("build", "audit", "tm-audit"), 0o755)

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, "-B", SCRIPT, "--build", self.path("build"), "--out", self.path("out"), *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def asked(self):
        with open(self.path("asked"), encoding="ascii") as f:
            return [line.replace(self.dir + "/", "") for line in f]

    def test_each_class_is_compared_inside_both_recordings_and_between_them(self):
        self.write("above\n" + MARKS[0] + "old\n" + MARKS[1] + "below\n", "doc.md")
        done = self.run_script(self.path("a"), self.path("b"), "--document", self.path("doc.md"))
        self.assertEqual((done.returncode, done.stdout.count("| smtp |"), done.stdout.count("| ssh-bulk |")), (0, 3, 3), done.stderr)
        self.assertIn("| first against second | smtp | 1100 / 130 | 1100 / 130 | 0.510 [0.460, 0.560] |", done.stdout)
        self.assertIn("| - | 0.510 [0.460, 0.560] | 0 of 331 | 1 of 2 passed |", done.stdout)
        self.assertEqual(done.stdout.count("- **"), 4)
        self.assertIn("first recording shares its train sessions out", done.stdout)
        self.assertNotIn("its held-out sessions out", done.stdout)
        with open(self.path("doc.md"), encoding="utf-8") as f:
            self.assertEqual(f.read(), "above\n" + MARKS[0] + done.stdout[:-1] + MARKS[1] + "below\n")
        self.assertEqual(sorted(a.split(" --seed 1 ")[1] for a in self.asked())[:2], [
            "--real a/smtp.heldout.pcap --cover a/smtp.train.pcap --json\n",
            "--real a/smtp.train.pcap --real a/smtp.heldout.pcap --cover b/smtp.train.pcap --cover b/smtp.heldout.pcap --json\n"])
        self.assertEqual(len(self.asked()), 6)

    def test_answers_are_kept_until_a_capture_or_the_program_changes(self):
        for _ in range(2):
            self.assertEqual(self.run_script(self.path("a"), "--only", "smtp").returncode, 0)
        self.assertEqual(len(self.asked()), 1)
        self.write("other bytes, and more than a head has", "a", "smtp.train.pcap")
        self.run_script(self.path("a"), "--only", "smtp")
        self.assertEqual(len(self.asked()), 2)
        self.audit(f"echo '{json.dumps(said(0.7))}'")
        self.assertIn("**0.700 [0.650, 0.750]**", self.run_script(self.path("a"), "--only", "smtp").stdout)

    def test_what_cannot_be_compared_is_refused_with_the_reason(self):
        self.recording("small", 3, ["smtp"])
        self.write("no marks\n", "doc.md")
        for words, arguments in (
                ("small/none is no recording", ["small/none"]), ("ssh-bulk: not in", ["a", "small", "--only", "ssh-bulk"]),
                ("both recordings are the same", ["a", "a"]), ("has no lines", ["a", "--document", self.path("doc.md")])):
            done = self.run_script(*(self.path(a) if not a.startswith("-") and "/doc" not in a and a != "ssh-bulk" else a for a in arguments))
            self.assertEqual((done.returncode, done.stdout), (1, ""), arguments)
            self.assertIn(words, done.stderr)
        self.assertEqual(self.run_script(*map(self.path, "abc")).returncode, 2)
        done = self.run_script(self.path("a"), self.path("small"))
        self.assertIn("ssh-bulk: not in", done.stderr)
        self.assertEqual((done.returncode, done.stdout.count("| ssh-bulk |")), (0, 0))

    def test_an_attack_that_fails_ends_it_with_the_program_s_words(self):
        self.audit("echo too few sessions >&2; exit 1")
        done = self.run_script(self.path("a"))
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("compare-recordings: tm-audit detect: too few sessions", done.stderr)


if __name__ == "__main__":
    unittest.main()
