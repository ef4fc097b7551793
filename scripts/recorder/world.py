"""Namespaces, emulated links, servers and captures: made here, ended here, by process id."""
import ctypes
import os
import re
import shutil
import signal
import subprocess
import time

from plan import N_SMTP, N_SSHD, PATHS

CLONE_NEWNET = 0x40000000


class WorldError(Exception):
    """Something without which nothing can be recorded."""


def sh(*args, **kw):
    """Runs a command to its end; its standard output.  WorldError with its words when it fails."""
    p = subprocess.run(args, stdin=subprocess.DEVNULL if "input" not in kw else None, capture_output=True, text=True,
                       check=False, **kw)
    if p.returncode != 0:
        raise WorldError(f"{' '.join(args[:6])}: {(p.stderr or p.stdout).strip()[-400:]}")
    return p.stdout


def port_rules():
    """nftables: several servers of a kind share port 443, 22 or 25, told apart by the address's last six bits."""
    rules = ["ip daddr & 0.0.0.48 == 0.0.0.32 tcp dport 443 dnat to :8443",
             "ip daddr & 0.0.0.48 == 0.0.0.48 tcp dport 443 dnat to :9443"]
    for offset in range(64):
        rules.append(f"ip daddr & 0.0.0.63 == 0.0.0.{offset} tcp dport 22 dnat to :{2200 + offset % N_SSHD}")
        rules.append(f"ip daddr & 0.0.0.63 == 0.0.0.{offset} tcp dport 25 dnat to :{2500 + offset % N_SMTP}")
    body = "\n".join(rules)
    return f"table ip recorder {{\n chain ports {{\n type nat hook prerouting priority -100;\n{body}\n }}\n}}\n"


class World:
    """The client's namespace with a link to each path's server namespace."""

    def __init__(self, work, linkem, seed):
        self.work, self.linkem, self.seed = work, linkem, seed
        self.client = f"tmrec{os.getpid()}c"
        self.namespaces = []
        self.processes = []  # (name, Popen)
        self.devices = {}    # path number -> device in the client's namespace
        self.links = {}      # path number -> Popen
        self.lateness = {}

    def server(self, path):
        return f"tmrec{os.getpid()}s{path.number}"

    def spawn(self, name, argv, namespace=None, **kw):
        """Starts it in the background, its output in WORK/log/NAME.log."""
        if namespace:
            argv = ["ip", "netns", "exec", namespace] + argv
        with open(f"{self.work}/log/{name}.log", "ab") as log:
            kw.setdefault("stdout", log)
            p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=log, start_new_session=True, **kw)
        self.processes.append((name, p))
        return p

    def make(self):
        os.makedirs(f"{self.work}/log", exist_ok=True)
        for ns in [self.client] + [self.server(p) for p in PATHS]:
            sh("ip", "netns", "add", ns)
            self.namespaces.append(ns)
            sh("ip", "-n", ns, "link", "set", "lo", "up")
        for path in PATHS:
            self._make_link(path)
        fd = os.open(f"/run/netns/{self.client}", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
            raise WorldError(f"cannot enter the namespace {self.client}: {os.strerror(ctypes.get_errno())}")
        os.close(fd)

    def _make_link(self, path):
        server = self.server(path)
        log = f"{self.work}/log/link{path.number}.log"
        p = self.spawn(f"link{path.number}", [
            self.linkem, self.client, f"{path.client}/24", server, f"{path.server}/24",
            "--delay-ms", str(path.delay_ms), "--jitter-ms", str(path.jitter_ms), "--rate-mbit", str(path.rate_mbit),
            "--queue-packets", str(path.queue_packets), "--seed", str(self.seed * 10 + path.number)])
        ready = None
        for _ in range(100):
            with open(log, encoding="utf-8") as f:
                ready = re.search(r"^ready (\S+) (\S+)", f.read(), re.M)
            if ready or p.poll() is not None:
                break
            time.sleep(0.05)
        if not ready:
            raise WorldError(f"the link emulator did not start: see {log}")
        self.links[path.number], self.devices[path.number] = p, ready[1]
        sh("ip", "-n", self.client, "route", "add", str(path.block), "dev", ready[1], "src", path.client)
        sh("ip", "-n", server, "route", "add", "local", str(path.block), "dev", "lo")
        sh("ip", "netns", "exec", server, "nft", "-f", "-", input=port_rules())

    def link_priority(self):
        """path name -> what the kernel says of the emulator's scheduling."""
        names = {os.SCHED_FIFO: "SCHED_FIFO", os.SCHED_RR: "SCHED_RR", os.SCHED_OTHER: "SCHED_OTHER"}
        out = {}
        for path in PATHS:
            pid = self.links[path.number].pid
            policy = os.sched_getscheduler(pid)
            out[path.name] = f"{names.get(policy, policy)} {os.sched_getparam(pid).sched_priority}"
        return out

    def capture(self, stem):
        """Starts a capture on each link beside the client; returns what stop_capture wants."""
        out = []
        for path in PATHS:
            name = f"tcpdump-{stem}-{path.number}"
            p = self.spawn(name, ["tcpdump", "-i", self.devices[path.number], "-n", "-s", "96", "-B", "65536", "-Z",
                                  "root", "-w", f"{self.work}/{stem}.{path.number}.pcap", "tcp"])
            out.append((name, p))
        time.sleep(1)
        return out

    def stop_capture(self, captures):
        """Ends them; how many packets the kernel dropped."""
        dropped = 0
        for name, p in captures:
            p.send_signal(signal.SIGINT)
            p.wait(30)
            with open(f"{self.work}/log/{name}.log", encoding="utf-8", errors="replace") as f:
                found = re.findall(r"(\d+) packets? dropped by kernel", f.read())
            if not found:
                raise WorldError(f"a capture ended badly: see {self.work}/log/{name}.log")
            dropped += int(found[-1])
        return dropped

    def cpu_seconds(self):
        """CPU time of everything that runs in our namespaces and of its ended children."""
        ticks = 0
        for ns in self.namespaces:
            for pid in sh("ip", "netns", "pids", ns).split():
                try:
                    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                        ticks += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:15])
                except OSError:
                    pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def end_links(self):
        """Stops the emulators and reads their own statistics."""
        for path in PATHS:
            p = self.links[path.number]
            p.terminate()
            p.wait(10)
            with open(f"{self.work}/log/link{path.number}.log", encoding="utf-8") as f:
                rows = [line.split() for line in f if "lateness_p50_us" in line]
            self.lateness[path.name] = {
                way: {k: int(v) for k, v in zip(row[1::2], row[2::2])} for way, row in zip(("up", "down"), rows)}

    def end(self):
        """Ends every process and removes the namespaces."""
        for _, p in reversed(self.processes):
            if p.poll() is None:
                p.terminate()
        for _, p in reversed(self.processes):
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
        for ns in self.namespaces:
            for pid in subprocess.run(["ip", "netns", "pids", ns], capture_output=True, text=True,
                                      check=False).stdout.split():
                if int(pid) != os.getpid():
                    try:
                        os.kill(int(pid), signal.SIGKILL)
                    except ProcessLookupError:
                        pass
            subprocess.run(["ip", "netns", "del", ns], capture_output=True, check=False)
        self.namespaces = []


def program(name):
    """Full path of a program, also those that only root has in the search path; None when it is not installed."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/lib/chromium")
