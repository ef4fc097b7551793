"""Kills established TCP connections to a port, chosen at random, while a download grows.

Kill number k is due when the file has grown beyond k / KILLS of BYTES, so that all fall into the download however fast
it is.  Each takes one connection, at one end (namespace) or the other.  Prints the kills and a last line "killed N".
"""
import argparse
import os
import random
import re
import subprocess
import sys
import time


def ss(namespace, *words):
    command = ["ip", "netns", "exec", namespace, "ss", "-Htn", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def client_ports(namespace, is_client, port):
    """The clients' ports of established connections."""
    side = "dport" if is_client else "sport"
    out = ss(namespace, "state", "established", f"{side} = :{port}")
    column = 2 if is_client else 3  # recv-q send-q local peer
    return sorted({int(re.search(r":(\d+)$", line.split()[column])[1]) for line in out.splitlines()})


def size(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill_one(a, rng, end):
    """True when a connection was killed there."""
    is_client = end == 0
    ports = client_ports(a.namespaces[end], is_client, a.port)
    if not ports:
        return False
    victim = rng.choice(ports)
    ends = (victim, a.port) if is_client else (a.port, victim)
    killed = ss(a.namespaces[end], "-K", f"sport = :{ends[0]} and dport = :{ends[1]}")
    if not killed.strip():  # gone in the meantime
        return False
    print(f"{'client' if is_client else 'server'}: killed {victim} of {len(ports)}", flush=True)
    return True


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--namespaces", nargs=2, help="the client's and the server's")
    p.add_argument("--port", type=int)
    p.add_argument("--kills", type=int)
    p.add_argument("--seed", type=int)
    p.add_argument("--file")
    p.add_argument("--bytes", type=int)
    p.add_argument("--while", dest="pid", type=int, help="give up when this process has ended")
    a = p.parse_args()
    rng = random.Random(a.seed)
    at_end = [0, 0]
    while sum(at_end) < a.kills:
        if not is_running(a.pid):
            sys.exit(f"the download ended after {sum(at_end)} kills")
        if size(a.file) < a.bytes * sum(at_end) // a.kills:
            time.sleep(0.005)
            continue
        end = rng.randrange(2)
        at_end[end] += kill_one(a, rng, end)
    print(f"killed {sum(at_end)} carriers: {at_end[0]} at the client, {at_end[1]} at the server")


main()
