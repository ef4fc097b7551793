"""TrafficMimic's own measurement: how fast 100 KB go through a model, and what that costs.

A forwarded port leads through the tunnel to a program beside the server.  One transfer after the other is made, with pauses, at moments that
have nothing to do with the schedule.  As with the paper's iperf, the application is connected at once (--socks-reply early), and its time runs
until the other end has the last byte.  Bytes are those of IP packets at the client's device, both directions, meanwhile.
"""
import os
import random
import socket
import threading
import time

from tunnel import SERVER, Tunnel, inside
from world import World

N_BYTES = 100_000
REQUEST = 80           # what the client says first; the number of the transfer stands in it
PORT, FAR_PORT = 8080, 9000
SETTLE_S = 4           # the modelled users have begun
PAUSE_S = 2            # between two transfers, on average
PACE = "1s"
UP, DOWN = "up", "down"


class Cell:
    """A model with so many users on a path, and the direction of the bytes."""

    def __init__(self, model, users, path, way):
        self.model, self.users, self.path, self.way = model, users, path, way

    def name(self):
        return f"{self.model}, {self.users} users, {self.path.name}, {self.way}"


class FarEnd:
    """Takes or gives the bytes, in threads of its own; what came stands in `got`."""

    def __init__(self, tunnel, way, n_bytes=N_BYTES):
        with inside(tunnel.server):
            self.listener = socket.create_server((SERVER, FAR_PORT))
        self.way, self.n_bytes, self.got, self.last = way, n_bytes, {}, {}
        self.changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(s,), daemon=True).start()

    def _serve(self, s):
        number = None
        with s:
            try:
                head = b""
                while len(head) < REQUEST:
                    more = s.recv(REQUEST - len(head))
                    if not more:
                        return
                    head += more
                number = int(head[:8])
                if self.way == DOWN:
                    s.sendall(bytes(self.n_bytes))
                    s.recv(1)
                    return
                self._note(number, REQUEST)
                while True:
                    more = s.recv(65536)
                    if not more:
                        return
                    self._note(number, len(more))
            except (OSError, ValueError):
                return

    def _note(self, number, n):
        with self.changed:
            self.got[number] = self.got.get(number, 0) + n
            self.last[number] = time.monotonic()
            self.changed.notify_all()

    def wait(self, number, until):
        """Bytes that came of an upload, and when the last did."""
        with self.changed:
            while self.got.get(number, 0) < self.n_bytes and time.monotonic() < until:
                self.changed.wait(max(0, until - time.monotonic()))
            return self.got.get(number, 0), self.last.get(number, time.monotonic())

    def close(self):
        self.listener.close()


def forward():
    """What tm-client forwards to the far end."""
    return f"{PORT}:{SERVER}:{FAR_PORT}"


def _connected(tunnel, until):
    with inside(tunnel.client):
        s = socket.socket()
    s.settimeout(max(0.1, until - time.monotonic()))
    s.connect(("127.0.0.1", PORT))
    return s


def _give(s, number, n_bytes):
    """Sends all in the background: the tunnel takes it as it can."""
    def send():
        try:
            s.sendall(f"{number:08d}".encode() + bytes(n_bytes - 8))
        except OSError:
            pass

    threading.Thread(target=send, daemon=True).start()


def _take(s, n_bytes, until):
    """Bytes of a download that came, and when the last did."""
    got, last = 0, time.monotonic()
    try:
        while got < n_bytes:
            s.settimeout(max(0.01, until - time.monotonic()))
            n = len(s.recv(65536))
            if n == 0:
                break
            got, last = got + n, time.monotonic()
    except OSError:
        pass
    return got, last


def transfer(tunnel, far, way, number, limit_s):
    """One transfer: seconds, bytes that arrived, bytes on the wire each way."""
    began, before = time.monotonic(), tunnel.wire()
    until = began + limit_s
    with _connected(tunnel, until) as s:
        if way == UP:
            _give(s, number, far.n_bytes)
            got, last = far.wait(number, until)
        else:
            s.sendall(f"{number:08d}".encode() + bytes(REQUEST - 8))
            got, last = _take(s, far.n_bytes, until)
        after = tunnel.wire()
    is_done = got >= far.n_bytes
    return {"seconds": (last if is_done else time.monotonic()) - began, "bytes": got, "done": is_done, "up": after[0] - before[0],
            "down": after[1] - before[1]}


def play(turn, build, work, enrolment, cell, seed, how):
    """The transfers of a cell with one seed; how: (transfers, seconds in which they begin, limit of one in s)."""
    n, begin_s, limit_s = how
    rng = random.Random(f"{seed}/pauses")
    with World(build, work, turn) as world:
        t = Tunnel(world, cell.path, seed)
        t.serve(enrolment)
        t.play(enrolment.models, "--model", cell.model, "--users", str(cell.users), "--pace", PACE, "--socks-reply", "early",
               "--forward", forward())
        far = FarEnd(t, cell.way)
        try:
            t.sleep(SETTLE_S)
            end = time.monotonic() + begin_s
            transfers = []
            while len(transfers) < n and time.monotonic() < end:
                t.sleep(rng.uniform(0, 2 * PAUSE_S))
                transfers.append(transfer(t, far, cell.way, len(transfers), limit_s))
        finally:
            far.close()
        s = t.status("client")
    return {"transfers": transfers, "late_p99_us": s["lateness"]["p99_us"], "died": s["totals"]["carriers_died"],
            "offsets_exact": s["conformance"]["offsets_exact"], "sent": s["conformance"]["sent"], "log": os.path.basename(work)}


def summary(cell, runs):
    """Numbers of a cell from the runs of its seeds."""
    every = [x for r in runs for x in r["transfers"]]
    some = [x for x in every if x["bytes"] > 0]
    return {"model": cell.model, "users": cell.users, "path": cell.path.name, "way": cell.way, "n": len(every),
            "unfinished": sum(not x["done"] for x in every),
            "kbps": [x["bytes"] * 8 / 1000 / x["seconds"] for x in every],
            "ratio": [(x["up"] + x["down"]) / x["bytes"] for x in some] + [float("inf")] * (len(every) - len(some)),
            "same_way": [x[cell.way] / x["bytes"] for x in some] + [float("inf")] * (len(every) - len(some)),
            "late_p99_us": max(r["late_p99_us"] for r in runs), "died": sum(r["died"] for r in runs),
            "sent": sum(r["sent"] for r in runs), "exact": sum(r["offsets_exact"] for r in runs)}
