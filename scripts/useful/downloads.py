"""How long a download takes under a preset, by the programs and by its card, for the same schedule and the same moment in it."""
import json
import random
import time

import bulk
from tunnel import Path, Tunnel
from world import World, run

PRESET = "default"
N_BYTES = 5_000_000
PATH_RTT_MS = 40
SETTLE_S = 3          # when the modelled users have begun, the download begins within BEGIN_S
BEGIN_S = 4
LIMIT_S = 60
CARD_SHARE = 0.05     # all downloads together and their card, at most so far apart


def play(turn, build, work, enrolment, path, seed):
    """One download over the programs: when it began in the schedule, and how long it took."""
    with World(build, work, turn) as world:
        t = Tunnel(world, path, seed)
        t.serve(enrolment)
        t.play(enrolment.models, "--preset", PRESET, "--socks-reply", "early", "--forward", bulk.forward(), is_logged=True)
        far = bulk.FarEnd(t, bulk.DOWN, N_BYTES)
        try:
            t.sleep(SETTLE_S + random.Random(f"{seed}/begin").uniform(0, BEGIN_S))
            at_us = int((time.monotonic() - t.begun_s()) * 1e6)
            found = bulk.transfer(t, far, bulk.DOWN, 0, LIMIT_S)
        finally:
            far.close()
        s = t.status("client")
    return {"seed": seed, "at_us": at_us, "seconds": found["seconds"], "done": found["done"], "late_p99_us": s["lateness"]["p99_us"],
            "died": s["totals"]["carriers_died"]}


def card(learn, models, preset, live, place):
    """How many seconds tm-learn simulate says that it takes, None: it is not over in time; place: where the file with the download may be."""
    with open(place, "w", encoding="ascii") as f:
        f.write(json.dumps({"at_us": live["at_us"], "up_bytes": bulk.REQUEST, "down_bytes": N_BYTES}) + "\n")
    users = [] if ":" in preset["model"] else ["--users", str(preset["users"])]  # a mix counts its users itself
    said = json.loads(run([learn, "simulate", models, "--model", preset["model"], *users, "--pace", f"{preset['pace_us']}us", "--seed",
                           str(live["seed"]), "--rtt", Path(PATH_RTT_MS).mean_rtt(), "--socks-reply", "early", "--workload", place, "--for",
                           f"{live['at_us'] // 1000000 + 2 * LIMIT_S}s", "--json"]))["workload"]
    return said["whole_p50_us"] / 1e6 if said["n"] else None


def judged(rows):
    """All together: (seconds live, seconds by the card, whether they agree)."""
    if not all(r["done"] and r["card_s"] for r in rows):
        return None, None, False
    live, told = sum(r["seconds"] for r in rows), sum(r["card_s"] for r in rows)
    return live, told, abs(live / told - 1) <= CARD_SHARE
