"""The scenes of the study, and what tm-audit correlate makes of them."""
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from ground import ENTRY_US, RELAY
from world import WorldError

CROWDS = (2, 5, 10, 20, 50, 100)
MANY = 100
FIGURE_9 = ("shuffle:2", "shuffle:4", "shuffle:8")
SPARE = 1.2  # flows for a pair: some have no other carrier at their time


def crowds_for(pairs, crowds, share=1.0):
    """Whole rounds of these crowds, until they have so many flows."""
    rounds = max(1, -(-int(pairs * share * SPARE) // sum(crowds)))
    return list(crowds) * rounds


def plan(o):
    """{model: users of each of its scenes}, the control first."""
    crowds = (2, 10, 20) if o.small else CROWDS
    wanted = {RELAY: crowds_for(o.pairs, crowds, 1 / 3)}
    if o.model:
        wanted[o.model] = crowds_for(o.pairs, crowds)
        return wanted
    for model in ("shuffle", "default"):
        wanted[model] = crowds_for(o.pairs, crowds)
    for model in FIGURE_9:
        wanted[model] = crowds_for(o.pairs, (20 if o.small else MANY,))
    return wanted


class Matches:
    """All scenes over one field, and the results."""

    def __init__(self, o, ground, tell):
        self.o, self.ground, self.tell = o, ground, tell
        self.scenes, self.results = [], {}

    def play(self):
        """Scenes of all models in turn, so that what the machine does meanwhile meets all of them."""
        left = [[model, number, n] for model, crowds in plan(self.o).items() for number, n in enumerate(crowds)]
        left.sort(key=lambda x: x[1])
        for i, (model, number, n) in enumerate(left):
            self.tell(f"scene {i + 1} of {len(left)}: {model}, {n} users")
            name = f"{model.replace(':', '-').replace('+', '-')}-{number}"
            self.scenes.append(self.ground.scene(name, model, n, self.o.seconds, self.o.seed * 100_000 + number))

    def models(self):
        return list(dict.fromkeys(s["model"] for s in self.scenes))

    def of(self, model):
        return [s for s in self.scenes if s["model"] == model]

    def _files(self, option, model):
        words = []
        for s in self.of(model):
            base = self.ground.file(s["name"])
            words += [option, base + ".entry.pcap", "--exit", base + ".exit.pcap", "--labels", base + ".csv"]
        return words

    def ask(self, audit):
        """tm-audit correlate for each defended model, with the control; some side by side."""
        def one(model):
            command = [audit, "correlate", "--json", "--seed", str(self.o.seed), "--delay-us", str(ENTRY_US), *self._files("--control", RELAY),
                       *self._files("--entry", model)] + (["--no-network"] if self.o.no_network else [])
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            if not done.stdout:
                raise WorldError(f"tm-audit correlate, {model}: {done.stderr.strip()[-600:]}")
            self.tell(f"{model}: attacked", keep=True)
            return model, dict(json.loads(done.stdout), unseen=unseen(done.stderr))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            self.results = dict(pool.map(one, [m for m in self.models() if m != RELAY]))
        return self.results

    def summary(self, version):
        """All that was found, for JSON: latencies as quantiles."""
        scenes = [dict(s, latency_ms=spread(s["latency_ms"]), failed=len(s["failed"])) for s in self.scenes]
        return {"schema_version": 1, "version": version, "options": vars(self.o), "scenes": scenes, "results": self.results}


def unseen(said):
    """Lines of the labels whose flow or carrier is not in the capture, by tm-audit's warnings: [flows, carriers]."""
    return [sum(int(n) for n in re.findall(rf"(\d+) lines name a {what} that is not in", said)) for what in ("flow", "carrier")]


def spread(values):
    v = sorted(values)
    if not v:
        return {"n": 0}
    return {"n": len(v), "mean": round(sum(v) / len(v), 2), **{f"p{q}": v[min(len(v) - 1, len(v) * q // 100)] for q in (50, 95, 99)}}
