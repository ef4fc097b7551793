"""A site: clients, the node that they share, and the far ends.

    c00 --+
    c01 --+-- a  access ---- emulated link ---- n  node ---- (t  other relays of Tor) ---- d  colluding server, echo, web
    ...   |                       20 Mbit/s           ^                               ^
    p   --+                                       entry.pcap                      exit.pcap

Each client has a namespace and an address of its own; p is the attacker's own, who probes.  The node is what carries: a plain TCP relay, Tor's guard,
or tm-server.  Sites are alike, and know nothing of each other but the processors that they share.
"""
import json
import os
import shutil
import subprocess
import time

from world import World, WorldError, run

LINK = ["--delay-ms", "10", "--jitter-ms", "1", "--rate-mbit", "20", "--queue-packets", "200"]
ACCESS, NODE = "10.70.8.1", "10.70.8.2"
NODE_FAR, SERVER = "10.70.9.1", "10.70.9.2"
TOR_NEAR, TOR = "10.70.10.1", "10.70.10.2"
SHAPED, ECHO, WEB = 7000, 7001, 7002
PROBER = "p"
HERE = os.path.dirname(os.path.abspath(__file__))
SNAP = 96


def address(number):
    return f"10.70.1.{number + 1}"


class Site(World):
    """Use it in a `with`; make() first, then wire.carry(site), then play."""

    def __init__(self, build, work, turn, n_clients):
        super().__init__(build, work, turn)
        os.makedirs(work, exist_ok=True)
        self.at, self.clients = {}, [f"c{i:02}" for i in range(n_clients)]
        self.everybody = self.clients + [PROBER]

    def start(self, name, place, command, cgroup=None):
        """As World's; place: the short name of a namespace, or None."""
        assert cgroup is None  # what scripts/torlab asks for, and nobody here
        super().start(name, self.at.get(place, place), command)

    def address_of(self, who):
        return address(self.everybody.index(who))

    def file(self, name):
        return os.path.join(self.work, name)

    # ---- Namespaces ----

    def make(self, has_tor=False):
        for name in ["a", "n", "d", *(["t"] if has_tor else []), *self.everybody]:
            self.at[name] = self.namespace(name)
        self.link("link", self.at["a"], ACCESS + "/24", self.at["n"], NODE + "/24", LINK + ["--seed", str(self.turn.number + 1)])
        for i, who in enumerate(self.everybody):
            self._join(f"v{i}", "a", f"{ACCESS} peer {address(i)}/32", "v", who, f"{address(i)} peer {ACCESS}/32")
            self._ip(who, f"route add default via {ACCESS}")
        if has_tor:
            self._join("vt", "n", TOR_NEAR + "/24", "vt", "t", TOR + "/24")
            self._join("vd", "t", NODE_FAR + "/24", "vd", "d", SERVER + "/24")
            self._ip("n", f"route add 10.70.9.0/24 via {TOR}")
            self._ip("t", f"route add default via {TOR_NEAR}")
        else:
            self._join("vd", "n", NODE_FAR + "/24", "vd", "d", SERVER + "/24")
        self._ip("d", f"route add default via {NODE_FAR}")
        self._ip("a", f"route add default via {NODE}")
        self._ip("n", f"route add 10.70.1.0/24 via {ACCESS}")
        for name in ("a", "n"):
            self.inside(name, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.start("serve", "d", ["python3", "-B", os.path.join(HERE, "serve.py"), SERVER, str(SHAPED), str(ECHO), str(WEB)])
        self.wait_for("serve", "^ready", 20)

    def inside(self, where, *command):
        return run(["ip", "netns", "exec", self.at[where], *command])

    def _ip(self, where, *lines):
        done = subprocess.run(["ip", "-n", self.at[where], "-batch", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise WorldError(f"ip in {where}: {done.stderr.strip()[-300:]}")

    def _join(self, device_a, a, address_a, device_b, b, address_b):
        run(["ip", "link", "add", device_a, "netns", self.at[a], "type", "veth", "peer", "name", device_b, "netns", self.at[b]])
        for where, device, what in ((a, device_a, address_a), (b, device_b, address_b)):
            self._ip(where, f"addr add {what} dev {device}", f"link set {device} up")

    # ---- What happens there ----

    def capture(self):
        """Both sides of the node, as flow exporters there would have them."""
        for name, where, device in (("entry", "n", "lk0"), ("exit", "d", "vd")):
            self.start(name, where, ["tcpdump", "-i", device, "-n", "-s", str(SNAP), "-B", "32768", "-U", "--immediate-mode", "-w",
                                     self.file(name + ".pcap"), "tcp"])
            self.wait_for(name, "listening", 10)

    def end_capture(self):
        """How many packets the captures lost."""
        for name in ("entry", "exit"):
            self.stop(name)
        return sum(int(line.split()[0]) for name in ("entry", "exit") for line in self.said(name).splitlines() if "dropped by kernel" in line)

    def play(self, wire, name, people, end):
        """People until the end (since 1970); {"space", "to"} become what the wire makes of them.  What went wrong, in words."""
        plan = [dict(p, space=self.at[p["who"]], **wire.way(self, p["who"], p["port"])) for p in people]
        with open(self.file(name + ".plan.json"), "w", encoding="utf-8") as f:
            json.dump({"end": end, "people": plan}, f)
        path = os.pathsep.join(os.path.join(os.path.dirname(HERE), d) for d in ("useful", "evaluation", "common"))
        self.start("people", None, ["env", "PYTHONPATH=" + path, "python3", "-B", os.path.join(HERE, "people.py"), self.file(name + ".plan.json")])
        while self.is_alive("people"):
            self.turn.sleep(0.3)
            self.check_alive()
            if time.time() > end + 30:
                raise WorldError(f"{name}: the people do not end")
        if self.stop("people") != 0:
            raise WorldError(f"{name}: {self.said('people')[-800:]}")
        return json.loads(self.said("people").splitlines()[-1])["failed"]

    def check_alive(self):
        for name, process in list(self.processes.items()):
            if name != "people" and process.poll() is not None:
                raise WorldError(f"{name} ended: {self.said(name)[-600:]}")

    def orders(self):
        """What the colluding server says of the streams that are over: {id: ...}."""
        lines = [json.loads(line) for line in self.said("serve").splitlines() if line.startswith("{")]
        return {line["id"]: line for line in lines if "id" in line}

    def forget(self, *names):
        for name in names:
            path = self.file(name)
            if os.path.isdir(path):
                shutil.rmtree(path, ignore_errors=True)
            elif os.path.exists(path):
                os.remove(path)
