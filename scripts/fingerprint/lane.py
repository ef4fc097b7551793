"""A lane: one client with its browser, on a path of its own, that visits pages under one model while an observer beside it captures.

What it leaves in its directory: lane.pcap, labels.csv as `tm-audit wf` reads it, and what is known of it.
"""
import json
import os
import random
import shutil
import sys
import time

from pages import SETTLE_S, Web
from tunnel import DEVICE, Path, Tunnel
from world import World, WorldError, run

HERE = os.path.dirname(os.path.abspath(__file__))
DIRECT = "direct"
PATH_RTT_MS = 40
LABELS = "from_us,until_us,client,page"
OTHER = "-"
MODELS = {  # name -> options of tm-client
    "default": ["--preset", "default"],
    "strong": ["--preset", "strong"],
    "swing": ["--model", "https-browsing:20+https-chat:60", "--pace", "3s"],  # the same people by Swing's models
    "constant": ["--model", "constant", "--users", "20"],
    "shuffle": ["--model", "shuffle"],
    "cells": ["--model", "maybenot"],
    "tamaraw": ["--model", "maybenot", "--machines-client", "tamaraw", "--machines-server", "tamaraw"],
    "interspace": ["--model", "maybenot", "--machines-client", "interspace", "--machines-server", "interspace"],
    "break-pad": ["--model", "maybenot", "--machines-client", "break-pad", "--machines-server", "break-pad"],
}
INDEPENDENT = ("default", "strong", "swing", "constant")  # of what is carried


class Sites:
    """The pages: the first n_pages are watched for, the others are the rest of the world."""

    def __init__(self, work, n_pages, n_others):
        self.web = Web(work, n_pages + n_others)
        names = [f"p{i:02}" for i in range(n_pages)] + [OTHER] * n_others
        self.all = list(zip(names, self.web.pages))
        self.watched, self.others = self.all[:n_pages], self.all[n_pages:]

    def visits(self, seed, rounds, lane, lanes):
        """[(name, URL)] of a lane: all watched pages in each round, and its part of the others among them, in a random order: what the time of a
        visit tells tells nothing of its page."""
        rng = random.Random(f"{seed}/{lane}")
        others = self.others[lane::lanes]
        parts = [others[i::rounds] for i in range(rounds)]
        out = []
        for part in parts:
            some = self.watched + part
            rng.shuffle(some)
            out += some
        return out


class Lane:
    def __init__(self, number, model, seed, slot_s, window_s):
        self.number, self.model, self.seed, self.slot_s, self.window_s = number, model, seed, slot_s, window_s
        self.address = f"10.60.0.{10 + number % 240}"

    def play(self, turn, build, directory, enrolment, web, visits):
        """What is known of it afterwards."""
        with World(build, directory, turn) as world:
            t = Tunnel(world, Path(PATH_RTT_MS), self.seed, self.address)
            web.serve(t)
            self._capture(world, t, directory)
            o = self._carry(t, enrolment, web, visits)
            before, began = t.wire(), time.monotonic()
            world.start("browse", t.client, [sys.executable, "-B", os.path.join(HERE, "visits.py"), json.dumps(o)])
            self._wait(world, t, len(visits))
            after, spent = t.wire(), time.monotonic() - began
            lost = self._end_capture(world)
            found = [json.loads(line) for line in world.said("browse").splitlines() if line.startswith("{")]
            if len(found) != len(visits):
                raise WorldError(f"{self.model}, {len(found)} of {len(visits)} visits: {world.said('browse')[-600:]}")
        self._label(directory, found)
        for place in ("home", "nginx", "client", "server"):
            shutil.rmtree(os.path.join(directory, place), ignore_errors=True)
        loads = [(v["until_us"] - v["from_us"]) / 1e6 for v in found]
        return {"model": self.model, "visits": len(found), "loaded": sum(v["done"] for v in found), "visit_s": loads, "packets_lost": lost,
                "up_kbs": (after[0] - before[0]) / spent / 1000, "down_kbs": (after[1] - before[1]) / spent / 1000}

    def _capture(self, world, t, directory):
        world.start("dump", t.client, ["tcpdump", "-i", DEVICE, "-n", "-s", "96", "-B", "16384", "-U", "-w", os.path.join(directory, "lane.pcap"),
                                       f"tcp and host {self.address}"])
        world.wait_for("dump", "listening", 10)

    def _carry(self, t, enrolment, web, visits):
        o = {"chromium": shutil.which("chromium"), "home": os.path.join(t.world.work, "home"), "proxy": None, "visits": visits,
             "slot_s": self.slot_s, "window_s": self.window_s,
             "rules": ",".join([f"MAP {h} {a}" for h, a in web.hosts.items()] + ["MAP * ~NOTFOUND"])}
        if self.model == DIRECT:
            for a in web.addresses:
                run(["ip", "-n", t.client, "route", "add", a, "dev", DEVICE])
        else:
            t.serve(enrolment, os.path.join(web.dir, "hosts"))
            t.play(enrolment.models, *MODELS[self.model], has_seed=self.model in INDEPENDENT)
            o["proxy"], o["rules"] = "socks5://127.0.0.1:1080", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
            t.sleep(SETTLE_S)
        shutil.copytree(web.home, o["home"])
        return o

    def _wait(self, world, t, n):
        end = time.monotonic() + 60 + (self.slot_s + 5) * n
        while world.is_alive("browse"):
            t.sleep(0.5)
            if time.monotonic() > end:
                raise WorldError(f"{self.model}: the visits do not end")

    @staticmethod
    def _end_capture(world):
        """Packets that the capture lost."""
        world.stop("dump")
        return sum(int(line.split()[0]) for line in world.said("dump").splitlines() if "dropped by kernel" in line)

    def _label(self, directory, found):
        with open(os.path.join(directory, "labels.csv"), "w", encoding="ascii") as f:
            f.write(LABELS + "\n")
            for v in found:
                f.write(f"{v['from_us']},{v['until_us']},{self.address},{v['page']}\n")
