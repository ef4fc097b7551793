"""What the evaluation needs to know of a recording (scripts/record): its classes, paths and sessions."""
import csv
import json
import os
from collections import Counter

SPLITS = ("train", "heldout")
PORTS = {"https-browsing": "443", "https-download": "443", "https-chat": "443", "ssh-interactive": "22",
         "ssh-bulk": "22", "smtp": "25,587"}


class RecordingError(Exception):
    """Something is missing; the text says what to do."""


class Path:
    """An emulated path: one-way delay and jitter in ms, rate in Mbit/s (0: no limit), packets in its queue."""

    def __init__(self, name, delay_ms, jitter_ms, rate_mbit, queue_packets):
        self.name, self.delay_ms, self.jitter_ms, self.rate_mbit = name, delay_ms, jitter_ms, rate_mbit
        self.queue_packets = queue_packets

    def options(self):
        """For tm-linkem."""
        o = ["--delay-ms", f"{self.delay_ms:g}", "--jitter-ms", f"{self.jitter_ms:g}"]
        if self.rate_mbit:
            o += ["--rate-mbit", f"{self.rate_mbit:g}"]
        return o + (["--queue-packets", str(self.queue_packets)] if self.queue_packets else [])


class Recording:
    """A directory written by scripts/record."""

    def __init__(self, directory):
        self.directory = directory
        try:
            with open(os.path.join(directory, "recording.json"), encoding="utf-8") as f:
                self.facts = json.load(f)
        except OSError as e:
            raise RecordingError(f"{directory} is no recording ({e.strerror}: recording.json); make one with scripts/record") from e
        except ValueError as e:
            raise RecordingError(f"{directory}/recording.json: {e}") from e
        self.paths = [_path(name, p) for name, p in self.facts.get("paths", {}).items()]
        if not self.paths:
            raise RecordingError(f"{directory}/recording.json names no paths")
        self.labels = os.path.join(directory, "labels.csv")
        self._sessions = _sessions(self.labels)

    def capture(self, cls, split):
        return os.path.join(self.directory, f"{cls}.{split}.pcap")

    def has(self, cls):
        """Are both captures of the class there, with packets in them?"""
        files = [self.capture(cls, s) for s in SPLITS]
        return all(os.path.exists(f) and os.path.getsize(f) > 24 for f in files)

    def sessions(self, cls):
        """{(network of its servers): (session, path, split)} of a class."""
        return {prefix: (session, path, split) for session, path, of, split, prefix in self._sessions if of == cls}

    def sessions_by_path(self, cls, splits=SPLITS):
        """{path name: number of sessions of the class in these splits}, paths without any left out."""
        return dict(Counter(path for _, path, of, split, _ in self._sessions if of == cls and split in splits))


def _path(name, p):
    """A path as recording.json has it."""
    try:
        return Path(name, float(p["delay_ms"]), float(p.get("jitter_ms", 0)), float(p.get("rate_mbit", 0)), int(p.get("queue_packets", 0)))
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise RecordingError(f"recording.json: path {name} wants delay_ms, jitter_ms, rate_mbit and queue_packets ({e})") from e


def _label_rows(path):
    """(session, path, class, split, prefix) of each line."""
    try:
        with open(path, encoding="utf-8") as f:
            for row in csv.DictReader(line for line in f if not line.startswith("#")):
                yield row["session"], row["path"], row["class"], row["split"], row["prefix"]
    except KeyError as e:
        raise RecordingError(f"{path} has no column {e}") from e
    except (OSError, ValueError) as e:
        raise RecordingError(f"{path}: {e}") from e


def _sessions(path):
    return set(_label_rows(path))
