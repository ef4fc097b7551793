"""Where the study happens: client and server with an observer between them, and what the tunnel is used for.

   +--------+  emulated  +----------+  emulated  +--------+  veth  +-----+
   | client | ---------- | observer | ---------- | server | ------ | web |
   +--------+            +----------+            +--------+        +-----+
       |                  captures here                               |
       +------------------- another way, past the tunnel -------------+

What the observer sees of either end has crossed an emulated link.  Client and web are joined by another way, for transfers past
the tunnel: the same programs at work, and nothing of it in the carriers.
"""
import json
import os
import threading

from world import World, WorldError, run

CLIENT, SERVER, WEB, WEB_DIRECT = "10.71.1.1", "10.71.2.1", "10.71.3.2", "10.71.4.2"
SOCKS_PORT = 1080
UP_PORT, WEB_PORT, SSH_PORT = 7000, 80, 22
LINK = ["--delay-ms", "10", "--jitter-ms", "1", "--queue-packets", "16384"]


class Turn:
    """What World asks of the crew that it belongs to: here there is one world at a time."""

    def __init__(self, number):
        self.number, self.stop = number, threading.Event()

    def sleep(self, seconds):
        self.stop.wait(seconds)


def json_of(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


class Field(World):
    """The four namespaces, with both ends of a tunnel that has joined; use it in a `with`."""

    def __init__(self, build, work, models, turn=None):
        super().__init__(build, work, turn or Turn(0))
        self.models = models
        os.makedirs(work, exist_ok=True)

    def make(self):
        self.at = {n: self.namespace(n) for n in ("client", "observer", "server", "web")}
        self.device = {}
        self._emulated("linkc", "client", CLIENT, "observer", "10.71.1.2", 1)
        self._emulated("links", "observer", "10.71.2.2", "server", SERVER, 2)
        self._wire("server", "10.71.3.1", "web", WEB)
        self._wire("client", "10.71.4.1", "web", WEB_DIRECT)
        self.inside("observer", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.inside("client", "ip", "route", "add", "10.71.2.0/24", "via", "10.71.1.2")
        self.inside("server", "ip", "route", "add", "10.71.1.0/24", "via", "10.71.2.2")

    def inside(self, where, *command):
        return run(["ip", "netns", "exec", self.at[where], *command])

    def _emulated(self, name, a, addr_a, b, addr_b, seed):
        self.link(name, self.at[a], addr_a + "/24", self.at[b], addr_b + "/24", LINK + ["--seed", str(seed)])
        words = [line.split() for line in self.said(name).splitlines() if line.startswith("ready")][0]
        self.device[name] = words[1:3]

    def _wire(self, a, addr_a, b, addr_b):
        name = "v" + a[0]
        run(["ip", "link", "add", name, "netns", self.at[a], "type", "veth", "peer", "name", name, "netns", self.at[b]])
        for where, addr in ((a, addr_a), (b, addr_b)):
            self.inside(where, "ip", "addr", "add", addr + "/24", "dev", name)
            self.inside(where, "ip", "link", "set", name, "up")

    def file(self, name):
        return os.path.join(self.work, name)

    def enrol(self):
        link = self.inside("server", self.program("tm/app/tm-server"), "setup", "--state", self.file("server"), "--listen", SERVER + ":443",
                           "--name", "www.example.org", "--models", self.models).strip()
        self._serve("enrolling", self.program("tm/app/tm-server"), [])
        self.inside("client", self.program("tm/app/tm-client"), "join", link, "--state", self.file("client"))
        self.stop("enrolling")

    def _serve(self, name, program, more):
        self.start(name, self.at["server"], [program, "run", "--state", self.file("server"), "--allow", "10.0.0.0/8", *more])
        self.wait_for(name, "^ready:", 20)

    def begin(self, name, programs, model, users, pace, seed):
        """Both ends and the capture between them; NAME.pcap, NAME.jsonl, NAME.server.jsonl and NAME.json are written."""
        device = self.device["linkc"][1]
        self.start("dump", self.at["observer"], ["tcpdump", "-i", device, "-n", "-s", "96", "-B", "65536", "-U", "--immediate-mode",
                                                 "-w", self.file(name + ".pcap"), "tcp", "port", "443"])
        self.wait_for("dump", "listening", 10)
        self._serve("server", programs[1], ["--seed", str(seed), "--log-schedule", self.file(name + ".server.jsonl")])
        self.start("client", self.at["client"], [
            programs[0], "run", "--state", self.file("client"), "--models", self.models, "--model", model, "--users", str(users),
            "--pace", pace, "--seed", str(seed), "--socks", f"127.0.0.1:{SOCKS_PORT}", "--log-schedule", self.file(name + ".jsonl"),
            "--summary-json", self.file(name + ".json")])
        self.wait_for("client", "^ready:", 30)

    def finish(self, name):
        """The capture ends first: what the programs do when they are told to stop is not part of the schedule."""
        self.stop("dump")
        dropped = [int(line.split()[0]) for line in self.said("dump").splitlines() if "dropped by kernel" in line]
        for end in ("client", "server"):
            status = self.stop(end)
            if status != 0:
                raise WorldError(f"tm-{end} ended with status {status}: {self.said(end)[-600:]}")
        return json_of(self.file(name + ".json")), sum(dropped)
