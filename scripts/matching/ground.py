"""Where the study happens, and one scene of it: users, what carries them, and two observers.

   +--------+  emulated  +----------+  emulated  +--------+  veth  +-----+
   | client | ---------- | observer | ---------- | server | ------ | web |
   +--------+            +----------+            +--------+        +-----+
     users                entry.pcap              exit.pcap          nginx, chats
                          carriers                flows

The field of scripts/interference, with a second capture behind the server.
"""
import json
import os
import sys
import time

from cpu import Cpu
from field import CLIENT, SERVER, SOCKS_PORT, WEB, WEB_PORT, Field, json_of
from world import WorldError

HERE = os.path.dirname(os.path.abspath(__file__))
TALK_PORT = 7001
ENTRY_US = 10_000  # from the observer to the server
RELAY = "relay"
SCHEDULES = {"joint": ["--preset", "default"],
             "swing": ["--model", "https-browsing:20+https-chat:60", "--pace", "3s"]}  # the same people by Swing's models
ROUTES = {"near": (f"127.0.0.1:2080>{SERVER}:2443", f"127.0.0.1:2001>{SERVER}:2444"),
          "far": (f"{SERVER}:2443>{WEB}:{WEB_PORT}", f"{SERVER}:2444>{WEB}:{TALK_PORT}")}
FILES_KB = (1, 2, 4, 8, 16)
BULK_BYTES_S = 30_000  # what the web server gives a download: one that ends nowhere would show the buffers alone
WARM_US = 5_000_000  # the first users come, and carriers are opened
AT_ONCE = ("dump-entry", "dump-exit")


def leave_out(labels, until_us):
    """Connections that began before until_us are not asked about: who is there when carriers are opened is older than some of these, and told
    from them by it.  Their carriers stay, as such that carried none of the others."""
    with open(labels, encoding="ascii") as f:
        head, *lines = [line.rstrip("\n").split(",") for line in f]
    first = {}
    for at, *ends in lines:
        first[tuple(ends[:2])] = min(int(at), first.get(tuple(ends[:2]), int(at)))
    with open(labels, "w", encoding="ascii") as f:
        for at, flow_a, flow_b, *rest in [head] + lines:
            if at != head[0] and first[flow_a, flow_b] < until_us:
                flow_a, flow_b, rest[3] = "-", "-", "0"
            f.write(",".join([at, flow_a, flow_b, *rest]) + "\n")


class Ground(Field):
    """The namespaces, and what is served there."""

    def serve(self):
        root = self.file("web")
        os.makedirs(root + "/docs")
        os.makedirs(root + "/tmp")
        for kb in FILES_KB:
            with open(f"{root}/docs/{kb}k", "wb") as f:
                f.write(os.urandom(1024 * kb))
        with open(root + "/docs/file", "wb") as f:
            f.truncate(1 << 30)
        temps = "".join(f"{n}_temp_path {root}/tmp; " for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(root + "/nginx.conf", "w", encoding="utf-8") as f:
            f.write(f"user root; daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\n"
                    "events { worker_connections 1024; }\n"
                    "http { access_log off; keepalive_requests 100000; keepalive_timeout 600s; tcp_nodelay on;\n"
                    f"    default_type application/octet-stream; {temps}\n"
                    f"    server {{ listen {WEB_PORT}; root {root}/docs; location = /file {{ limit_rate {BULK_BYTES_S}; }} }} }}\n")
        self.start("nginx", self.at["web"], ["nginx", "-p", root, "-e", root + "/error.log", "-c", root + "/nginx.conf"])
        self.start("talk", self.at["web"], [sys.executable, HERE + "/talk.py", "0.0.0.0", str(TALK_PORT), "1"])
        self.wait_for("talk", "^ready", 10)
        self.inside("server", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                    "-subj", "/CN=relay", "-keyout", self.file("relay.key"), "-out", self.file("relay.pem"))

    # ---- What carries ----

    def _carry_by_relay(self, name):
        program = [sys.executable, HERE + "/relay.py"]
        self.start("server", self.at["server"], [*program, "far", self.file("relay.pem"), self.file("relay.key"), self.file(name + ".csv"),
                                                 *ROUTES["far"]])
        self.wait_for("server", "^ready", 10)
        self.start("client", self.at["client"], [*program, "near", *ROUTES["near"]])
        self.wait_for("client", "^ready", 10)

    def _carry_by_tunnel(self, name, model, seed):
        choice = SCHEDULES.get(model, ["--model", model])
        if not model.startswith("shuffle"):  # which has no schedule that a seed could decide
            choice = [*choice, "--seed", str(seed)]
        self._serve("server", self.program("tm/app/tm-server"), ["--log-streams", self.file(name + ".csv")])
        self.start("client", self.at["client"], [
            self.program("tm/app/tm-client"), "run", "--state", self.file("client"), "--models", self.models, *choice,
            "--socks", f"127.0.0.1:{SOCKS_PORT}", "--summary-json", self.file(name + ".json")])
        self.wait_for("client", "^ready:", 60)

    # ---- Observers ----

    def _capture(self, name):
        entry, exit_ = AT_ONCE
        self._dump(entry, "observer", self.device["linkc"][1], self.file(name + ".entry.pcap"),
                   f"tcp and host {CLIENT} and (port 443 or port 2443 or port 2444)")
        self._dump(exit_, "server", "vs", self.file(name + ".exit.pcap"), f"tcp and host {WEB}")

    def _dump(self, name, where, device, path, what):
        self.start(name, self.at[where], ["tcpdump", "-i", device, "-n", "-s", "96", "-B", "65536", "-U", "--immediate-mode", "-w", path, what])
        self.wait_for(name, "listening", 10)

    # ---- A scene ----

    def scene(self, name, model, n, seconds, seed):
        """N users for so long; model: `relay`, one of SCHEDULES, or one of tm-client.  What is known of it afterwards; NAME.csv,
        NAME.entry.pcap and NAME.exit.pcap are written."""
        cpu = Cpu()
        self._capture(name)
        if model == RELAY:
            self._carry_by_relay(name)
            how = ["straight", str(seed), str(n), str(seconds), "127.0.0.1:2080", "127.0.0.1:2001"]
        else:
            self._carry_by_tunnel(name, model, seed)
            how = [f"socks:127.0.0.1:{SOCKS_PORT}", str(seed), str(n), str(seconds), f"{WEB}:{WEB_PORT}", f"{WEB}:{TALK_PORT}"]
        began_us = time.time_ns() // 1000
        self.start("guests", self.at["client"], [sys.executable, HERE + "/guests.py", *how])
        self._wait_for_guests(name, seconds, cpu)
        self.turn.sleep(0.5)  # what they left goes through
        lost = self._finish(name)
        leave_out(self.file(name + ".csv"), began_us + WARM_US)
        said = [line for line in self.said("guests").splitlines() if line.startswith("{")]
        if not said:
            raise WorldError(f"{name}: {self.said('guests')[-600:]}")
        told = json.loads(said[-1])
        began = sum(told["began"].values())
        if len(told["failed"]) * 10 > began:
            raise WorldError(f"{name}: {len(told['failed'])} of {began} connections failed: {told['failed'][0]}")
        summary = json_of(self.file(name + ".json")) if model != RELAY else {}
        return {"name": name, "base": self.file(name), "model": model, "users": n, "seconds": seconds, "seed": seed,
                "busy": cpu.mean(), "packets_lost": lost, "summary": summary, **told}

    def clear(self):
        """Ends what a scene that failed left."""
        for program in ("guests", *AT_ONCE, "client", "server"):
            if program in self.processes:
                self.stop(program)

    def _wait_for_guests(self, name, seconds, cpu):
        end = time.monotonic() + seconds + 20
        while self.is_alive("guests"):
            self.turn.sleep(0.5)
            cpu.sample()
            for program in ("client", "server", "linkc", "links", *AT_ONCE):
                if not self.is_alive(program):
                    raise WorldError(f"{program} ended during {name}: {self.said(program)[-600:]}")
            if time.monotonic() > end:
                raise WorldError(f"{name}: the users do not end")
        if self.stop("guests") != 0:
            raise WorldError(f"{name}: {self.said('guests')[-600:]}")

    def _finish(self, name):
        """Packets that the captures lost.  They end last: carriers may open until the end."""
        lost = 0
        for end in ("client", "server"):
            status = self.stop(end)
            if status != 0:
                raise WorldError(f"{name}: the {end}'s end ended with status {status}: {self.said(end)[-600:]}")
        for program in AT_ONCE:
            self.stop(program)
            lost += sum(int(line.split()[0]) for line in self.said(program).splitlines() if "dropped by kernel" in line)
        return lost
