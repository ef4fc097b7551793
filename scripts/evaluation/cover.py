"""Cover traffic: tm-client and tm-server over the recording's paths, captured beside the client.

One or more tunnels for each path, all at once, each with its own seed; a user's path is drawn at random.  A user of
a run is a session.  Users open connections for `window_s`; the capture goes on until
nearly all of these have ended, and only they count: who takes what ended in time prefers short connections.
"""
import json
import math
import os
import random
import time

import capture
from cpu import Cpu
from users import Sessions
from world import World, WorldError, run

LIVE_MAX = 130        # carriers of a session at a time, on average; at 256 the engine makes openings wait
USERS_MAX = 400       # of a session
LINK_SHARE = 0.4      # of a path's rate, at most, on average
TOTAL_MBIT = 60.0     # over all paths: two cores play this beside the emulator without hurry
RUNS_MAX = 12         # tunnels at a time
PACE_MIN_S = 0.3      # shortest cap on the pauses of a user
TAIL_MAX_S = 120
WAY = 2               # changes when cover is made in another way: what was made before is made again
STAGGER_S = 10        # at most, between the starts of two runs: their users begin together


class Plan:
    """How much is wanted: connections that open within `window_s`, of at least so many users."""

    def __init__(self, window_s, target, sessions):
        self.window_s, self.target, self.sessions = window_s, target, sessions


class Likeness:
    """What a model's connections are like on average: enough to choose how many users to play."""

    def __init__(self, mean_s, mean_bytes, conns, inter_conn_s, tail_s):
        self.mean_s, self.mean_bytes = mean_s, mean_bytes      # of a connection
        self.conns, self.inter_conn_s = conns, inter_conn_s    # of a request-response exchange: connections, and from start to start
        self.tail_s = tail_s                                   # nearly all connections are over after so long

    def cycle_s(self, pace_s):
        """From the start of a user's exchange to that of the next."""
        return (self.conns - 1) * self.inter_conn_s + self.mean_s + pace_s

    def rate(self, pace_s):
        """Connections a second of one user."""
        return self.conns / self.cycle_s(pace_s)

    def live(self, pace_s):
        """Connections of one user at a time."""
        return self.rate(pace_s) * self.mean_s


CONSTANT = Likeness(5.3, 29000, 1, 0, 8)


def likeness(learn, models, name, paths, tail_s):
    """Of a learned model, from its means."""
    if name == "constant":
        return CONSTANT
    shown = json.loads(run([learn, "show", "--json", models, name]))["models"][0]
    mean = {p["name"]: p.get("mean") or 0 for p in shown["parameters"]}
    rtt_s = 2 * sum(p.delay_ms + p.jitter_ms / 2 for p in paths) / len(paths) / 1000
    pair_s = (mean["req_think_us"] + mean["server_think_us"]) / 1e6 + rtt_s
    seconds = mean["num_pairs"] * pair_s + 2 * rtt_s + mean["close_think_us"] / 1e6
    n_bytes = mean["num_pairs"] * (mean["req_bytes"] + mean["rsp_bytes"])
    return Likeness(seconds, n_bytes, max(1, mean["num_conn"]), mean["inter_conn_us"] / 1e6, tail_s)


def tail_of(learn, capture_file, ports):
    """How long to wait for the last connections: by the recorded ones' 99th percentile."""
    lines = run([learn, "connections", "--port", ports, "--max-pairs", "30000", capture_file]).splitlines()
    at = {name: i for i, name in enumerate(lines[0].lstrip("#").split("\t"))}
    seconds = sorted((int(r[at["end_us"]]) - int(r[at["start_us"]])) / 1e6 for r in (line.split("\t") for line in lines[1:]))
    if not seconds:
        raise WorldError(f"{capture_file} has no connections on port {ports}")
    return min(TAIL_MAX_S, seconds[len(seconds) * 99 // 100] * 1.5 + 2)


def users_of_a_run(like):
    """How many users one tunnel can play at a time."""
    return max(1, int(min(USERS_MAX, LIVE_MAX / like.live(PACE_MIN_S))))


def users_and_pace(plan, like, paths):
    """(users, longest pause in s).  As many users as open the wanted number of connections, at least plan.sessions; when that would be
    too much for the paths, they pause longer."""
    mbit = min(TOTAL_MBIT, sum(p.rate_mbit or TOTAL_MBIT for p in paths) * LINK_SHARE)
    rate = min(plan.target / plan.window_s, mbit * 1e6 / (8 * max(1.0, like.mean_bytes)))
    users = max(plan.sessions, math.ceil(rate / like.rate(PACE_MIN_S)))
    users = min(users, users_of_a_run(like) * RUNS_MAX)
    pace_s = max(PACE_MIN_S, users * like.conns / rate - like.cycle_s(0))
    return users, pace_s


def window_of(plan, like, users, pace_s):
    """How long to play, at most four times the wanted window, until the wanted connections have come."""
    return min(4 * plan.window_s, max(plan.window_s, round(plan.target / (users * like.rate(pace_s)))))


def at_once(like, path):
    """How many users may begin together: their first connections fill the path for a second."""
    return max(1, int((path.rate_mbit or TOTAL_MBIT) * 1e6 / (8 * max(1.0, like.mean_bytes))))


def users_by_path(users, sessions_by_path, paths, seed):
    """[(path, users)]: the path of each user drawn by itself, with the recorded sessions' shares (none known: equal ones).

    Not shared out exactly: when something visible is exactly as frequent in the cover as in the real connections, a learner that has
    seen more of it on one side in its training folds is left with less of it to score, and an AUC over folds falls below 0.5.
    """
    weights = [sessions_by_path.get(p.name, 0) for p in paths]
    drawn = random.Random(seed).choices(range(len(paths)), weights if any(weights) else None, k=users)
    return [(p, drawn.count(i)) for i, p in enumerate(paths) if i in drawn]


def share_out(users, like, sessions_by_path, paths, seed):
    """[(path, users)], one for each run: each path's users in as many runs as their number and, up to RUNS_MAX, the size of their connections
    ask for."""
    by_path = users_by_path(users, sessions_by_path, paths, seed)
    runs = []
    for path, mine in by_path:
        n = math.ceil(mine / users_of_a_run(like))
        n = max(n, min(math.ceil(mine / at_once(like, path)), RUNS_MAX // len(by_path), mine))
        runs += [(path, mine // n + (i < mine % n)) for i in range(n)]
    return runs


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

    def enrol(self, models):
        w = self.world
        link = run(["ip", "netns", "exec", self.server, w.program("tm/app/tm-server"), "setup", "--state", self.file("server"),
                    "--listen", self.net + ".2:443", "--name", "www.example.org", "--models", models]).strip()
        w.start(self.name + "server", self.server, [w.program("tm/app/tm-server"), "run", "--state", self.file("server"),
                                                    "--log-schedule", self.file("server.jsonl")])
        w.wait_for(self.name + "server", "^ready:", 20)
        run(["ip", "netns", "exec", self.client, w.program("tm/app/tm-client"), "join", link, "--state", self.file("client")])

    def capture(self):
        w = self.world
        w.start(self.name + "dump", self.client, ["tcpdump", "-i", "lk0", "-n", "-s", "96", "-B", "32768", "-U", "--immediate-mode",
                                                  "-w", self.file("wire.pcap"), "tcp", "port", "443"])
        w.wait_for(self.name + "dump", "listening", 10)

    def play(self, model, models, users, pace_s, seed):
        w = self.world
        w.start(self.name + "client", self.client, [
            w.program("tm/app/tm-client"), "run", "--state", self.file("client"), "--models", models, "--model", model,
            "--users", str(users), "--pace", f"{max(1, round(pace_s * 1000))}ms", "--seed", str(seed),
            "--log-schedule", self.file("client.jsonl"), "--summary-json", self.file("client.json")])
        w.wait_for(self.name + "client", "^ready:", 30)

    def finish(self):
        """The capture ends first: what the programs do when they are told to stop is not part of the schedule."""
        dumped = None
        if self.name + "dump" in self.world.processes:
            self.world.stop(self.name + "dump")
            dumped = _dropped(self.world.said(self.name + "dump"))
        for end in ("client", "server"):
            status = self.world.stop(self.name + end)
            if status != 0:
                raise WorldError(f"tm-{end} on {self.path.name} ended with status {status}: {self.world.said(self.name + end)[-600:]}")
        with open(self.file("client.json"), encoding="utf-8") as f:
            return json.load(f), dumped


def _dropped(said):
    for line in said.splitlines():
        if "dropped by kernel" in line:
            return int(line.split()[0])
    return None


def idle(build, work, model, models, runs, how, seed, net, tell):
    """Plays `model` without any user data and captures it: the material of the attacks.

    runs: [(path, users)]; how: (longest pause, window and tail in s); net: 10.NET.0.0 holds the sessions' addresses.  Returns
    what was seen; `work` gets cover.pcap, labels.csv and a folder with capture and logs for each run.
    """
    pace_s, window_s, tail_s = how
    stagger_s = min(STAGGER_S, window_s / len(runs))
    whole_s = stagger_s * (len(runs) - 1) + window_s + tail_s
    began = time.monotonic()

    def say(_):
        tell(f"{model}: {min(whole_s, time.monotonic() - began):.0f} of {whole_s:.0f} s")

    with World(build, work) as world:
        tunnels = []
        for number, (path, _) in enumerate(runs):
            tell(f"{model}: run {number + 1} of {len(runs)} joins")
            tunnels.append(Tunnel(world, number, path))
            tunnels[-1].enrol(models)
            tunnels[-1].capture()
        cpu, began = Cpu(), time.monotonic()
        for number, (t, (_, users)) in enumerate(zip(tunnels, runs)):
            _watch(world, stagger_s if number > 0 else 0, say)
            t.play(model, models, users, pace_s, seed + number)
        _watch(world, window_s + tail_s, say)
        cpu.sample()
        ends = [t.finish() for t in tunnels]
    summaries = [e[0] for e in ends]
    tell(f"{model}: sorting connections")
    sessions = Sessions(net, model, [t.file("client.jsonl") for t in tunnels], [t.path.name for t in tunnels])
    counts = capture.merge(os.path.join(work, "cover.pcap"), [t.file("wire.pcap") for t in tunnels], window_s * 1000000,
                           sessions.address_of)
    with open(os.path.join(work, "labels.csv"), "w", encoding="ascii") as f:
        f.write(sessions.labels())
    seconds = sum(s["seconds"] for s in summaries) / len(summaries)
    return dict(counts, model=model, users=sum(u for _, u in runs), pace_s=round(pace_s, 3), seed=seed, window_s=window_s,
                tail_s=round(tail_s, 1), cpu_share=round(cpu.mean(), 3), dropped_by_kernel=sum(e[1] or 0 for e in ends),
                wire_kbps=_kbps(summaries, "wire", seconds), died=sum(s["carriers_died"] for s in summaries),
                runs=[{"path": t.path.name, "users": u, "dir": t.name} for t, (_, u) in zip(tunnels, runs)])


def loaded(build, work, model, models, path, users, pace_s, seconds, seed, tell):
    """Plays `model` on one path under a download that never ends: what a person gets of it."""
    with World(build, work) as world:
        tunnel = Tunnel(world, 0, path)
        tunnel.enrol(models)
        _web(world, tunnel)
        tunnel.play(model, models, users, pace_s, seed)
        world.start("curl", tunnel.client, ["curl", "-sS", "--fail", "--noproxy", "", "--socks5-hostname", "127.0.0.1:1080",
                                            "-o", "/dev/null", f"{tunnel.net}.2:80/file"])
        _watch(world, seconds, lambda s: tell(f"{model} under a download: {s:.0f} of {seconds:.0f} s"))
        if not world.is_alive("curl"):
            raise WorldError(f"the download through {model} ended early: {world.said('curl')[-300:]}")
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
        for name in world.processes:
            if name.endswith(("client", "server", "link", "dump")) and not world.is_alive(name):
                raise WorldError(f"{name} ended during the run: {world.said(name)[-600:]}")
        time.sleep(min(2, max(0.05, began + seconds - time.monotonic())))


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
        time.sleep(0.1)
