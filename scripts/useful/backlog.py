"""What a model carries under backlog, by the programs and by its card, for the same seed and the same seconds.

Four streams always have more to send, both ways.  The card's second part is such a backlog too (tm/sim/card.h), counted from a
quarter of a part's length on; here the streams begin with the tunnel, which changes nothing of the schedule, and the same seconds count.
"""
import json
import os
import select
import socket
import threading
import time

from tunnel import CLIENT, SERVER, Path, Tunnel, inside
from world import World, WorldError, run

STREAMS = 4
PORT, FAR_PORT = 8080, 9000
FILLED_MIN = 0.97
CARD_SHARE = 0.05     # goodput and card, at most so far apart
LITTLE_BPS = 10_000   # a direction that carries less is not judged: some buffers more or less at the edges are a lot of it
PACE = "1s"
PATH_RTT_MS = 40


BLOCK = bytes(1 << 20)


def _fill(s):
    """As much as the socket takes: the tunnel may have sent megabytes since."""
    try:
        while True:
            s.send(BLOCK)
    except BlockingIOError:
        pass


class Flood:
    """Sends without end on all its sockets, and counts what comes."""

    def __init__(self):
        self.sockets, self.got, self.is_over = [], 0, False
        self.lock = threading.Lock()

    def add(self, s):
        s.setblocking(False)
        with self.lock:
            self.sockets.append(s)

    def start(self):
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while not self.is_over:
            with self.lock:
                mine = list(self.sockets)
            if not mine:
                time.sleep(0.01)
                continue
            readable, writable, _ = select.select(mine, mine, [], 0.1)
            try:
                for s in readable:
                    self.got += len(s.recv(1 << 20))
                for s in writable:
                    _fill(s)
            except BlockingIOError:
                pass
            except OSError:
                return
            time.sleep(0.002)

    def close(self):
        self.is_over = True
        for s in self.sockets:
            s.close()


def card(learn, models, model, users, seed, part_s):
    """What tm-learn simulate says of the same."""
    return json.loads(run([learn, "simulate", models, "--model", model, "--users", str(users), "--pace", PACE, "--rtt", Path(PATH_RTT_MS).mean_rtt(),
                           "--socks-reply", "early", "--seed", str(seed), "--for", f"{part_s}s", "--json"]))


def _accept(listener, far):
    try:
        while True:
            far.add(listener.accept()[0])
    except OSError:
        return


def _sample(t, near, far):
    """Now: the time, bytes delivered, and what both ends have put into their buffers."""
    s = {"at": time.monotonic(), "up": far.got, "down": near.got}
    return dict(s, ends=[t.status(end)["totals"] for end in ("client", "server")])


def _filled(before, after):
    """Payload by plaintext that is neither plan nor acknowledgement, of both ends, meanwhile."""
    def grew(name):
        return sum(b[name] - a[name] for a, b in zip(before["ends"], after["ends"]))

    free = grew("wire_tx_bytes") - sum(grew(n + "_tx_bytes") for n in ("handshake", "record", "plan", "ack"))
    return grew("payload_tx_bytes") / max(1, free)


def play(turn, build, work, enrolment, path, model, users, seed, part_s):
    """Both ways at once over the programs: counted from 5/4 to 2 parts after the start, as the card does."""
    with World(build, work, turn) as world:
        t = Tunnel(world, path, seed)
        t.serve(enrolment)
        near, far = Flood(), Flood()
        with inside(t.server):
            listener = socket.create_server((SERVER, FAR_PORT))
        threading.Thread(target=_accept, args=(listener, far), daemon=True).start()
        t.play(enrolment.models, "--model", model, "--users", str(users), "--pace", PACE, "--socks-reply", "early",
               "--forward", f"{PORT}:{SERVER}:{FAR_PORT}", is_logged=True)
        try:
            with inside(t.client):
                for _ in range(STREAMS):
                    near.add(socket.create_connection(("127.0.0.1", PORT)))
            near.start()
            far.start()
            t.sleep(1)  # the first lines of the log are there
            began = t.begun_s()
            t.sleep(began + 1.25 * part_s - time.monotonic())
            before = _sample(t, near, far)
            t.sleep(began + 2 * part_s - time.monotonic())
            after = _sample(t, near, far)
            s = t.status("client")
        finally:
            near.close()
            far.close()
            listener.close()
    seconds = after["at"] - before["at"]
    if not 0.7 * part_s < seconds < 0.8 * part_s:
        raise WorldError(f"{model}: the run was not followed")
    return {"model": model, "users": users, "seconds": seconds, "filled": _filled(before, after),
            "up_bps": (after["up"] - before["up"]) * 8 / seconds, "down_bps": (after["down"] - before["down"]) * 8 / seconds,
            "late_p99_us": s["lateness"]["p99_us"], "died": s["totals"]["carriers_died"], "log": os.path.basename(work), "at": CLIENT}


def judged(live, told):
    """The row: live goodput by the card's, each direction; filled share of both; whether that is as promised."""
    row = dict(live, card_filled=told["filled_share"], card_up_bps=told["up"]["capacity_bps"], card_down_bps=told["down"]["capacity_bps"])
    ratios = []
    for way in ("up", "down"):
        row[way + "_by_card"] = live[way + "_bps"] / max(1, row[f"card_{way}_bps"])
        if row[f"card_{way}_bps"] >= LITTLE_BPS:
            ratios.append(row[way + "_by_card"])
    row["is_filled"] = min(live["filled"], told["filled_share"]) >= FILLED_MIN
    row["is_as_told"] = bool(ratios) and all(abs(r - 1) <= CARD_SHARE for r in ratios)
    return row
