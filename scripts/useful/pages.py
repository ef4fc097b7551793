"""How long real pages take in Chromium: directly, and under each preset, over the same path."""
import json
import os
import shutil
import subprocess
import sys
import time

from tunnel import DEVICE, Tunnel
from world import World, WorldError, run

HERE = os.path.dirname(os.path.abspath(__file__))
N_PAGES = 10
PATH_RTT_MS = 40
SETTLE_S = 6
DIRECT = "direct"


class Web:
    """The sites on disk, and their servers where they are wanted."""

    def __init__(self, work, n_pages=N_PAGES):
        self.dir = os.path.join(work, "web")
        os.makedirs(self.dir)
        said = json.loads(run([sys.executable, os.path.join(HERE, "web.py"), self.dir, str(n_pages)]))
        self.pages, self.hosts, self.home = said["pages"], said["hosts"], said["home"]
        self.addresses = sorted(set(self.hosts.values()))

    def serve(self, tunnel):
        """Starts nginx on the sites' addresses in the server's namespace."""
        w, place = tunnel.world, os.path.join(tunnel.world.work, "nginx")
        os.makedirs(place)
        for a in self.addresses:
            run(["ip", "-n", tunnel.server, "addr", "add", a + "/32", "dev", "lo"])
        with open(os.path.join(self.dir, "nginx.conf"), encoding="utf-8") as f:
            text = f.read().replace("PLACE", place)
        with open(place + "/nginx.conf", "w", encoding="utf-8") as f:
            f.write(text)
        w.start("nginx", tunnel.server, ["nginx", "-e", place + "/error.log", "-c", place + "/nginx.conf"])
        end = time.monotonic() + 10
        while run(["ip", "netns", "exec", tunnel.server, "ss", "-Hltn"]).count(":443 ") < len(self.addresses):
            if time.monotonic() > end or not w.is_alive("nginx"):
                raise WorldError(f"nginx did not start: {w.said('nginx')[-600:]}")
            w.turn.sleep(0.1)


class Visit:
    """A sitting: these pages, under a preset or directly, at most limit_s each."""

    def __init__(self, preset, pages, limit_s):
        self.preset, self.pages, self.limit_s = preset, pages, limit_s

    def name(self):
        return f"pages, {self.preset}"


def play(turn, build, work, enrolment, web, path, visit, seed):
    """The pages' times."""
    with World(build, work, turn) as world:
        t = Tunnel(world, path, seed)
        web.serve(t)
        o = {"chromium": shutil.which("chromium"), "home": os.path.join(work, "home"), "proxy": None, "pages": visit.pages,
             "limit_s": visit.limit_s, "rules": ",".join([f"MAP {h} {a}" for h, a in web.hosts.items()] + ["MAP * ~NOTFOUND"])}
        if visit.preset == DIRECT:
            for a in web.addresses:
                run(["ip", "-n", t.client, "route", "add", a, "dev", DEVICE])
        else:
            t.serve(enrolment, os.path.join(web.dir, "hosts"))
            t.play(enrolment.models, "--preset", visit.preset)
            o["proxy"], o["rules"] = "socks5://127.0.0.1:1080", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
            t.sleep(SETTLE_S)
        shutil.copytree(web.home, o["home"])
        world.start("browse", t.client, [sys.executable, "-B", os.path.join(HERE, "browse.py"), json.dumps(o)])
        end = time.monotonic() + 60 + visit.limit_s * len(visit.pages)
        while world.is_alive("browse") and time.monotonic() < end:
            t.sleep(0.5)
        found = [json.loads(line) for line in world.said("browse").splitlines() if line.startswith("{")]
    if len(found) != len(visit.pages):
        raise WorldError(f"{visit.name()}: {world.said('browse')[-600:]}")
    return [dict(f, preset=visit.preset) for f in found]


def pieces_of(web, limit_s):
    """Sittings: slow presets do a few pages each, side by side."""
    def cut(n):
        return [web.pages[i:i + n] for i in range(0, len(web.pages), n)]

    return ([Visit("light", p, limit_s) for p in cut(2)] + [Visit("default", p, limit_s) for p in cut(5)] * 2
            + [Visit("strong", web.pages, limit_s)] * 2 + [Visit(DIRECT, web.pages, limit_s)] * 2)


def missing():
    """Programs that are needed and not there."""
    return [p for p in ("chromium", "certutil", "nginx", "openssl") if not shutil.which(p)]


def version():
    return subprocess.run(["chromium", "--version"], capture_output=True, text=True, check=False).stdout.strip()
