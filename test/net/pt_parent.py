"""A parent of pluggable transports that is no tor: checks the lines of tm-client pt and tm-server pt, and carries bytes by both.

    pt_parent.py TM_CLIENT TM_SERVER MODELS WORK      prints a line for each thing that holds; exit status 1 at the first that does not
"""
import contextlib
import hashlib
import hmac
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

CLIENT, SERVER, MODELS, WORK = sys.argv[1:5]
NAME = "trafficmimic"
COOKIE_HEAD = b"! Extended ORPort Auth Cookie !\x0a"
LINE_SECONDS = 60
OBJECT = 300000
MODEL = ("model=https-browsing", "users=60", "pace=1s")  # drawn one by one: nothing is put together beforehand


def check(what, is_so, seen=""):
    """One line; the first that does not hold ends the test."""
    if not is_so:
        sys.exit(f"FAILED: {what}: {seen}")
    print(f"ok: {what}", flush=True)


class Transport:
    """A transport that was started with an environment of its own."""

    def __init__(self, role, state, environment, *options):
        program = CLIENT if role == "CLIENT" else SERVER
        names = {"TOR_PT_MANAGED_TRANSPORT_VER": "1", "TOR_PT_STATE_LOCATION": state, "TOR_PT_EXIT_ON_STDIN_CLOSE": "1",
                 f"TOR_PT_{role}_TRANSPORTS": NAME}
        names.update(environment)
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TOR_PT_")}
        self.errors = open(f"{WORK}/pt-{role.lower()}-{time.monotonic_ns()}.log", "wb")
        self.process = subprocess.Popen([program, "pt", "--models", MODELS, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, env={**kept, **{k: v for k, v in names.items() if v is not None}})
        self.lines, self.rest = [], b""

    def until(self, pattern, seconds=LINE_SECONDS):
        """Reads lines to the one that matches; that match, or None at the end of the output or of the time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            while b"\n" in self.rest:
                line, self.rest = self.rest.split(b"\n", 1)
                self.lines.append(line.decode("ascii"))
                found = re.fullmatch(pattern, self.lines[-1])
                if found:
                    return found
            if not select.select([self.process.stdout], [], [], 0.1)[0]:
                continue
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return None
            self.rest += more
        return None

    def ends(self, seconds=60):
        """The exit status once it ends by itself; None: it does not."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def said_so_far(self):
        self.until("no line is like this", 1)
        return self.lines

    def said(self):
        """Everything that it said, when it has ended."""
        self.until("no line is like this", 5)
        return self.lines


def says(what, role, state, environment, wanted, options=()):
    """A transport with this environment says exactly these lines (LOG aside) and ends with status 1, or 0 where it was no error."""
    t = Transport(role, state, environment, *options)
    t.process.stdin.close()
    status = t.ends()
    lines = [line for line in t.said() if not line.startswith("LOG ")]
    is_same = len(lines) == len(wanted) and all(re.fullmatch(w, line) for w, line in zip(wanted, lines))
    is_error = any("ERROR" in w for w in wanted)
    check(what, is_same and status == (1 if is_error else 0), f"status {status}, {lines}")


def wrong_environments(state):
    """What a parent can get wrong, and the line that it is told."""
    orport = {"TOR_PT_ORPORT": "127.0.0.1:5001"}
    says("no version asked for", "CLIENT", state, {"TOR_PT_MANAGED_TRANSPORT_VER": None}, ["ENV-ERROR .+"])
    says("a version that is not ours", "CLIENT", state, {"TOR_PT_MANAGED_TRANSPORT_VER": "2,3"}, ["VERSION-ERROR no-version"])
    says("ours among others, and nothing for us to do", "CLIENT", state,
         {"TOR_PT_MANAGED_TRANSPORT_VER": "2,1", "TOR_PT_CLIENT_TRANSPORTS": "obfs4"}, ["VERSION 1", "CMETHODS DONE"])
    says("no state location", "CLIENT", state, {"TOR_PT_STATE_LOCATION": None}, ["VERSION 1", "ENV-ERROR .*TOR_PT_STATE_LOCATION.*"])
    says("a relative one", "SERVER", state, {"TOR_PT_STATE_LOCATION": "pt", **orport}, ["VERSION 1", "ENV-ERROR .*TOR_PT_STATE_LOCATION.*"])
    says("no transports", "CLIENT", state, {"TOR_PT_CLIENT_TRANSPORTS": None}, ["VERSION 1", "ENV-ERROR .*TOR_PT_CLIENT_TRANSPORTS.*"])
    says("a proxy", "CLIENT", state, {"TOR_PT_PROXY": "socks5://127.0.0.1:1080"}, ["VERSION 1", "PROXY-ERROR .+"])
    says("a state directory that cannot be made", "CLIENT", "/proc/none/pt", {}, ["VERSION 1", f"CMETHOD-ERROR {NAME} .+", "CMETHODS DONE"])
    says("no ORPort", "SERVER", state, {}, ["VERSION 1", "ENV-ERROR .*TOR_PT_ORPORT.*"])
    says("an ORPort that is none", "SERVER", state, {"TOR_PT_ORPORT": "127.0.0.1"}, ["VERSION 1", "ENV-ERROR .*TOR_PT_ORPORT.*"])
    says("an extended ORPort without its cookie", "SERVER", state, {"TOR_PT_EXTENDED_SERVER_PORT": "127.0.0.1:5002", **orport},
         ["VERSION 1", "ENV-ERROR .*TOR_PT_AUTH_COOKIE_FILE.*"])
    says("a cookie that is none", "SERVER", state, {"TOR_PT_EXTENDED_SERVER_PORT": "127.0.0.1:5002", "TOR_PT_AUTH_COOKIE_FILE": "/etc/hosts"},
         ["VERSION 1", f"SMETHOD-ERROR {NAME} .*cookie.*", "SMETHODS DONE"])
    says("an address that is not ours to listen on", "SERVER", state, {"TOR_PT_SERVER_BINDADDR": f"{NAME}-192.0.2.1:443", **orport},
         ["VERSION 1", f"SMETHOD-ERROR {NAME} .+", "SMETHODS DONE"])
    says("an option with a typing error", "SERVER", state, {"TOR_PT_SERVER_TRANSPORT_OPTIONS": f"{NAME}:decoi=127.0.0.1\\:1", **orport},
         ["VERSION 1", f"SMETHOD-ERROR {NAME} .*decoi.*", "SMETHODS DONE"])
    says("an option of another transport", "SERVER", state, {"TOR_PT_SERVER_TRANSPORT_OPTIONS": "other:x=1", **orport},
         ["VERSION 1", rf"SMETHOD {NAME} 127\.0\.0\.1:\d+ ARGS:link=[\w-]+", "SMETHODS DONE"])


# ---- Bytes by both ----

class Relay(threading.Thread):
    """A stand-in for tor's ORPort, or the extended one: answers each connection's bytes with themselves."""

    def __init__(self, cookie=None):
        super().__init__(daemon=True)
        self.cookie, self.frames, self.connections = cookie, [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.start()

    def run(self):
        while True:
            conn, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        with conn, contextlib.suppress(OSError):
            if self.cookie is not None and not self.meet(conn):
                return
            self.connections += 1
            while data := conn.recv(65536):
                conn.sendall(data)

    def meet(self, conn):
        """Tor's side of ext-orport-spec."""
        conn.sendall(b"\x01\x00")
        said = exactly(conn, 33)
        if said[0] != 1:
            return False
        nonce = os.urandom(32)

        def mac(text):
            return hmac.digest(self.cookie, text + said[1:] + nonce, "sha256")
        conn.sendall(mac(b"ExtORPort authentication server-to-client hash") + nonce)
        is_right = exactly(conn, 32) == mac(b"ExtORPort authentication client-to-server hash")
        conn.sendall(bytes([is_right]))
        while is_right:
            command, length = struct.unpack(">HH", exactly(conn, 4))
            self.frames.append((command, exactly(conn, length)))
            if command == 0:
                conn.sendall(b"\x10\x00\x00\x00")
                return True
        return False


def exactly(conn, n):
    data = b""
    while len(data) < n:
        more = conn.recv(n - len(data))
        if not more:
            raise OSError("the connection ended")
        data += more
    return data


def socks(door, target, *args):
    """A connection to a bridge, and the reply's code: as tor asks, arguments in user and password."""
    text = ";".join(re.sub(r"([;\\])", r"\\\1", a) for a in args).encode()
    user, password = text[:255], text[255:] or b"\0"
    conn = socket.create_connection(("127.0.0.1", int(door)), 120)
    conn.sendall(b"\x05\x02\x00\x02")
    if exactly(conn, 2) != b"\x05\x02":
        sys.exit("FAILED: the door does not want user and password")
    conn.sendall(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
    if exactly(conn, 2) != b"\x01\x00":
        sys.exit("FAILED: the door does not take user and password")
    host, port = target.rsplit(":", 1)
    conn.sendall(b"\x05\x01\x00\x01" + socket.inet_aton(host) + struct.pack(">H", int(port)))
    try:
        return conn, exactly(conn, 10)[1]
    except OSError as e:
        return conn, f"none: {e}"


def echoes(conn, n):
    """Whether n bytes come back as they were sent."""
    sent, got = os.urandom(n), hashlib.sha256()
    threading.Thread(target=lambda: (conn.sendall(sent), conn.shutdown(socket.SHUT_WR)), daemon=True).start()
    while data := conn.recv(65536):
        got.update(data)
    return got.digest() == hashlib.sha256(sent).digest()


def start_server(state, environment):
    t = Transport("SERVER", state, {"TOR_PT_SERVER_BINDADDR": f"{NAME}-127.0.0.1:0", **environment})
    found = t.until(rf"SMETHOD {NAME} (127\.0\.0\.1:\d+) ARGS:(link=[\w-]+)")
    check("the server says where it is and what a bridge line needs", found and t.lines[0] == "VERSION 1" and t.until("SMETHODS DONE"), t.lines)
    with open(f"{state}/{NAME}_bridgeline.txt", encoding="utf-8") as f:
        check("the file for the bridge's operator has it too", found[2] in f.read(), state)
    return t, found[1], found[2]


def carried(state):
    """A bridge with an extended ORPort, used by two clients with the same line, then one with a plain one."""
    cookie = os.urandom(32)
    with open(f"{WORK}/cookie", "wb") as f:
        f.write(COOKIE_HEAD + cookie)
    relay = Relay(cookie)
    server, where, link = start_server(f"{state}/b", {"TOR_PT_EXTENDED_SERVER_PORT": relay.address, "TOR_PT_AUTH_COOKIE_FILE": f"{WORK}/cookie",
                                                      "TOR_PT_SERVER_TRANSPORT_OPTIONS": f"{NAME}:bridge-users=2"})
    client = Transport("CLIENT", f"{state}/c", {})
    door = client.until(rf"CMETHOD {NAME} socks5 127\.0\.0\.1:(\d+)")[1]
    check("the client says where it is", client.lines == ["VERSION 1", f"CMETHOD {NAME} socks5 127.0.0.1:{door}"] and client.until("CMETHODS DONE"),
          client.lines)
    conn, reply = socks(door, where, link, *MODEL)
    check("tor's connection is taken", reply == 0, f"{reply} {client.lines} {server.lines}")
    check(f"{OBJECT} bytes come back as they were sent", echoes(conn, OBJECT))
    check("the client tells that the bridge was reached", client.until(rf"STATUS TRANSPORT={NAME} ADDRESS={re.escape(where)} CONNECT=Success"), client.lines)
    names = dict(relay.frames)
    check("the extended ORPort hears who, by what, and that that is all",
          [c for c, _ in relay.frames] == [1, 2, 0] and names[2] == NAME.encode() and re.fullmatch(rb"127\.0\.0\.1:\d+", names[1]), relay.frames)
    refused(door, where, link, client)
    second(state, door, where, link)
    ends(client, server)
    other_ways(state, cookie, relay, where, link)


def refused(door, where, link, client):
    """What cannot be: an error of SOCKS, a line of the log, and the tunnel goes on."""
    for what, target, args, logged in (("no arguments", where, [], "link="), ("a link with a typing error", where, [link[:-1] + "*", *MODEL], "link:"),
                                       ("a model that there is not", where, [link, "model=nothing"], "nothing"),
                                       ("an argument that there is not", where, [link, "modell=x"], "modell"),
                                       ("nobody there", "127.0.0.1:1", [link, *MODEL], "refused")):
        conn, reply = socks(door, target, *args)
        conn.close()
        check(f"{what}: refused, and logged", reply in range(1, 9) and client.until(f"LOG SEVERITY=(warning|error) MESSAGE=.*{re.escape(logged)}.*"),
              f"{reply} {client.lines[-3:]}")
    conn, reply = socks(door, where, link, *MODEL)
    check("the tunnel goes on", reply == 0 and echoes(conn, 1000))


def second(state, door, where, link):
    """A bridge line is for many, as many as its operator said; and by the same process another tunnel."""
    other = Transport("CLIENT", f"{state}/d", {"TOR_PT_CLIENT_TRANSPORTS": f"other,{NAME}"})
    its = other.until(rf"CMETHOD {NAME} socks5 127\.0\.0\.1:(\d+)")[1]
    conn, reply = socks(its, where, link, *MODEL)
    check("another client joins with the same line", reply == 0 and echoes(conn, 1000), f"{reply} {other.lines}")
    third = Transport("CLIENT", f"{state}/e", {})
    its = third.until(rf"CMETHOD {NAME} socks5 127\.0\.0\.1:(\d+)")[1]
    _, reply = socks(its, where, link, *MODEL)
    check("a third is one more than may", reply in range(1, 9) and third.until(".*cannot join.*"), f"{reply} {third.lines}")
    conn, reply = socks(door, where, link, "model=shuffle")
    check("another tunnel of the same client to the same bridge", reply == 0 and echoes(conn, 1000), reply)
    for t in (other, third):
        t.process.stdin.close()
        check("a client whose parent is gone ends", t.ends() == 0)


def ends(client, server):
    client.process.send_signal(signal.SIGTERM)
    check("the client ends at SIGTERM", client.ends() == 0)
    server.process.stdin.close()
    check("the server ends when its parent is gone", server.ends() == 0)
    for t in (client, server):
        noise = [line for line in t.said() if not re.match(r"(VERSION|[CS]METHODS?|LOG|STATUS) ", line)]
        check("standard output held the protocol alone", not noise, noise)


def other_ways(state, cookie, relay, where, link):
    """The same bridge again, at the same port with a plain ORPort: who has joined need not again, though the invitation is taken back; and a server with the wrong cookie."""
    plain = Relay()
    for path in (f"{state}/b/{NAME}-server/bridge",):
        os.unlink(path)
    server, again, new = start_server(f"{state}/b", {"TOR_PT_ORPORT": plain.address, "TOR_PT_EXTENDED_SERVER_PORT": "",
                                                     "TOR_PT_SERVER_BINDADDR": f"{NAME}-{where}"})
    check("a bridge line that was taken back is another one afterwards", again == where and new != link)
    client = Transport("CLIENT", f"{state}/c", {"TOR_PT_EXIT_ON_STDIN_CLOSE": None})
    door = client.until(rf"CMETHOD {NAME} socks5 127\.0\.0\.1:(\d+)")[1]
    conn, reply = socks(door, where, link, *MODEL)
    check("a client that has joined goes on, to a plain ORPort", reply == 0 and echoes(conn, 1000) and plain.connections == 1, f"{reply} {client.lines}")
    client.process.stdin.close()
    server.process.send_signal(signal.SIGTERM)
    check("the server ends at SIGTERM", server.ends() == 0)
    with open(f"{WORK}/cookie", "wb") as f:
        f.write(COOKIE_HEAD + bytes(32))
    before = relay.connections
    server, where, _ = start_server(f"{state}/b", {"TOR_PT_EXTENDED_SERVER_PORT": relay.address, "TOR_PT_AUTH_COOKIE_FILE": f"{WORK}/cookie"})
    conn, reply = socks(door, where, link, *MODEL)
    check("another cookie than tor's: no connection", reply in range(1, 9) and relay.connections == before,
          f"{reply} {client.said_so_far()} {server.said_so_far()}")
    server.process.stdin.close()
    check("and the server ends", server.ends() == 0)
    check("a client that was not told to does not end with its input", client.process.poll() is None)
    client.process.send_signal(signal.SIGINT)
    check("but at SIGINT", client.ends() == 0)


os.makedirs(f"{WORK}/state", mode=0o700)
wrong_environments(f"{WORK}/state/wrong")
carried(f"{WORK}/state")
