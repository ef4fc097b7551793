"""What carries the clients' streams through the node: a plain relay, Tor, or the tunnel under a model."""
import os
import shutil
import sys
import time

from ground import ECHO, NODE, PROBER, SERVER, SHAPED, TOR, WEB
from world import WorldError, run

HERE = os.path.dirname(os.path.abspath(__file__))
RELAY, TOR_NAME = "relay", "tor"
MODELS = {  # name -> options of tm-client
    "constant": ["--model", "constant", "--users", "12"],
    "swing": ["--model", "https-browsing", "--users", "6", "--pace", "3s"],
    "joint": ["--model", "https-browsing-joint", "--users", "6", "--pace", "3s"],
    "shuffle": ["--model", "shuffle"],
    "front": ["--model", "maybenot", "--machines-client", "front", "--machines-server", "front"],
    "regulator": ["--model", "maybenot", "--machines-client", "regulator", "--machines-server", "regulator"],
    "tamaraw": ["--model", "maybenot", "--machines-client", "tamaraw", "--machines-server", "tamaraw"],
}
INDEPENDENT = ("constant", "swing", "joint")  # of what is carried
SETTLE_S = 4  # after the last client came


class Relay:
    """socat on the node, a port for each far end."""

    has_tor = False

    def carry(self, site, _):
        for port in (SHAPED, ECHO, WEB):
            site.start(f"relay{port}", "n", ["socat", f"TCP-LISTEN:{port},bind={NODE},fork,reuseaddr,nodelay", f"TCP:{SERVER}:{port},nodelay"])
        end = time.monotonic() + 10
        while len([x for x in site.inside("n", "ss", "-Htln").splitlines() if NODE in x]) < 3:
            if time.monotonic() > end:
                raise WorldError("socat does not listen")
            site.turn.sleep(0.1)

    def way(self, _, __, port):
        return {"socks": None, "to": f"{NODE}:{port}"}


class Tunnel:
    """tm-server on the node, and a tm-client for everybody."""

    has_tor = False

    def __init__(self, enrolment, options, is_seeded):
        self.enrolment, self.options, self.is_seeded = enrolment, options, is_seeded

    def carry(self, site, seed):
        self.enrolment.copy_to(site)
        models = ["--models", self.enrolment.models]
        site.start("server", "n", [site.program("tm/app/tm-server"), "run", "--state", site.file("server"), "--allow", "10.0.0.0/8"])
        site.wait_for("server", "^ready:", 20)
        for i, who in enumerate(site.everybody):
            seeded = ["--seed", str(seed * 1000 + i)] if self.is_seeded else []
            site.start("tm-" + who, who, [site.program("tm/app/tm-client"), "run", "--state", site.file("state-" + who), *models, *self.options,
                                          *seeded])
        for who in site.everybody:
            site.wait_for("tm-" + who, "^ready:", 60)
        site.turn.sleep(SETTLE_S)

    def way(self, _, __, port):
        return {"socks": "127.0.0.1:1080", "to": f"{SERVER}:{port}"}


class Enrolment:
    """A server's state and those of its clients, made once and copied to each site: all sites have the same addresses."""

    def __init__(self, site, models):
        self.dir, self.models, self.everybody = site.work, models, site.everybody
        server, state = site.program("tm/app/tm-server"), site.file("server")
        link = site.inside("n", server, "setup", "--state", state, "--listen", NODE + ":443", "--name", "www.example.org", "--models", models).strip()
        site.start("server", "n", [server, "run", "--state", state])
        site.wait_for("server", "^ready:", 20)
        for i, who in enumerate(self.everybody):
            if i > 0:
                link = site.inside("n", server, "invite", "--state", state).strip().splitlines()[-1]
            site.inside(who, site.program("tm/app/tm-client"), "join", link, "--state", site.file("state-" + who))
        site.stop("server")

    def copy_to(self, site):
        for name in ["server"] + ["state-" + who for who in self.everybody]:
            shutil.rmtree(site.file(name), ignore_errors=True)
            run(["cp", "-a", os.path.join(self.dir, name), site.file(name)])


class Tor:
    """Debian's tor: the node is everybody's guard; the prober has an exit of its own, and middles are as tor likes."""

    has_tor = True

    def carry(self, site, _):
        import plan  # noqa: PLC0415  (of scripts/torlab, which needs tor)
        import tornet  # noqa: PLC0415
        from labworld import LabError  # noqa: PLC0415
        others = [(f"mid{i}", "guard") for i in (1, 2, 3)] + [("exit1", "exit"), ("exit2", "exit")]
        nodes = [plan.Node("auth1", "authority", "t", TOR), plan.Node("node", "guard", "n", NODE)]
        for i, (name, kind) in enumerate(others):
            at = f"10.70.10.{11 + i}"
            site.inside("t", "ip", "addr", "add", at + "/24", "dev", "vt")
            nodes.append(plan.Node(name, kind, "t", at))
        nodes += [plan.Node("tor-" + who, "client", who, site.address_of(who), only_exit="exit2" if who == PROBER else "exit1", only_guard="node")
                  for who in site.everybody]
        try:
            net = tornet.TorNet(site, nodes)
            net.make()
            for n in net.of("authority", "guard", "exit"):
                net.start(n)
            net.wait_consensus(120, lambda _: None)
            clients = [n.name for n in net.of("client")]
            for n in net.of("client"):
                net.start(n)
            net.wait_bootstrapped(clients, 120, lambda _: None)
        except LabError as e:
            raise WorldError(f"tor: {e}") from e
        site.turn.sleep(SETTLE_S)

    def way(self, site, who, port):
        return {"socks": f"{site.address_of(who)}:9001", "to": f"{SERVER}:{port}"}


def wire_of(name, enrolment):
    if name == RELAY:
        return Relay()
    if name == TOR_NAME:
        sys.path.append(os.path.join(os.path.dirname(HERE), "torlab"))
        return Tor()
    return Tunnel(enrolment, MODELS[name], name in INDEPENDENT)
