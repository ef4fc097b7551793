"""Network namespaces joined by emulated links, and the programs that run there.

Everything that is started is ended by its process id, whatever ends the script.
"""
import os
import re
import signal
import subprocess
import time


class WorldError(Exception):
    """Something did not start; the text has what it said."""


class World:
    """Namespaces, links and processes of one run; use it in a `with`."""

    def __init__(self, build, work, turn):
        self.build, self.work, self.turn = build, work, turn
        self.names, self.processes, self.logs = [], {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def program(self, name):
        return os.path.join(self.build, name)

    def namespace(self, name):
        """Makes a namespace that carries this process's id and the play's number."""
        full = f"tmev{os.getpid()}-{self.turn.number}{name}"
        run(["ip", "netns", "add", full])
        self.names.append(full)
        run(["ip", "-n", full, "link", "set", "lo", "up"])
        return full

    def link(self, name, client, client_addr, server, server_addr, options):
        """Joins two namespaces by the emulator, which takes real-time priority where it may."""
        self.start(name, None, [self.program("test/net/tm-linkem"), client, client_addr, server, server_addr] + options)
        self.wait_for(name, "^ready", 10)

    def start(self, name, namespace, command):
        """Starts a process in the background; its output goes to NAME.log in the work directory."""
        log = os.path.join(self.work, name + ".log")
        if namespace:
            command = ["ip", "netns", "exec", namespace] + command
        with open(log, "wb") as f:
            self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        self.logs[name] = log

    def wait_for(self, name, pattern, seconds):
        """Until the process's log has a line that matches."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.said(name), re.M):
            if self.processes[name].poll() is not None or time.monotonic() > end:
                raise WorldError(f"{name} is not ready: {self.said(name)[-600:]}")
            self.turn.sleep(0.05)

    def said(self, name):
        with open(self.logs[name], encoding="utf-8", errors="replace") as f:
            return f.read()

    def is_alive(self, name):
        return self.processes[name].poll() is None

    def stop(self, name):
        """Asks politely, then does not; returns the exit status."""
        p = self.processes.pop(name)
        if p.poll() is None:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
        return p.wait()

    def end(self):
        for name in reversed(list(self.processes)):
            self.stop(name)
        for name in reversed(self.names):
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)
        self.names = []


def run(command, **more):
    """The standard output of a command that must succeed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                          **more)
    if done.returncode != 0:
        raise WorldError(f"{os.path.basename(command[0])} {' '.join(command[1:3])}: {done.stderr.strip()[-600:]}")
    return done.stdout
