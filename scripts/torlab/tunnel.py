"""The service with its web and name server, tm-server beside it, and tm-client on the exit's host with the cgroup."""
import getpass
import json
import os
import re

import plan
from labworld import LabError, sh

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PRESETS = ("light", "default", "strong")


class Tunnel:
    """Both ends; the state directories are below WORK."""

    def __init__(self, world, programs):
        self.world, self.programs = world, programs
        self.summary = f"{world.work}/summary.json"

    def start_service(self, files):
        """nginx, which logs who asked for what, and a name server that knows NAME."""
        w, work = self.world, f"{self.world.work}/nginx"
        os.makedirs(f"{work}/tmp")
        temporary = "".join(f"{kind}_temp_path {work}/tmp; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{work}/nginx.conf", "w", encoding="utf-8") as f:
            f.write(f"user {getpass.getuser()}; daemon off; worker_processes 1; pid {work}/pid; error_log {work}/error.log;\n"
                    "events { worker_connections 512; }\n"
                    f"http {{ {temporary} log_format who '$remote_addr $uri $status'; access_log {work}/access.log who;\n"
                    f"default_type application/octet-stream;\nserver {{ listen [::]:{plan.SERVICE_PORT} ipv6only=off; root {files}; }} }}\n")
        w.start("nginx", plan.SERVICE_HOST, ["nginx", "-p", work, "-c", f"{work}/nginx.conf"])
        w.start("names", plan.SERVICE_HOST, ["python3", "-B", f"{ROOT}/test/net/ebpf_world.py", plan.SERVICE])
        w.wait_for("names", "^ready", 40)

    def sources(self):
        """{address of the asker: pages} as the service saw it."""
        with open(f"{self.world.work}/nginx/access.log", encoding="utf-8") as f:
            who = [line.split()[0].removeprefix("::ffff:") for line in f]
        return {address: who.count(address) for address in sorted(set(who))}

    def start_server(self):
        """Set up, run, and joined once by the client."""
        w, state = self.world, f"{self.world.work}/server"
        link = sh(*w.at(plan.SERVER_HOST, self.programs["tm-server"], "setup", "--state", state, "--listen", f"{plan.SERVER}:{plan.SERVER_PORT}",
                        "--models", self.programs["models"], "--name", "www.example.org")).strip()
        w.start("tm-server", plan.SERVER_HOST, [self.programs["tm-server"], "run", "--state", state, "--allow", "10.0.0.0/8",
                                                       "--allow", "fd00::/8"])
        w.wait_for("tm-server", "^ready:", 40)
        sh(*w.at(plan.EXIT_HOST, "timeout", "60", self.programs["tm-client"], "join", link, "--state", f"{w.work}/client"))

    def start_client(self, model):
        """tm-client with the cgroup of the carried tors; model: a preset's name or what --model takes."""
        w = self.world
        what = ["--preset", model] if model in PRESETS else ["--model", model]
        w.start("tm-client", plan.EXIT_HOST, [
            self.programs["tm-client"], "run", "--state", f"{w.work}/client", "--models", self.programs["models"], *what, "--ebpf", "connect",
            "--cgroup", w.service, "--exec-socket", f"{w.work}/exec", "--resolver", f"{plan.SERVICE}:53", "--summary-json", self.summary],
            cgroup=w.home)
        w.wait_for("tm-client", "^ready:", 90)

    def stop_client(self):
        """Its closing statistics."""
        status = self.world.stop("tm-client")
        if status != 0:
            raise LabError(f"tm-client ended with status {status}: {self.world.said('tm-client')[-600:]}")
        with open(self.summary, encoding="utf-8") as f:
            return json.load(f)

    def is_payload_independent(self):
        return not re.search("NOT payload-independent", self.world.said("tm-client"))
