"""Recorded sessions as schedule files: write by write as captured, on the path where they were, beginning when we like."""
import ipaddress
import json
import math
import os
import random

import sizing
import sources
from recording import PORTS, RecordingError
from world import run

TAIL_S = 8      # what is played takes longer than what was recorded: handshakes, queues
SLOWER = 1.05
SLACK_S = 20    # in which the longest session begins


class Session:
    """One recorded user: its connections as [lines], each from the opening to the close."""

    def __init__(self, name, path):
        self.name, self.path, self.conns = name, path, []

    def seconds(self):
        """From its first opening to its last end, with the pauses that are played."""
        opened = over = 0
        for lines in self.conns:
            how, gap_us = lines[0]["ref"], lines[0]["gap"]
            opened = {"origin": 0, "prev": opened + gap_us, "ended": over + gap_us}[how]
            over = max(over, opened + lines[-1]["at"] - lines[0]["at"])
        return over / 1e6

    def busy_s(self):
        """Of all its connections together."""
        return sum(lines[-1]["at"] - lines[0]["at"] for lines in self.conns) / 1e6

    def n_bytes(self):
        return sum(line["size"] for lines in self.conns for line in lines[1:-1])

    def lines(self, user, first, start_us):
        """For a file in which it is this user, its connections have the numbers from `first` on, and the first opens at start_us."""
        for n, conn in enumerate(self.conns, first):
            for line in conn:
                line = {k: v for k, v in line.items() if k not in ("server", "port", "at")}
                line["c"] = n
                if line["t"] == "open":
                    line["user"] = user
                    if line["ref"] == "origin":
                        line["gap"] = start_us
                yield json.dumps(line, separators=(",", ":")) + "\n"


def sessions(learn, recording, cls, split, pace_s):
    """The Sessions of a class in one half of a recording, and how many connections were left out: those without opening or end."""
    networks = {ipaddress.ip_network(prefix): who for prefix, who in recording.sessions(cls).items()}
    bits = prefix_bits(recording, cls)
    text = run([learn, "replay", "--port", PORTS[cls], "--key", f"pair/{bits}", "--pace", f"{max(1, round(pace_s * 1000))}ms",
                recording.capture(cls, split)])
    return grouped((json.loads(line) for line in text.splitlines()[1:]), networks, bits)


def prefix_bits(recording, cls):
    """Of the network of servers that each session of the class has for itself."""
    bits = {prefix.partition("/")[2] for prefix in recording.sessions(cls)}
    if len(bits) != 1:
        raise RecordingError(f"{cls}: labels.csv must give all its sessions prefixes of one length")
    return int(bits.pop())


def grouped(lines, networks, bits):
    """[Session] of the lines of a schedule file that says with whom its connections were."""
    found = {}
    for line in lines:
        if line["t"] == "open":
            network = ipaddress.ip_network((line["server"], bits), strict=False)
            if network not in networks:
                raise RecordingError(f"labels.csv does not know the server {line['server']}")
            name, path, _ = networks[network]
            conn = []
            found.setdefault(name, Session(name, path)).conns.append(conn)
        conn.append(line)
    return list(found.values())


class Replay:
    """Which sessions play in which run, from when on."""

    def __init__(self, played, paths, window_s, seed):
        """Each session is somewhere in a span of `window_s`, or a longer one when a session is longer or so much would be too much for two
        cores.  As many runs for a path as the number of connections at a time and its rate ask for."""
        mbit = 8 * sum(s.n_bytes() for s in played) / 1e6
        self.span_s = max(window_s, mbit / sizing.TOTAL_MBIT, max(s.seconds() for s in played) + SLACK_S)
        draw = random.Random(seed)
        self.runs = []
        for path in paths:
            mine = [s for s in played if s.path == path.name]
            n = self._runs(mine, path)
            self.runs += [(path, mine[i::n]) for i in range(n) if mine[i::n]]
        self.starts_us = [[round(draw.random() * (self.span_s - s.seconds()) * 1e6) for s in mine] for _, mine in self.runs]

    def _runs(self, mine, path):
        live = sum(s.busy_s() for s in mine) / self.span_s
        mbit = 8 * sum(s.n_bytes() for s in mine) / 1e6 / self.span_s
        return max(1, math.ceil(live / sizing.LIVE_MAX), math.ceil(mbit / (sizing.LINK_SHARE * path.rate_mbit)) if path.rate_mbit else 1)

    def seconds(self):
        """Until all have ended."""
        ends = [start / 1e6 + s.seconds() for (_, mine), starts in zip(self.runs, self.starts_us) for s, start in zip(mine, starts)]
        return max(ends) * SLOWER + TAIL_S

    def write(self, directory, name, prep):
        """The source of a tunnel (sources.py), its files in the directory; and the runs as cover.idle wants them."""
        files = []
        for i, ((_, mine), starts) in enumerate(zip(self.runs, self.starts_us)):
            files.append(os.path.join(directory, f"{i}.jsonl"))
            with open(files[-1], "w", encoding="ascii") as f:
                f.write('{"t":"schedule","v":1,"kind":"replay"}\n')
                first = 0
                for user, (s, start_us) in enumerate(zip(mine, starts)):
                    f.writelines(s.lines(user, first, start_us))
                    first += len(s.conns)
        return sources.Files(name, files, prep), [(path, len(mine)) for path, mine in self.runs]
