"""Rounds: each tunnel under the same load, one right after the other, again and again, in another order each time.

What is compared is what one round gave two tunnels: a machine that is slower for a minute is slower for both.
"""
import os
import random
import subprocess
import threading


class Load:
    """So many keep-alive clients of an object; seconds: how long they go on asking.  The last answers are waited for."""

    def __init__(self, clients, thing, seconds):
        self.clients, self.thing, self.seconds = clients, thing, seconds
        self.name = f"{clients} x {thing}"


def _once(rig, door, load, limit_s):
    """Numbers by name, as tm-bench-load prints them, with cpu_s of both ends; or a text, why not."""
    command = ["ip", "netns", "exec", rig.spaces["c"], os.path.join(rig.build, "bench/tm-bench-load")]
    with subprocess.Popen(command + door.words("/" + load.thing, load.clients, load.seconds), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as p:
        ends = threading.Timer(limit_s, p.kill)
        ends.start()
        try:
            p.stdout.readline()  # "warm": all connections have had an answer
            before = rig.cpu_s(door.programs)
            out, err = p.communicate()
            took_too_long = not ends.is_alive()
        finally:
            p.kill()  # it has ended, unless we are told to end
            ends.cancel()
    if p.returncode != 0:
        return f"took longer than {limit_s:g} s" if took_too_long else err.strip()[-200:] or f"exit status {p.returncode}"
    got = {line.split()[0]: float(line.split()[1]) for line in out.splitlines()}
    got["cpu_s"] = rig.cpu_s(door.programs) - before
    return got


def play(rig, doors, loads, rounds, seed, limit_s, tell):
    """{load name: {tunnel: [numbers or None, one a round]}}, and {(load name, tunnel): why} of those that failed, which are not asked again."""
    rng, results, failures = random.Random(seed), {load.name: {t: [] for t in doors} for load in loads}, {}
    for r in range(rounds):
        for load in loads:
            order = list(doors)
            rng.shuffle(order)
            for tunnel in order:
                got = None
                if (load.name, tunnel) not in failures:
                    got = _once(rig, doors[tunnel], load, limit_s)
                if isinstance(got, str):
                    failures[load.name, tunnel] = got
                    got = None
                results[load.name][tunnel].append(got)
                said = failures.get((load.name, tunnel)) if got is None else f"{got['latency_mean'] / 1000:.2f} ms, {got['rate']:.1f} MB/s"
                tell(f"round {r + 1} of {rounds}: {load.name}, {tunnel}: {said}")
    return results, failures


def pairs(results, load, a, b, what="latency_mean"):
    """Of every round that gave both: a's number over b's."""
    both = zip(results[load].get(a, []), results[load].get(b, []))
    return [x[what] / y[what] for x, y in both if x and y and y[what] > 0]
