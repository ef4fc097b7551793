"""Tor whose exit and onion service go through the tunnel; started by scripts/tor-lab, as root, with mounts of its own."""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import plan  # noqa: E402
import report  # noqa: E402
import tornet  # noqa: E402
from pages import Pages  # noqa: E402
from tunnel import Tunnel  # noqa: E402
from wire import Wire  # noqa: E402
from labworld import LabError, World  # noqa: E402

BEGAN = time.monotonic()
ONION_SECONDS = 150  # a young onion service must be tried again
EXIT_SECONDS = 60
KILLED_SECONDS = 10


def say(text):
    """Progress, on standard error."""
    t = int(time.monotonic() - BEGAN)
    print(f"[{t // 60}:{t % 60:02d}] {text}", file=sys.stderr, flush=True)


class Progress:
    """A line that is said when it changes."""

    def __init__(self):
        self.last = None

    def __call__(self, text):
        if text != self.last:
            say(text)
        self.last = text


def arguments():
    p = argparse.ArgumentParser(prog="scripts/tor-lab", usage="see scripts/tor-lab --help")
    for name in ("tm-client", "tm-server", "linkem", "models-db"):
        p.add_argument(f"--{name}", required=True)
    p.add_argument("--models", type=lambda text: text.split(","), required=True)
    p.add_argument("--sizes", type=lambda text: sorted({int(s) for s in text.split(",")}), required=True)
    p.add_argument("--repeat", type=int, required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--json", action="store_true")
    p.add_argument("--keep", action="store_true")
    return p.parse_args()


class Lab:
    """One run: what it showed is in `found` and `checks`."""

    def __init__(self, world, args):
        self.world, self.args = world, args
        self.net = tornet.TorNet(world)
        self.tunnel = Tunnel(world, {"tm-client": args.tm_client, "tm-server": args.tm_server, "models": args.models_db})
        self.pages = Pages(world, args.sizes, args.seed)
        self.wire = Wire(world)
        self.checks, self.seconds, self.models, self.paths, self.lost = [], {}, {}, [], 0

    def check(self, what, is_so):
        self.checks.append({"what": what, "ok": bool(is_so)})
        say(f"{'ok' if is_so else 'FAILED'}: {what}")

    def bootstrap(self):
        say("namespaces, a cgroup, the keys of the relays")
        self.world.make()
        self.net.make()
        say("the service with tm-server beside it; the carried tors are started when tm-client runs")
        self.tunnel.start_service(self.pages.files)
        self.tunnel.start_server()
        self.wire.start()
        began = time.monotonic()
        self.tunnel.start_client(self.args.models[0])
        for n in self.net.of("authority", "guard", "exit"):
            self.net.start(n)
        self.net.wait_consensus(150, Progress())
        self.seconds["consensus"] = round(time.monotonic() - began, 1)
        for n in self.net.of("client", "onion"):
            self.net.start(n)
        self.net.wait_bootstrapped(["client1", "client2", "onion"], 120, Progress())
        self.seconds["bootstrapped"] = round(time.monotonic() - began, 1)

    def carried(self, model):
        """All routes with one model; the client's circuits to the carried exit."""
        client, add = self.net.node("client1"), self.pages.row
        took = self.pages.until_reached(client, plan.NAME, EXIT_SECONDS)
        self.check(f"{model}: the service is reached by the exit (after {took} s)", took is not None)
        for size in self.pages.sizes:
            self.tell(add(model, "exit, by name", client, plan.NAME, size, self.args.repeat))
        small = self.pages.sizes[0]
        self.tell(add(model, "exit, IPv4 address", client, plan.SERVICE, small, 1))
        self.tell(add(model, "exit, IPv6 address", client, f"[{plan.SERVICE6}]", small, 1))
        self.tell(self.pages.row_at_once(model, "exit, by name", client, plan.NAME, self.pages.sizes[min(1, len(self.pages.sizes) - 1)]))
        ok, _, said = self.pages.fetch(client, f"{plan.SERVICE}:{plan.CLOSED_PORT}", small, 30)
        self.check(f"{model}: a port where nobody listens is an error to the client ({said})", not ok)
        self.paths = sorted(set(self.paths) | set(self.net.paths("client1")))
        onion = self.net.onion_name()
        took = self.pages.until_reached(client, onion, ONION_SECONDS)
        self.check(f"{model}: the onion service is reached (after {took} s)", took is not None)
        if took is not None:
            for size in self.pages.sizes:
                self.tell(add(model, "onion service", client, onion, size, self.args.repeat))

    def tell(self, row):
        say(report.row_line(row))

    def play(self):
        for i, model in enumerate(self.args.models):
            if i > 0:
                self.start_next(model)
            self.carried(model)
            self.models[model] = {"payload_independent": self.tunnel.is_payload_independent()}
            if i + 1 < len(self.args.models):
                self.world.stop("onion")  # first: its guards hear of it through the tunnel
                time.sleep(1)
                self.models[model]["summary"] = self.tunnel.stop_client()
        client = self.net.node("client2")
        for size in self.pages.sizes[:2]:
            self.tell(self.pages.row("nothing (control)", "exit outside the cgroup", client, plan.SERVICE, size, self.args.repeat))

    def start_next(self, model):
        """As doc/TOR.md has it: an onion service ends before tm-client and begins after it, and a relay runs on."""
        say(f"the next model, {model}: tm-client and the onion service are started again, the exit runs on")
        self.tunnel.start_client(model)
        self.net.start(self.net.node("onion"))
        self.net.wait_bootstrapped(["onion"], 120, Progress())

    def kill(self):
        """tm-client dies: the carried tors reach nothing, and the page does not come."""
        before, self.lost = self.tunnel.sources(), self.pages.lost
        self.world.stop("tm-client", signal_number=signal.SIGKILL)
        ok, _, _ = self.pages.fetch(self.net.node("client1"), plan.NAME, self.pages.sizes[0], KILLED_SECONDS)
        after = self.tunnel.sources()
        self.check("tm-client killed: no page comes by the carried exit, and nobody asks the service", not ok and before == after)
        ok, _, _ = self.pages.fetch(self.net.node("client2"), plan.SERVICE, self.pages.sizes[0])
        self.check("tm-client killed: the exit outside goes on", ok)

    def judge(self, dropped, rows):
        """Over all of the run."""
        carried = [r for r in self.pages.rows if not r["carried_by"].startswith("nothing")]
        self.check(f"{sum(r['equal'] for r in carried)} of {sum(r['n'] for r in carried)} pages by the tunnel came with the same SHA-256",
                   all(r["equal"] == r["n"] for r in carried))
        self.check("the control's pages came as well", all(r["equal"] == r["n"] for r in self.pages.rows if r not in carried))
        self.check("circuits to the carried exit have three hops: " + "; ".join(" > ".join(p) for p in self.paths), self.paths)
        tunnel, relays, other = (rows[plan.CARRIED, k] for k in report.OF_CARRIED)
        self.check(f"the exit's host sent nothing but carriers and what it answered relays ({other['packets_out']} other packets; "
                   f"{relays['begun_here']} connections begun from the ORPort)", other["packets_out"] == 0 and relays["begun_here"] == 0)
        self.check(f"it had carriers ({tunnel['connections']}) and relays came to it ({relays['connections']})",
                   tunnel["connections"] > 0 and relays["connections"] > 0)
        asked = self.tunnel.sources()
        self.check("the service saw the exit outside, and otherwise tm-server alone: " + ", ".join(f"{v} pages for {k}" for k, v in asked.items()),
                   set(asked) == {plan.BESIDE, plan.OUTSIDE, report.BESIDE6})
        self.check("the capture sees what goes direct: the outside exit's connections to the service",
                   rows[plan.OUTSIDE, report.DIRECT]["begun_here"] >= asked.get(plan.OUTSIDE, 1))
        self.check(f"the capture is whole ({dropped} packets dropped)", dropped == 0)

    def run(self):
        self.bootstrap()
        self.play()
        self.kill()
        dropped = self.wire.stop()
        rows = self.wire.counts()
        self.judge(dropped, rows)
        self.seconds["in_all"] = round(time.monotonic() - BEGAN, 1)
        return {"schema_version": 1, "tor": tornet.version(), "seed": self.args.seed, "seconds": self.seconds, "models": self.models,
                "paths": self.paths, "pages": self.pages.rows, "tries_without_circuit": self.lost, "wire": report.wire_rows(rows), "asked_by": self.tunnel.sources(),
                "checks": self.checks, "ok": all(c["ok"] for c in self.checks)}


def main():
    args = arguments()
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda number, _: sys.exit(128 + number))
    work = tempfile.mkdtemp(prefix="tm-tor-")
    try:
        with World(work, args.linkem) as world:
            found = Lab(world, args).run()
    except LabError as e:
        say(f"failed: {e}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if args.keep:
            say(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)
    print(json.dumps(found, indent=1) if args.json else report.text(found))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
