"""The rig of bench/peers: clients and the near ends, the far ends, and a web server, in three namespaces.

    c  10.60.0.1 ---- emulated path ---- 10.60.0.2  s  10.61.0.1 ---- veth ---- 10.61.0.2  w (nginx)

Every tunnel has its near end on the loopback of c, its far end in s, and the web server behind it; they all run all the time, and one at a
time is used.  "direct" is a route over the same path.
"""
import os
import time

from world import World, run

NEAR, FAR, GATE, WEB = "10.60.0.1", "10.60.0.2", "10.61.0.1", "10.61.0.2"
NICE = -10  # tm/app/process.c
OBJECTS = {"10k": 10240, "1m": 1 << 20, "64m": 64 << 20}


class Alone:
    """A turn (scripts/evaluation/world.py) of one who waits for nobody."""

    def __init__(self, number):
        self.number = number

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds)


class Rig:
    """Use it in a `with`; delay_ms is the path's, each way."""

    def __init__(self, build, work, number, delay_ms, seed):
        self.build, self.work = build, os.path.join(work, f"rig-{number}")
        os.makedirs(self.work)
        os.chmod(self.work, 0o755)
        self.world = World(build, self.work, Alone(number))
        self.delay_ms, self.seed = delay_ms, seed
        self.spaces = {}

    def __enter__(self):
        try:
            self._lay()
            self._serve()
        except BaseException:
            self.world.end()
            raise
        return self

    def __exit__(self, *_):
        self.world.end()

    def _lay(self):
        for name in "csw":
            self.spaces[name] = self.world.namespace(name)
        c, s, w = (self.spaces[n] for n in "csw")
        self.world.link("link", c, NEAR + "/24", s, FAR + "/24",
                        ["--delay-ms", f"{self.delay_ms:g}", "--queue-packets", "16384", "--seed", str(self.seed)])
        run(["ip", "link", "add", "w0", "netns", s, "type", "veth", "peer", "name", "w0", "netns", w])
        for space, addr in ((s, GATE), (w, WEB)):
            run(["ip", "-n", space, "addr", "add", addr + "/24", "dev", "w0"])
            run(["ip", "-n", space, "link", "set", "w0", "up"])
        run(["ip", "netns", "exec", s, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
        run(["ip", "-n", c, "route", "add", "10.61.0.0/24", "via", FAR])
        run(["ip", "-n", w, "route", "add", "10.60.0.0/24", "via", GATE])
        for space in (c, s, w):  # a thousand connections that begin at once must not be lost
            run(["ip", "netns", "exec", space, "sysctl", "-qw", "net.core.somaxconn=4096"])

    def _serve(self):
        docs, prefix = os.path.join(self.work, "docs"), os.path.join(self.work, "nginx")
        os.makedirs(docs)
        os.makedirs(os.path.join(prefix, "tmp"))
        for name, size in OBJECTS.items():
            with open(os.path.join(docs, name), "wb") as f:
                f.write(os.urandom(size))
        temp = "".join(f"{kind}_temp_path {prefix}/tmp; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(os.path.join(prefix, "nginx.conf"), "w", encoding="ascii") as f:
            f.write(f"user root; daemon off; worker_processes 1; pid {prefix}/pid; error_log {prefix}/error.log;\n"
                    f"worker_rlimit_nofile 16384; events {{ worker_connections 8192; }}\n"
                    f"http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_timeout 1h; keepalive_requests 100000000; {temp}\n"
                    f"  server {{ listen {WEB}:80 backlog=4096; root {docs}; }} }}\n")
        self.world.start("nginx", self.spaces["w"], ["nginx", "-p", prefix, "-c", os.path.join(prefix, "nginx.conf")])
        self.wait_listening("w", 80, "nginx")

    def start(self, name, space, command, environment=None):
        """A program in namespace c, s or w, with the priority that ours take by themselves; environment: more of it."""
        words = [f"{k}={v}" for k, v in (environment or {}).items()]
        self.world.start(name, self.spaces[space], ["env"] + words + ["nice", "-n", str(NICE)] + command)

    def wait_listening(self, space, port, name):
        for _ in range(200):
            if run(["ip", "netns", "exec", self.spaces[space], "ss", "-Hltn", f"sport = :{port}"]).strip():
                return
            if not self.world.is_alive(name):
                break
            time.sleep(0.05)
        self.world.wait_for(name, "(?!)", 0)  # says why

    def in_space(self, space, command):
        return run(["ip", "netns", "exec", self.spaces[space]] + command)

    def cpu_s(self, names):
        """Processor time that these programs have used so far, all their threads."""
        ticks = 0
        for name in names:
            with open(f"/proc/{self.world.processes[name].pid}/stat", encoding="ascii", errors="replace") as f:
                v = f.read().rpartition(")")[2].split()
            ticks += int(v[11]) + int(v[12])
        return ticks / os.sysconf("SC_CLK_TCK")
