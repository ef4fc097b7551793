"""The runs of the study, and what tm-audit makes of them."""
import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from cpu import Cpu
from loads import Load
from world import WorldError

TITLES = {"again": "nothing, a second time", "beside": "nothing; bulk both ways past the tunnel", "typing": "ssh, somebody types",
          "pages": "Chromium, somebody reads pages", "bulk": "bulk both ways", "leaky": "bulk both ways, programs made to leak 3 ms"}
LOADS = ("typing", "pages", "bulk")
ROUND = ("idle", "again", "typing", "pages", "bulk", "beside")
PAYLOAD_MIN = {"typing": 300, "pages": 20_000, "bulk": 100_000}  # bytes that a run must have carried down to count as that workload


class Study:
    """All runs over one field: a round plays one schedule under every workload."""

    def __init__(self, o, field, tell):
        self.o, self.field, self.tell = o, field, tell
        self.runs = []

    def programs(self, workload):
        kind = "test/leaky/tm-{}-leaky" if workload == "leaky" else "tm/app/tm-{}"
        return [self.field.program(kind.format(end)) for end in ("client", "server")]

    def play(self):
        for number in range(self.o.rounds):
            turn = number % len(ROUND)  # no workload has always the same neighbour, or the same place
            order = list(ROUND[turn:] + ROUND[:turn])
            if order.index("beside") < order.index("bulk"):  # it copies that one
                order.remove("beside")
                order.insert(order.index("bulk") + 1, "beside")
            for workload in order + (["leaky"] if number == 0 else []):
                self.runs.append(self.run(workload, number))

    def run(self, workload, number):
        seed, name = self.o.seed * 1000 + number, f"{workload}-{number}"
        self.tell(f"round {number + 1} of {self.o.rounds}: {workload}")
        load, cpu = Load(self.field), Cpu()
        self.field.begin(name, self.programs(workload), self.o.model, self.o.users, self.o.pace, seed)
        self.begin_load(load, workload, number, seed)
        end = time.monotonic() + self.o.seconds
        while time.monotonic() < end:
            self.field.turn.sleep(min(1, max(0.05, end - time.monotonic())))
            cpu.sample()
            for program in ("client", "server", "dump", "linkc", "links"):
                if not self.field.is_alive(program):
                    raise WorldError(f"{program} ended during {name}: {self.field.said(program)[-600:]}")
        summary, dropped = self.field.finish(name)
        said = load.end()
        self.check(workload, name, summary, said)
        return {"workload": workload, "round": number, "name": name, "payload_up": summary["payload_tx_bytes"],
                "payload_down": summary["payload_rx_bytes"], "seconds": summary["seconds"], "dropped": dropped, "busy": cpu.mean(),
                "late": self.lateness(name)}

    def begin_load(self, load, workload, number, seed):
        if workload in ("bulk", "leaky"):
            load.bulk()
        elif workload == "typing":
            load.typing(seed)
        elif workload == "pages":
            load.pages(seed)
        elif workload == "beside":
            like = [r for r in self.runs if r["workload"] == "bulk" and r["round"] == number][0]
            load.beside(like["payload_up"] / like["seconds"], like["payload_down"] / like["seconds"])

    @staticmethod
    def check(workload, name, summary, said):
        """A run that carried nothing would be a comparison of nothing."""
        down = summary["payload_rx_bytes"]
        if workload in PAYLOAD_MIN and down < PAYLOAD_MIN[workload]:
            raise WorldError(f"{name}: only {down} bytes of payload came down: {said[-400:]}")
        if workload in ("idle", "again", "beside") and down > 0:
            raise WorldError(f"{name}: {down} bytes of payload in a run that has no load")

    def lateness(self, name):
        """Of all writes of both ends, by their logs: first byte behind its time, in us, sorted."""
        late = []
        for end in ("", ".server"):
            with open(self.field.file(name + end + ".jsonl"), encoding="ascii") as f:
                for line in f:
                    if '"t":"write"' in line and line.endswith("}\n"):
                        w = json.loads(line)
                        late.append(max(0, w["first"] - w["due"]))
        return sorted(late)

    # ---- What can be told ----

    def compare(self, audit, pairs):
        """tm-audit interference on the runs of one workload against those of another, for each pair; some side by side."""
        def one(pair):
            a, b = pair
            rounds = sorted(r["round"] for r in self.runs if r["workload"] == b)
            command = [audit, "interference", "--json", "--seed", str(self.o.seed)]
            for workload in (a, b):
                for n in rounds:
                    base = self.field.file(f"{workload}-{n}")
                    command += ["--run", f"{workload}={base}.pcap", "--log", base + ".jsonl"]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
            if not done.stdout:
                raise WorldError(f"tm-audit interference, {a} against {b}: {done.stderr.strip()[-600:]}")
            self.tell(f"{a} against {b}: compared", keep=True)
            return a, b, json.loads(done.stdout)["workloads"][0]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(one, pairs))

    def of(self, workload):
        return [r for r in self.runs if r["workload"] == workload]


def keep(study, results, path, version):
    """All numbers as JSON, lateness as quantiles."""
    runs = [dict(r, late={"n": len(r["late"]), **{f"p{q}": quantile(r["late"], q) for q in (50, 95, 99)}}) for r in study.runs]
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"schema_version": 1, "version": version, "options": vars(study.o), "runs": runs,
                   "comparisons": [{"first": a, "second": b, "result": r} for a, b, r in results]}, f, indent=1)


def quantile(sorted_values, percent):
    if not sorted_values:
        return None
    return sorted_values[min(len(sorted_values) - 1, len(sorted_values) * percent // 100)]

