"""The scenes of the study, and what tm-audit correlate makes of them."""
import json
import math
import os
import re
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import steps
from crew import Crew, Turn
from ground import ENTRY_US, RELAY, SCHEDULES
from world import WorldError

WAY = 1  # goes up when scenes are made in another way: what an earlier one left is not used then
CROWDS = (2, 5, 10, 20, 50, 100)
MANY = 100
FIGURE_9 = ("shuffle:2", "shuffle:4", "shuffle:8")
STAY_S = 15    # a connection lasts about so long
SPARE = 1.2    # flows for a pair: some have no other carrier at their time


def crowds_for(o, crowds, share=1.0):
    """Whole rounds of these crowds, until they have so many flows."""
    flows = sum(crowds) * max(1, o.seconds / STAY_S)
    return list(crowds) * max(1, math.ceil(o.pairs * share * SPARE / flows))


def plan(o):
    """{model: users of each of its scenes}, the control first."""
    crowds = (2, 10, 20) if o.small else CROWDS
    wanted = {RELAY: crowds_for(o, crowds, 1 / 3)}
    for model in o.model.split(",") if o.model else ("shuffle", *SCHEDULES, *FIGURE_9):
        share = 1 / 2 if model in SCHEDULES or model in FIGURE_9 else 1
        wanted[model] = crowds_for(o, (20 if o.small else MANY,) if model in FIGURE_9 else crowds, share)
    return wanted


class Matches:
    """All scenes, over several fields at once, and the results."""

    def __init__(self, o, programs, tell):
        self.o, self.tell = o, tell
        self.scenes, self.results = [], {}
        self.lock = threading.Lock()
        self.key = {"way": WAY, "seed": o.seed, "seconds": o.seconds, "files": [steps.file_digest(f) for f in (o.models, *programs)]}

    def kept(self):
        return os.path.join(self.o.out, "scenes.json")

    def go_on(self):
        """What an earlier run of the same kind left in OUT; else OUT begins empty."""
        try:
            with open(self.kept(), encoding="utf-8") as f:
                found = json.load(f)
        except (OSError, ValueError):
            found = {}
        if found.get("key") == self.key:
            self.scenes = found["scenes"]
            return
        shutil.rmtree(self.o.out, ignore_errors=True)
        os.makedirs(self.o.out)

    def _keep(self, scene):
        with self.lock:
            self.scenes.append(scene)
            with open(self.kept() + ".new", "w", encoding="utf-8") as f:
                json.dump({"key": self.key, "scenes": self.scenes}, f)
            os.replace(self.kept() + ".new", self.kept())

    def play(self, ground):
        """Scenes of all models in turn, so that what the machine does meanwhile meets all of them.  ground(number, turn): a field."""
        left = [(number, model, n) for model, crowds in plan(self.o).items() for number, n in enumerate(crowds)]
        left.sort(key=lambda x: x[0])
        total, crew, order = len(left), Crew(), {(model, number): i for i, (number, model, _) in enumerate(left)}
        self.scenes = [s for s in self.scenes if (s["model"], s["number"]) in order]
        done = {(s["model"], s["number"]) for s in self.scenes}
        left = [x for x in left if (x[1], x[0]) not in done]

        def one(field):
            with ground(field, Turn(field, str(field), None, crew.stop)) as here:
                here.make()
                here.enrol()
                here.serve()
                while True:
                    with self.lock:
                        if not left:
                            return
                        number, model, n = left.pop(0)
                        self.tell(f"scene {total - len(left)} of {total}: {model}, {n} users")
                    self._keep(self._scene(here, number, model, n))

        fields = min(self.o.at_once, len(left))
        crew.together([lambda field=field: one(field) for field in range(fields)], fields)
        self.scenes.sort(key=lambda s: order[s["model"], s["number"]])

    def _scene(self, ground, number, model, n):
        """What went wrong once is made again: others use the machine too."""
        name = f"{re.sub('[:+]', '-', model)}-{number}"
        how = (name, model, n, self.o.seconds, self.o.seed * 100_000 + number)
        try:
            return dict(ground.scene(*how), number=number)
        except WorldError as e:
            self.tell(f"{name}, again: {e}", keep=True)
            ground.clear()
            return dict(ground.scene(*how), number=number)

    def models(self):
        return list(dict.fromkeys(s["model"] for s in self.scenes))

    def of(self, model):
        return [s for s in self.scenes if s["model"] == model]

    def _files(self, option, model):
        words = []
        for s in self.of(model):
            base = s["base"]
            words += [option, base + ".entry.pcap", "--exit", base + ".exit.pcap", "--labels", base + ".csv"]
        return words

    def ask(self, audit):
        """tm-audit correlate for each defended model, with the control, side by side; the networks, which take minutes, for shuffle alone unless
        they were asked for."""
        def one(model):
            has_net = self.o.networks == "all" or (self.o.networks == "shuffle" and model not in SCHEDULES and model not in FIGURE_9)
            command = [audit, "correlate", "--json", "--seed", str(self.o.seed), "--delay-us", str(ENTRY_US), *self._files("--control", RELAY),
                       *self._files("--entry", model)] + ([] if has_net else ["--no-network"])
            self.tell(f"{model}: attacking", keep=True)
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            if not done.stdout:
                raise WorldError(f"tm-audit correlate, {model}: {done.stderr.strip()[-600:]}")
            self.tell(f"{model}: attacked", keep=True)
            return {"result": dict(json.loads(done.stdout), unseen=unseen(done.stderr))}

        def kept(model):
            key = {"scenes": [s["base"] for s in self.of(RELAY) + self.of(model)], "networks": self.o.networks, "seed": self.o.seed,
                   "audit": steps.file_digest(audit), "of": self.key}
            return model, steps.once(os.path.join(self.o.out, "found-" + re.sub("[:+]", "-", model)), key, lambda _: one(model))["result"]

        models = [m for m in self.models() if m != RELAY]
        with ThreadPoolExecutor(len(models)) as pool:
            self.results = dict(pool.map(kept, models))
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
