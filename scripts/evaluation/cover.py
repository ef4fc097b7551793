"""Cover traffic: tm-client and tm-server over the recording's paths, captured beside the client.

One or more tunnels for each path, all at once, each with its own seed; a user's path is drawn at random.  A user of
a run is a session.  Users open connections for `window_s`; the capture goes on until
nearly all of these have ended, and only they count: who takes what ended in time prefers short connections.
"""
import json
import os
import time

import capture
from cpu import Cpu
from crew import SETTLE_S
from users import Sessions
from world import World, WorldError, run

WAY = 2               # changes when cover is made in another way: what was made before is made again
SERVER = "t.example"  # short: a longer name makes ClientHellos longer than the shortest recorded ones
STAGGER_S = 10        # at most, between the starts of two runs of a path: their users begin together


class Tunnel:
    """Both ends on one path, with the capture beside the client."""

    def __init__(self, world, number, path):
        self.world, self.path, self.name = world, path, f"p{number}"
        self.net = f"10.{60 + number}.0"
        self.client = world.namespace(self.name + "c")
        self.server = world.namespace(self.name + "s")
        self.dir = os.path.join(world.work, self.name)
        os.makedirs(self.dir, exist_ok=True)
        world.link(self.name + "link", self.client, self.net + ".1/24", self.server, self.net + ".2/24",
                   path.options() + ["--seed", str(number + 1)])

    def file(self, name):
        return os.path.join(self.dir, name)

    def enrol(self, source, number):
        w = self.world
        link = run(["ip", "netns", "exec", self.server, w.program("tm/app/tm-server"), "setup", "--state", self.file("server"),
                    "--listen", self.net + ".2:443", "--name", SERVER] + source.setup()).strip()
        w.start(self.name + "server", self.server, [w.program("tm/app/tm-server"), "run", "--state", self.file("server"), "--allow", "10.0.0.0/8",
                                                    "--log-schedule", self.file("server.jsonl")] + source.server(number))
        w.wait_for(self.name + "server", "^ready:", 20)
        run(["ip", "netns", "exec", self.client, w.program("tm/app/tm-client"), "join", link, "--state", self.file("client")])

    def capture(self):
        w = self.world
        w.start(self.name + "dump", self.client, ["tcpdump", "-i", "lk0", "-n", "-s", "96", "-B", "16384", "-U", "--immediate-mode",
                                                  "-w", self.file("wire.pcap"), "tcp", "port", "443"])
        w.wait_for(self.name + "dump", "listening", 10)

    def play(self, source, number, users, pace_s, seed):
        w = self.world
        w.start(self.name + "client", self.client, [
            w.program("tm/app/tm-client"), "run", "--state", self.file("client"), "--log-schedule", self.file("client.jsonl"),
            "--summary-json", self.file("client.json")] + source.client(number, users, pace_s, seed))
        w.wait_for(self.name + "client", "^ready:", 30)

    def finish(self, may_end_with=(0,)):
        """The capture ends first: what the programs do when they are told to stop is not part of the schedule."""
        dumped = None
        if self.name + "dump" in self.world.processes:
            self.world.stop(self.name + "dump")
            dumped = _dropped(self.world.said(self.name + "dump"))
        for end in ("client", "server"):
            status = self.world.stop(self.name + end)
            if status not in may_end_with:
                raise WorldError(f"tm-{end} on {self.path.name} ended with status {status}: {self.world.said(self.name + end)[-600:]}")
        with open(self.file("client.json"), encoding="utf-8") as f:
            return json.load(f), dumped


def _dropped(said):
    for line in said.splitlines():
        if "dropped by kernel" in line:
            return int(line.split()[0])
    return None


def _joined(world, number, path, source):
    """A tunnel whose client has joined."""
    with world.turn.gate.one_at_a_time:
        world.turn.sleep(0)
        tunnel = Tunnel(world, number, path)
        tunnel.enrol(source, number)
    return tunnel


def stagger_of(runs, window_s):
    """Seconds between the starts of two runs; those of a path are STAGGER_S apart."""
    return min(STAGGER_S / len({path.name for path, _ in runs}), window_s / len(runs))


def seconds_of(runs, how):
    """How long idle() plays."""
    return stagger_of(runs, how[1]) * (len(runs) - 1) + how[1] + how[2]


def idle(turn, build, work, source, runs, how, seed, tell):
    """Plays `source` (sources.py) without any user data and captures it; gather() makes the material of the attacks from it.

    runs: [(path, users)]; how: (longest pause, window and tail in s).  Returns what was seen; `work` gets a folder with capture
    and logs for each run.
    """
    pace_s, window_s, tail_s = how
    stagger_s, whole_s = stagger_of(runs, window_s), seconds_of(runs, how)
    with World(build, work, turn) as world:
        tunnels = []
        for number, (path, _) in enumerate(runs):
            tell(f"{source.name}: run {number + 1} of {len(runs)} joins")
            tunnels.append(_joined(world, number, path, source))
        tell("")
        turn.wait(whole_s - window_s - tail_s + SETTLE_S)
        cpu, began = Cpu(counts_nice=False), time.monotonic()

        def say(_):
            tell(f"{source.name}: {min(whole_s, time.monotonic() - began):.0f} of {whole_s:.0f} s")

        for t in tunnels:
            t.capture()
        for number, (t, (_, users)) in enumerate(zip(tunnels, runs)):
            _watch(world, stagger_s if number > 0 else 0, say)
            t.play(source, number, users, pace_s, seed + number)
        if source.ends:
            _watch_until_ended(world, [t.name + "client" for t in tunnels], window_s + tail_s, say)
        else:
            _watch(world, window_s + tail_s, say)
        cpu.sample()
        ends = [t.finish(source.statuses) for t in tunnels]
    summaries = [e[0] for e in ends]
    seconds = sum(s["seconds"] for s in summaries) / len(summaries)
    return {"model": source.name, "warm_s": source.warm_s, "users": sum(u for _, u in runs), "pace_s": round(pace_s, 3), "seed": seed, "window_s": window_s,
            "tail_s": round(tail_s, 1), "cpu_share": round(cpu.mean(), 3), "dropped_by_kernel": sum(e[1] or 0 for e in ends),
            "wire_kbps": _kbps(summaries, "wire", seconds), "died": sum(s["carriers_died"] for s in summaries),
            "runs": [{"path": t.path.name, "users": u, "dir": t.name} for t, (_, u) in zip(tunnels, runs)]}


def gather(played, source, work, net):
    """cover.pcap and labels.csv in `work` from what idle() returned and left in `source`; 10.NET.0.0 holds the sessions' addresses.
    Returns capture.merge's counts."""
    def files(name):
        return [os.path.join(source, r["dir"], name) for r in played["runs"]]

    sessions = Sessions(net, played["model"], files("client.jsonl"), [r["path"] for r in played["runs"]])
    counts = capture.merge(os.path.join(work, "cover.pcap"), files("wire.pcap"), played["window_s"] * 1000000, sessions.address_of,
                           played["warm_s"] * 1000000)
    with open(os.path.join(work, "labels.csv"), "w", encoding="ascii") as f:
        f.write(sessions.labels())
    return counts


def forget(played, source):
    """Removes the captures of single runs."""
    for r in played["runs"]:
        try:
            os.remove(os.path.join(source, r["dir"], "wire.pcap"))
        except FileNotFoundError:
            pass


def loaded(turn, build, work, source, path, users, pace_s, seconds, seed, tell):
    """Plays `source` on one path under a download that never ends: what a person gets of it."""
    with World(build, work, turn) as world:
        tunnel = _joined(world, 0, path, source)
        _web(world, tunnel)
        tell("")
        turn.wait(SETTLE_S)
        tunnel.play(source, 0, users, pace_s, seed)
        world.start("curl", tunnel.client, ["curl", "-sS", "--fail", "--noproxy", "", "--socks5-hostname", "127.0.0.1:1080",
                                            "-o", "/dev/null", f"{tunnel.net}.2:80/file"])
        _watch(world, seconds, lambda s: tell(f"{source.name} under a download: {s:.0f} of {seconds:.0f} s"))
        if not world.is_alive("curl"):
            raise WorldError(f"the download through {source.name} ended early: {world.said('curl')[-300:]}")
        summary, _ = tunnel.finish()
    s = summary["seconds"]
    return {"users": users, "pace_s": pace_s, "path": path.name, "seconds": round(s, 1), "useful_share": summary["useful_share"],
            "useful_share_down": summary["payload_rx_bytes"] / max(1, summary["wire_rx_bytes"]),
            "payload_kbps": _kbps([summary], "payload", s), "wire_kbps": _kbps([summary], "wire", s)}


def _kbps(summaries, what, seconds):
    n = sum(s[what + "_tx_bytes"] + s[what + "_rx_bytes"] for s in summaries)
    return round(n * 8 / 1000 / max(seconds, 0.001), 1)


def _watch(world, seconds, tell):
    """Waits, and sees a program that ends meanwhile."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        tell(time.monotonic() - began)
        _check_alive(world, ("client", "server", "link", "dump"))
        world.turn.sleep(min(2, max(0.05, began + seconds - time.monotonic())))


def _watch_until_ended(world, clients, seconds, tell):
    """Waits for these clients to end by themselves, but no longer; and sees another program that ends meanwhile."""
    began = time.monotonic()
    while time.monotonic() < began + seconds and any(world.is_alive(c) for c in clients):
        tell(time.monotonic() - began)
        _check_alive(world, ("server", "link", "dump"))
        world.turn.sleep(1)
    world.turn.sleep(1)  # the last packets


def _check_alive(world, kinds):
    for name in world.processes:
        if name.endswith(kinds) and not world.is_alive(name):
            raise WorldError(f"{name} ended during the run: {world.said(name)[-600:]}")


def _web(world, tunnel):
    """A web server with one large file, beside the tunnel's server."""
    root = tunnel.file("web")
    os.makedirs(os.path.join(root, "docs"), exist_ok=True)
    os.makedirs(os.path.join(root, "tmp"), exist_ok=True)
    with open(os.path.join(root, "docs", "file"), "wb") as f:
        f.truncate(4 << 30)
    temps = "".join(f"{n}_temp_path {root}/tmp; " for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(os.path.join(root, "nginx.conf"), "w", encoding="utf-8") as f:
        f.write(f"user root; daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\n"
                "events { worker_connections 512; }\n"
                f"http {{ access_log off; default_type application/octet-stream; {temps}\n"
                f"    server {{ listen {tunnel.net}.2:80; root {root}/docs; }} }}\n")
    world.start("nginx", tunnel.server, ["nginx", "-p", root, "-e", root + "/error.log", "-c", root + "/nginx.conf"])
    end = time.monotonic() + 10
    while ":80 " not in run(["ip", "netns", "exec", tunnel.server, "ss", "-Hltn"]):
        if time.monotonic() > end:
            raise WorldError(f"nginx did not start: {world.said('nginx')}")
        world.turn.sleep(0.1)
