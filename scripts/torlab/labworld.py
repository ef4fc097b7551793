"""Namespaces, links, a cgroup and processes: made here, ended here, each process by its id."""
import os
import re
import signal
import subprocess
import time

import plan


class LabError(Exception):
    """Something without which nothing can be shown; the text has what it said."""


def sh(*args, **more):
    """The standard output of a command that must succeed."""
    done = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise LabError(f"{' '.join(args[:6])}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def wait_until(seconds, condition):
    """Polls; the condition's value, or None when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return None


class World:
    """Everything of one run; use it in a `with`."""

    def __init__(self, work, linkem):
        self.work, self.linkem = work, linkem
        self.processes, self.spaces = {}, []
        self.cgroup = self.home = self.service = self.bpffs = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def space(self, place):
        return f"tmtor{os.getpid()}{place}"

    def at(self, place, *command):
        """The command in a namespace; unlike with `ip netns exec`, /sys/fs/cgroup stays."""
        return ["nsenter", f"--net=/run/netns/{self.space(place)}", *command]

    def log(self, name):
        return f"{self.work}/{name}.log"

    def said(self, name):
        with open(self.log(name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def start(self, name, place, command, cgroup=None):
        """In the background, its output in WORK/NAME.log; in a cgroup before its first socket is made."""
        command = self.at(place, *command)
        if cgroup:
            command = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', cgroup, *command]
        with open(self.log(name), "wb") as log:
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def is_alive(self, name):
        return self.processes[name].poll() is None

    def wait_for(self, name, pattern, seconds):
        """Until the process said a line that matches."""
        wait_until(seconds, lambda: re.search(pattern, self.said(name), re.M) or not self.is_alive(name))
        if not re.search(pattern, self.said(name), re.M):
            raise LabError(f"{name} is not ready: {self.said(name)[-600:].strip()}")

    def stop(self, name, seconds=10, signal_number=signal.SIGTERM):
        """Asks politely, then does not; the exit status."""
        p = self.processes.pop(name)
        if p.poll() is None:
            p.send_signal(signal_number)
            try:
                p.wait(seconds)
            except subprocess.TimeoutExpired:
                p.kill()
        return p.wait()

    def make(self):
        self._make_network()
        self._make_cgroup()

    def _make_network(self):
        for place in (plan.INTERNET, plan.EXIT_HOST, plan.SERVER_HOST, plan.SERVICE_HOST):
            sh("ip", "netns", "add", self.space(place))
            self.spaces.append(self.space(place))
            self._in(place, "ip link set lo up")
        self.start("link", plan.INTERNET, [self.linkem, self.space(plan.INTERNET), f"{plan.LINK_INTERNET}/24", self.space(plan.EXIT_HOST),
                                           f"{plan.CARRIED}/24", *plan.LINK])
        self.wait_for("link", "^ready", 40)
        for one, a, other, b in (("n", "s0", "s", "n0"), ("s", "w0", "w", "w0")):
            sh("ip", "link", "add", a, "netns", self.space(one), "type", "veth", "peer", "name", b, "netns", self.space(other))
        self._in("n", "ip route add local 10.77.0.0/16 dev lo", f"ip addr add {plan.SERVER_GATEWAY}/24 dev s0", "ip link set s0 up",
                 "sysctl -qw net.ipv4.ip_forward=1", f"ip route add 10.8.0.0/24 via {plan.SERVER}")
        self._in("e", f"ip addr add {plan.OUTSIDE}/24 dev lk0", f"ip route add default via {plan.LINK_INTERNET}",
                 "sysctl -qw net.ipv6.conf.lk0.disable_ipv6=1")
        self._in("s", f"ip addr add {plan.SERVER}/24 dev n0", "ip link set n0 up", f"ip route add default via {plan.SERVER_GATEWAY}",
                 f"ip addr add {plan.BESIDE}/24 dev w0", "ip addr add fd00:8::1/64 dev w0 nodad", "ip link set w0 up",
                 "sysctl -qw net.ipv4.ip_forward=1")
        self._in("w", f"ip addr add {plan.SERVICE}/24 dev w0", f"ip addr add {plan.SERVICE6}/64 dev w0 nodad", "ip link set w0 up",
                 f"ip route add default via {plan.BESIDE}")

    def _in(self, place, *lines):
        sh(*self.at(place, "sh", "-e", "-c", "\n".join(lines)))

    def _make_cgroup(self):
        """A cgroup of ours with one for tm-client and one for the tors that it carries, and a bpffs; this process has mounts of its own."""
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            mounts = [line.split() for line in f]
        roots = [m[4] for m in mounts if m[m.index("-") + 1] == "cgroup2"]
        if not roots:
            raise LabError("no cgroup2 is mounted, and --ebpf needs one")
        base = f"{roots[0]}/tm-tor-{os.getpid()}"
        self.home, self.service, self.bpffs = f"{base}/home", f"{base}/service", f"{self.work}/bpf"
        try:
            os.mkdir(base)
            self.cgroup = base
            os.mkdir(self.home)
            os.mkdir(self.service)
        except OSError as e:
            raise LabError(f"no cgroup can be made below {roots[0]}: {e}") from e
        subprocess.run(["umount", "-a", "-t", "bpf"], capture_output=True, check=False)
        os.mkdir(self.bpffs)
        sh("mount", "-t", "bpf", "bpf", self.bpffs)

    def end(self):
        """Ends every process, then removes what was made."""
        for p in self.processes.values():
            if p.poll() is None:
                p.terminate()
        wait_until(2, lambda: all(p.poll() is not None for p in self.processes.values()))
        for name in list(self.processes):
            self.stop(name, 0.1, signal.SIGKILL)
        for space in self.spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)
        if self.bpffs:
            subprocess.run(["umount", self.bpffs], capture_output=True, check=False)
        if self.cgroup:
            wait_until(5, self._remove_cgroup)

    def _remove_cgroup(self):
        """A cgroup is busy for a moment after its last process."""
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                pass
        return not os.path.exists(self.cgroup)
