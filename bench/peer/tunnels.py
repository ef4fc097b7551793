"""The tunnels that are compared: how each is started, and where its near end is.

  direct       none: TCP over the path
  one-to-one   stunnel to stunnel: each connection has a TLS connection of its own
  haproxy      HAProxy to HAProxy, mode tcp, `nbthread 1` at both ends, a TLS connection each
  obfs4-N      obfs4proxy as client and server of a pluggable transport, iat-mode N (0: no delays, 1, 2: MUFFLER's peers)
  shuffle[:M]  tm-client --model shuffle[:M] -L to tm-server

All TLS is 1.3 with AES-128-GCM, as ours.  The near ends of stunnel and HAProxy verify no certificate, which only spares them time.
All run at nice -10, as tm-client and tm-server set it themselves; the wire threads of these ask for real-time priority, which the others lack.
"""
import os
import re

from rig import FAR, WEB
from world import WorldError, run

SUITE = "TLS_AES_128_GCM_SHA256"
PORTS = {"one-to-one": 5001, "haproxy": 5002, "obfs4-0": 5010, "obfs4-1": 5011, "obfs4-2": 5012}


class Door:
    """Where clients connect; programs: names of both ends; socks: (user name, address, port) that the proxy there is asked for."""

    def __init__(self, ip, port, programs=(), socks=None):
        self.ip, self.port, self.programs, self.socks = ip, port, list(programs), socks

    def words(self, path, clients, seconds):
        """Arguments of tm-bench-load."""
        return [self.ip, str(self.port), path, str(clients), f"{seconds:g}"] + [str(x) for x in self.socks or ()]


def _write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def _certificate(rig):
    both = os.path.join(rig.work, "both.pem")
    if not os.path.exists(both):
        key, cert = os.path.join(rig.work, "key.pem"), os.path.join(rig.work, "cert.pem")
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
             "/CN=www.example.org", "-keyout", key, "-out", cert])
        _write(both, open(cert, encoding="ascii").read() + open(key, encoding="ascii").read())
    return both


def _stunnel(rig, name):
    port, pem = PORTS[name], _certificate(rig)
    head = (f"foreground = quiet\nsyslog = no\ndebug = 3\npid =\nsslVersionMin = TLSv1.3\nciphersuites = {SUITE}\n"
            "socket = l:TCP_NODELAY=1\nsocket = r:TCP_NODELAY=1\n[web]\n")
    far = _write(os.path.join(rig.work, "stunnel-far.conf"), head + f"accept = {FAR}:{port}\nconnect = {WEB}:80\ncert = {pem}\n")
    near = _write(os.path.join(rig.work, "stunnel-near.conf"), head + f"client = yes\naccept = 127.0.0.1:{port}\nconnect = {FAR}:{port}\n")
    return _both_ends(rig, name, lambda conf: ["stunnel", conf], far, near)


def _haproxy(rig, name):
    port, pem = PORTS[name], _certificate(rig)
    head = ("global\n  nbthread 1\n  maxconn 8192\n"
            f"  ssl-default-bind-ciphersuites {SUITE}\n  ssl-default-server-ciphersuites {SUITE}\n"
            "  ssl-default-bind-options ssl-min-ver TLSv1.3\n  ssl-default-server-options ssl-min-ver TLSv1.3\n"
            "defaults\n  mode tcp\n  timeout connect 30s\n  timeout client 1h\n  timeout server 1h\nlisten web\n")
    far = _write(os.path.join(rig.work, "haproxy-far.cfg"), head + f"  bind {FAR}:{port} ssl crt {pem}\n  server web {WEB}:80\n")
    near = _write(os.path.join(rig.work, "haproxy-near.cfg"),
                  head + f"  bind 127.0.0.1:{port}\n  server far {FAR}:{port} ssl verify none\n")
    return _both_ends(rig, name, lambda conf: ["haproxy", "-db", "-q", "-f", conf], far, near)


def _both_ends(rig, name, command, far, near):
    rig.start(f"{name}-far", "s", command(far))
    rig.wait_listening("s", PORTS[name], f"{name}-far")
    rig.start(f"{name}-near", "c", command(near))
    rig.wait_listening("c", PORTS[name], f"{name}-near")
    return Door("127.0.0.1", PORTS[name], [f"{name}-far", f"{name}-near"])


def _obfs4(rig, name):
    """Both ends as Tor would start them (pt-spec, sec. 3.2 and 3.3)."""
    mode, port = name[-1], PORTS[name]
    common = {"TOR_PT_MANAGED_TRANSPORT_VER": "1", "TOR_PT_EXIT_ON_STDIN_CLOSE": "0"}
    state = {end: os.path.join(rig.work, f"{name}-{end}-state") for end in ("far", "near")}
    for directory in state.values():
        os.makedirs(directory, mode=0o700)
    rig.start(f"{name}-far", "s", ["obfs4proxy"], common | {
        "TOR_PT_STATE_LOCATION": state["far"], "TOR_PT_SERVER_TRANSPORTS": "obfs4", "TOR_PT_SERVER_BINDADDR": f"obfs4-{FAR}:{port}",
        "TOR_PT_ORPORT": f"{WEB}:80", "TOR_PT_SERVER_TRANSPORT_OPTIONS": f"obfs4:iat-mode={mode}"})
    rig.world.wait_for(f"{name}-far", "^SMETHODS DONE", 20)
    said = re.search(r"^SMETHOD obfs4 \S+ ARGS:(\S+)", rig.world.said(f"{name}-far"), re.M)
    if not said or f"iat-mode={mode}" not in said[1]:
        raise WorldError(f"{name}: {rig.world.said(f'{name}-far')[-400:]}")
    rig.start(f"{name}-near", "c", ["obfs4proxy"], common | {
        "TOR_PT_STATE_LOCATION": state["near"], "TOR_PT_CLIENT_TRANSPORTS": "obfs4"})
    rig.world.wait_for(f"{name}-near", "^CMETHODS DONE", 20)
    there = re.search(r"^CMETHOD obfs4 socks5 127\.0\.0\.1:(\d+)", rig.world.said(f"{name}-near"), re.M)
    if not there:
        raise WorldError(f"{name}: {rig.world.said(f'{name}-near')[-400:]}")
    return Door("127.0.0.1", int(there[1]), [f"{name}-far", f"{name}-near"], (said[1].replace(",", ";"), FAR, port))


def _shuffle(rig, name, number):
    """A server and an enrolment of its own, so that sessions of several tunnels have nothing to do with each other."""
    w = rig.world
    client, server = w.program("tm/app/tm-client"), w.program("tm/app/tm-server")
    models = os.path.join(rig.work, "models.db")
    if not os.path.exists(models):
        run([w.program("test/net/tm-test-model"), models, "quick"])
    tag = name.replace(":", "-")
    far, near, port = os.path.join(rig.work, tag + "-far.d"), os.path.join(rig.work, tag + "-near.d"), 4430 + number
    link = rig.in_space("s", [server, "setup", "--state", far, "--listen", f"{FAR}:{port}", "--models", models]).strip()
    rig.start(f"{tag}-far", "s", [server, "run", "--state", far, "--allow", "10.0.0.0/8"])
    w.wait_for(f"{tag}-far", "^ready:", 20)
    rig.in_space("c", [client, "join", link, "--state", near])
    rig.start(f"{tag}-near", "c", [client, "run", "--state", near, "--models", models, "--socks", f"127.0.0.1:{1080 + number}",
                                   "--model", name, "-L", f"{8080 + number}:{WEB}:80"])
    w.wait_for(f"{tag}-near", "^ready:", 60)
    return Door("127.0.0.1", 8080 + number, [f"{tag}-far", f"{tag}-near"])


def start(rig, name, number):
    """The door of a tunnel that runs from now on; number: among those of the rig."""
    if name == "direct":
        return Door(WEB, 80)
    if name == "one-to-one":
        return _stunnel(rig, name)
    if name == "haproxy":
        return _haproxy(rig, name)
    if name in PORTS:
        return _obfs4(rig, name)
    if name == "shuffle" or re.fullmatch(r"shuffle:\d+", name):
        return _shuffle(rig, name, number)
    raise WorldError(f"no such tunnel: {name}")
