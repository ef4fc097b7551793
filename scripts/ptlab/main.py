"""Tor clients that reach a bridge by a pluggable transport, ours or obfs4proxy; started by scripts/pt-lab, as root.

    +-------------------------------+ lk0 10.66.0.2     tm-linkem     10.66.0.1 lk0 +--------------------------------+
    | c  the clients' host: tor and | --------------------------------------------- | n  the internet: an authority, |
    |    its transports, no other   |                captured here                  |    relays, the bridge with its |
    |    way out                    |                                               |    transports, nginx; 10.77/16 |
    +-------------------------------+                                               +--------------------------------+
"""
import argparse
import getpass
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), "torlab"), os.path.join(os.path.dirname(HERE), "common")]

import plan  # noqa: E402  (torlab's)
import tornet  # noqa: E402
from pages import Pages  # noqa: E402
from pcapfile import packets  # noqa: E402
from wire import fields  # noqa: E402
from world import LabError, World, sh, wait_until  # noqa: E402

BEGAN = time.monotonic()
CLIENTS, INTERNET = "c", "n"
CLIENTS_ADDRESS, BRIDGE_ADDRESS, WEB = "10.66.0.2", "10.66.0.1", "10.77.9.1:8080"
PORTS = {"trafficmimic": 443, "obfs4": 6001}
CONTROL = "obfs4"
OURS = "trafficmimic"
BOOTSTRAP_SECONDS = 150


def say(text):
    """Progress, on standard error."""
    t = int(time.monotonic() - BEGAN)
    print(f"[{t // 60}:{t % 60:02d}] {text}", file=sys.stderr, flush=True)


class BridgeWorld(World):
    """Two namespaces and the link between them."""

    def _make_network(self):
        for place in (INTERNET, CLIENTS):
            sh("ip", "netns", "add", self.space(place))
            self.spaces.append(self.space(place))
            self._in(place, "ip link set lo up")
        self.start("link", INTERNET, [self.linkem, self.space(INTERNET), f"{BRIDGE_ADDRESS}/24", self.space(CLIENTS), f"{CLIENTS_ADDRESS}/24",
                                      *plan.LINK])
        self.wait_for("link", "^ready", 40)
        self._in(INTERNET, "ip addr add 10.77.0.1/16 dev lo")
        self._in(CLIENTS, f"ip route add default via {BRIDGE_ADDRESS}")  # what goes past the bridge is seen

    def _make_cgroup(self):
        """None is needed."""


class BridgeNet(tornet.TorNet):
    """A small network with a bridge, and a client for each transport."""

    def __init__(self, world, transports, programs):
        super().__init__(world)
        self.transports, self.programs = transports, programs
        self.nodes = ([plan.Node("auth1", "authority", INTERNET, "10.77.1.1")]
                      + [plan.Node(f"guard{i}", "guard", INTERNET, f"10.77.2.{i}") for i in (1, 2)]
                      + [plan.Node("exit1", "exit", INTERNET, "10.77.3.1"), plan.Node("bridge", "bridge", INTERNET, "10.77.5.1")]
                      + [plan.Node(f"c{i}", "bridge client", CLIENTS, CLIENTS_ADDRESS) for i in range(len(transports))])
        self.lines = {}

    def make(self):
        super().make()
        bridge = self.node("bridge")
        self._make_keys(bridge)
        self._write(bridge, self._bridge())

    def _write(self, node, text):
        with open(f"{self.dir(node)}/torrc", "w", encoding="utf-8") as f:
            f.write(text)

    def _bridge(self):
        """Behind what every node has, which is all that _torrc knows of this kind."""
        n = self.node("bridge")
        text = (self._torrc(n) + tornet.RELAY + tornet.NO_EXIT + f"Nickname {n.name}\nAddress {n.address}\nORPort {n.address}:{plan.OR_PORT} IPv4Only\n"
                "BridgeRelay 1\nPublishServerDescriptor 0\nExtORPort auto\n"
                f"ServerTransportPlugin {OURS} exec {self.programs['tm-server']} pt --models {self.programs['models']} --name www.example.org\n"
                f"ServerTransportListenAddr {OURS} {BRIDGE_ADDRESS}:{PORTS[OURS]}\n")
        if any(t.name == CONTROL for t in self.transports):
            text += (f"ServerTransportPlugin {CONTROL} exec {self.programs['obfs4proxy']}\n"
                     f"ServerTransportListenAddr {CONTROL} {BRIDGE_ADDRESS}:{PORTS[CONTROL]}\n")
        return text

    def wait_bridge(self):
        """Until it has the consensus and the descriptors that its clients ask it for, and its transports listen; the arguments of their lines are in the files
        that they write for the operator."""
        names, bridge = {t.name for t in self.transports}, self.node("bridge")
        n_relays = len([n for n in self.nodes if n.is_relay])
        found = {}

        def is_ready():
            for name in names:
                path = f"{self.dir(bridge)}/pt_state/{name}_bridgeline.txt"
                line = os.path.exists(path) and re.search(rf"^Bridge {name} .*?(\w+=.*)$", self._read(path), re.M)
                if line:
                    found[name] = line[1]
            return (names <= set(found) and all(f"Registered server transport '{name}'" in self.world.said("bridge") for name in names)
                    and self._consensus_of(bridge)[:2] == (n_relays, 1) and self._descriptors_of(bridge) >= n_relays)
        if not wait_until(40, is_ready):
            raise LabError(f"the bridge's transports are not ready: {self.world.said('bridge')[-800:]}")
        self.lines = found

    @staticmethod
    def _read(path):
        with open(path, encoding="utf-8") as f:
            return f.read()

    def start_client(self, number):
        """A client whose one bridge line is of this transport."""
        t, n = self.transports[number], self.node(f"c{number}")
        program = f"{self.programs['tm-client']} pt --models {self.programs['models']}" if t.name == OURS else self.programs["obfs4proxy"]
        line = f"Bridge {t.name} {BRIDGE_ADDRESS}:{PORTS[t.name]} {self.node('bridge').fingerprint} {self.lines[t.name]} {t.arguments}"
        self._write(n, self._torrc(n) + tornet.CLIENT + f"SocksPort {n.address}:{plan.SOCKS_PORT}\nUseBridges 1\nConfluxEnabled 0\n{line}\n"
                    f"ClientTransportPlugin {t.name} exec {program}\n")
        self.start(n)
        return n


class Transport:
    """One that is tried: its name and what its bridge line says beside what it needs."""

    def __init__(self, text):
        self.name, _, arguments = text.partition(":")
        self.arguments = arguments.replace(",", " ")
        self.text = text

    def __str__(self):
        return self.text


def start_web(world, files):
    work = f"{world.work}/nginx"
    os.makedirs(f"{work}/tmp")
    temporary = "".join(f"{kind}_temp_path {work}/tmp; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(f"{work}/nginx.conf", "w", encoding="utf-8") as f:
        f.write(f"user {getpass.getuser()}; daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error.log;\n"
                f"events {{ worker_connections 64; }}\nhttp {{ {temporary} access_log off; default_type application/octet-stream;\n"
                f"server {{ listen {WEB}; root {files}; }} }}\n")
    world.start("nginx", INTERNET, ["nginx", "-p", work, "-c", f"{work}/nginx.conf"])


class Lab:
    """One run."""

    def __init__(self, world, args):
        self.world, self.args = world, args
        self.net = BridgeNet(world, args.transports, {"tm-client": args.tm_client, "tm-server": args.tm_server, "models": args.models_db,
                                                      "obfs4proxy": args.obfs4proxy})
        self.checks, self.rows = [], []

    def check(self, what, is_so):
        self.checks.append({"what": what, "ok": bool(is_so)})
        say(f"{'ok' if is_so else 'FAILED'}: {what}")

    def bootstrap(self, files):
        self.world.make()
        self.net.make()
        start_web(self.world, files)
        for n in self.net.of("authority", "guard", "exit"):
            self.net.start(n)
        last = [""]

        def progress(text):
            if text != last[0]:
                say(text)
            last[0] = text
        self.net.wait_consensus(BOOTSTRAP_SECONDS, progress)
        self.net.start(self.net.node("bridge"))
        self.net.wait_bridge()
        self.world.start("tcpdump", CLIENTS, ["tcpdump", "-i", "lk0", "-n", "-s", "96", "-B", "65536", "-U", "--immediate-mode", "-Z", "root",
                                              "-w", f"{self.world.work}/wire.pcap", "ip"])
        self.world.wait_for("tcpdump", "listening", 40)

    def carried(self, number, pages):
        """A client bootstraps by the transport, and fetches."""
        t, began = self.args.transports[number], time.monotonic()
        client = self.net.start_client(number)
        reached = wait_until(BOOTSTRAP_SECONDS, lambda: self.net.bootstrapped(client.name) == 100)
        took = round(time.monotonic() - began, 1)
        self.check(f"{t}: tor bootstraps through the bridge ({took} s)", reached)
        row = {"transport": str(t), "bootstrap_s": took, "pages": []}
        self.rows.append(row)
        if not reached:
            say(self.world.said(client.name)[-1500:])
            return
        for size in pages.sizes:
            page = pages.row(str(t), "exit", client, WEB, size, self.args.repeat)
            row["pages"].append(page)
            self.check(f"{t}: {page['equal']} of {page['n']} pages of {size} bytes with the same SHA-256, median {page['median_s']} s "
                       f"{page.get('error', '')}", page["equal"] == page["n"])
        hops = self.paths(client)
        self.check(f"{t}: its circuits begin at the bridge: {'; '.join(' > '.join(h) for h in hops)}", hops and all(h[0] == "bridge" for h in hops))
        self.world.stop(client.name)

    def paths(self, client):
        said = self.net._ask(client, "GETINFO circuit-status")  # pylint: disable=protected-access
        hops = [re.findall(r"~(\w+)", line) for line in said.splitlines() if " BUILT " in line]
        return sorted({tuple(h) for h in hops if len(h) == 3})

    def judge_wire(self):
        """What left the clients' host: to the bridge's transports, and nowhere else."""
        self.world.stop("tcpdump", 10, signal.SIGINT)
        where = {}
        for _, _, data in packets(f"{self.world.work}/wire.pcap"):
            src, dst, _, dport, _ = fields(data)
            if src == CLIENTS_ADDRESS:
                where[f"{dst}:{dport}"] = where.get(f"{dst}:{dport}", 0) + 1
        wanted = {f"{BRIDGE_ADDRESS}:{PORTS[t.name]}" for t in self.args.transports}
        self.check(f"the clients' host sent to its bridge's transports, and nowhere else: {where}", set(where) == wanted)

    def judge_bridge(self):
        """Where our part of the bridge was: its user, its end."""
        said = self.world.said("bridge")
        self.check("the bridge's tor complains of no transport", not re.search(r"(?i)managed proxy.*(error|fail|terminated)", said))
        def is_there():
            return any(runs(pid, self.args.tm_server, self.world.work) for pid in os.listdir("/proc") if pid.isdigit())
        was_there = is_there()
        self.world.stop("bridge")
        self.check("its transport is there, and ends with it", was_there and wait_until(10, lambda: not is_there()))

    def run(self):
        pages = Pages(self.world, self.args.sizes, self.args.seed)
        self.bootstrap(pages.files)
        for number in range(len(self.args.transports)):
            self.carried(number, pages)
        self.judge_wire()
        self.judge_bridge()
        return {"schema_version": 1, "tor": tornet.version(), "transports": self.rows, "seconds": round(time.monotonic() - BEGAN, 1),
                "checks": self.checks, "ok": all(c["ok"] for c in self.checks)}


def runs(pid, program, work):
    """Whether the process is a transport of this run: our program, with its state below our work directory."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            words = f.read().split(b"\0")
        with open(f"/proc/{pid}/environ", "rb") as f:
            return words[:2] == [program.encode(), b"pt"] and work.encode() in f.read()
    except OSError:
        return False


def text_of(found):
    """The table that a person reads."""
    lines = [f"tor {found['tor']}, {found['seconds']} s in all", ""]
    for row in found["transports"]:
        pages = ", ".join(f"{p['bytes']} B {p['median_s']:.2f} s ({p['equal']}/{p['n']})" for p in row["pages"])
        lines.append(f"{row['transport']}: bootstrapped after {row['bootstrap_s']} s; {pages}")
    return "\n".join(lines + [""] + [f"{'ok    ' if c['ok'] else 'FAILED'}  {c['what']}" for c in found["checks"]])


def arguments():
    p = argparse.ArgumentParser(prog="scripts/pt-lab", usage="see scripts/pt-lab --help")
    for name in ("tm-client", "tm-server", "linkem", "models-db", "obfs4proxy"):
        p.add_argument(f"--{name}", required=True)
    p.add_argument("--transports", type=lambda text: [Transport(t) for t in text.split()], required=True)
    p.add_argument("--sizes", type=lambda text: sorted({int(s) for s in text.split(",")}), required=True)
    p.add_argument("--repeat", type=int, required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--json", action="store_true")
    p.add_argument("--keep", action="store_true")
    return p.parse_args()


def main():
    args = arguments()
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda number, _: sys.exit(128 + number))
    work = tempfile.mkdtemp(prefix="tm-pt-")
    try:
        with BridgeWorld(work, args.linkem) as world:
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
    print(json.dumps(found, indent=1) if args.json else text_of(found))
    return 0 if found["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
