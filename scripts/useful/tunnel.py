"""Tunnels that are measured: both ends in namespaces of their own, on an emulated path of their own.

Enrolling takes a key exchange and a run of the server, so it is done once; every tunnel then gets a copy of what both ends keep.
"""
import contextlib
import ctypes
import json
import os
import shutil
import stat
import subprocess
import time

from world import World, WorldError, run

CLONE_NEWNET = 0x40000000
CLIENT, SERVER = "10.60.0.1", "10.60.0.2"
DEVICE = "lk0"
_libc = ctypes.CDLL(None, use_errno=True)


class Path:
    """A round trip in ms, without loss; 100 Mbit/s each way."""

    RATE_MBIT, JITTER_MS = 100, 1

    def __init__(self, rtt_ms):
        self.rtt_ms, self.name = rtt_ms, f"{rtt_ms} ms"

    def mean_rtt(self):
        """With the jitter, which is added on each way, from nothing to all of it: as tm-learn simulate, which has none, is told."""
        return f"{1000 * (self.rtt_ms + self.JITTER_MS):.0f}us"

    def options(self, seed):
        return ["--delay-ms", f"{self.rtt_ms / 2:g}", "--jitter-ms", str(self.JITTER_MS), "--rate-mbit", str(self.RATE_MBIT),
                "--queue-packets", "1000", "--seed", str(seed)]


def _enter(fd):
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise WorldError(f"cannot enter a namespace: {os.strerror(ctypes.get_errno())}")


@contextlib.contextmanager
def inside(namespace):
    """This thread is there meanwhile; sockets that it makes stay there."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        _enter(there)
        yield
    finally:
        _enter(own)
        os.close(there)
        os.close(own)


def _is_socket(directory, names):
    return [n for n in names if stat.S_ISSOCK(os.lstat(os.path.join(directory, n)).st_mode)]


class Enrolment:
    """What both ends keep after `join`, in WORK/enrolment."""

    def __init__(self, build, work, models, turn):
        self.dir, self.models = os.path.join(work, "enrolment"), models
        os.makedirs(self.dir)
        with World(build, self.dir, turn) as world:
            server = world.namespace("s")
            run(["ip", "-n", server, "addr", "add", SERVER + "/32", "dev", "lo"])
            link = run(["ip", "netns", "exec", server, world.program("tm/app/tm-server"), "setup", "--state", self.state("server"),
                        "--listen", SERVER + ":443", "--name", "www.example.org", "--models", models]).strip()
            world.start("server", server, [world.program("tm/app/tm-server"), "run", "--state", self.state("server")])
            world.wait_for("server", "^ready:", 20)
            run(["ip", "netns", "exec", server, world.program("tm/app/tm-client"), "join", link, "--state", self.state("client")])
            world.stop("server")

    def state(self, end):
        return os.path.join(self.dir, end)

    def copy_to(self, directory):
        for end in ("client", "server"):
            shutil.copytree(self.state(end), os.path.join(directory, end), ignore=_is_socket)


class Tunnel:
    """Two namespaces and a path; serve() and play() start the programs.  Ends with its World."""

    def __init__(self, world, path, seed, client=CLIENT):
        self.world, self.path, self.seed = world, path, seed
        os.makedirs(world.work, exist_ok=True)
        self.client, self.server = world.namespace("c"), world.namespace("s")
        world.link("link", self.client, client + "/24", self.server, SERVER + "/24", path.options(seed))

    def serve(self, enrolment, hosts=None):
        """Starts tm-server; hosts: a file that stands for /etc/hosts."""
        w = self.world
        enrolment.copy_to(w.work)
        command = [w.program("tm/app/tm-server"), "run", "--state", os.path.join(w.work, "server"), "--allow", "10.0.0.0/8"]
        if hosts:
            command = ["sh", "-c", f"mount --bind '{hosts}' /etc/hosts && exec \"$@\"", "sh"] + command
        w.start("server", self.server, command)
        w.wait_for("server", "^ready:", 20)

    def play(self, models, *options, has_seed=True, is_logged=False):
        """Starts tm-client; has_seed: there is a schedule, which is the same each time; is_logged: with a log of it, which begun_s() needs."""
        w = self.world
        seed = ["--seed", str(self.seed)] if has_seed else []
        if is_logged:
            options += ("--log-schedule", self._log())
        w.start("client", self.client, [w.program("tm/app/tm-client"), "run", "--state", os.path.join(w.work, "client"), "--models", models,
                                        *seed, "--summary-json", os.path.join(w.work, "client.json"), *options])
        w.wait_for("client", "^ready:", 60)

    def _log(self):
        return os.path.join(self.world.work, "schedule.jsonl")

    def begun_s(self):
        """When the schedule began, by time.monotonic(): its first openings wait for nothing else."""
        with open(self._log(), encoding="utf-8") as f:
            lines = [json.loads(line) for line in f if '"origin"' in line and line.endswith("\n")]
        at = [line["event"] for line in lines]
        if not at:
            raise WorldError(f"{self._log()} has no opening")
        return min(at) / 1e6

    def status(self, end):
        """What `tm-client status` or `tm-server status` says now."""
        done = subprocess.run([self.world.program(f"tm/app/tm-{end}"), "status", "--state", os.path.join(self.world.work, end), "--json"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise WorldError(f"tm-{end} status: {done.stderr.strip()[-300:]}; {self.world.said(end)[-300:]}") from None

    def wire(self):
        """Bytes of IP packets that the client's device has sent and received so far."""
        with inside(self.client), open("/proc/thread-self/net/dev", encoding="ascii") as f:
            for line in f:
                name, _, numbers = line.partition(":")
                if name.strip() == DEVICE:
                    v = numbers.split()
                    return int(v[8]), int(v[0])
        raise WorldError(f"{self.client} has no device {DEVICE}")

    def sleep(self, seconds):
        """Waits, and sees a program that ends meanwhile."""
        end = time.monotonic() + seconds
        while True:
            for name in ("client", "server", "link"):
                if name in self.world.processes and not self.world.is_alive(name):
                    raise WorldError(f"{name} ended during the run: {self.world.said(name)[-600:]}")
            left = end - time.monotonic()
            if left <= 0:
                return
            self.world.turn.sleep(min(1, left))
