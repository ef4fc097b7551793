"""How many users play a model's cover, on which paths, in how many tunnels and for how long."""
import itertools
import json
import math
import random

from world import WorldError, run

LIVE_MAX = 130        # carriers of a session at a time, on average; at 1,000 the engine makes openings wait
USERS_MAX = 400       # of a session
LINK_SHARE = 0.4      # of a path's rate, at most, on average
TOTAL_MBIT = 60.0     # over all paths: two cores play this beside the emulator without hurry
RUNS_MAX = 12         # tunnels at a time
PACE_MIN_S = 0.3      # shortest cap on the pauses of a user
TAIL_MAX_S = 120


class Plan:
    """How much is wanted: connections that open within `window_s`, of at least so many users."""

    def __init__(self, window_s, target, sessions):
        self.window_s, self.target, self.sessions = window_s, target, sessions


class Likeness:
    """What a model's connections are like on average: enough to choose how many users to play."""

    def __init__(self, mean_s, mean_bytes, conns, inter_conn_s, tail_s):
        self.mean_s, self.mean_bytes = mean_s, mean_bytes      # of a connection
        self.conns, self.inter_conn_s = conns, inter_conn_s    # of a request-response exchange: connections, and from start to start
        self.tail_s = tail_s                                   # nearly all connections are over after so long

    def cycle_s(self, pace_s):
        """From the start of a user's exchange to that of the next."""
        return (self.conns - 1) * self.inter_conn_s + self.mean_s + pace_s

    def rate(self, pace_s):
        """Connections a second of one user."""
        return self.conns / self.cycle_s(pace_s)

    def live(self, pace_s):
        """Connections of one user at a time."""
        return self.rate(pace_s) * self.mean_s


CONSTANT = Likeness(5.3, 29000, 1, 0, 8)


class Recorded:
    """Connections of a capture on average, how long nearly all of them last, and how many they are."""

    def __init__(self, mean_s, mean_bytes, tail_s, n=0):
        self.mean_s, self.mean_bytes, self.tail_s, self.n = mean_s, mean_bytes, tail_s, n


def recorded(learn, capture_file, ports, tail_max_s=TAIL_MAX_S):
    """Of the connections that tm-learn finds; the tail by their 99th percentile."""
    return recorded_of(run([learn, "connections", "--port", ports, "--max-pairs", "30000", capture_file]), capture_file, ports, tail_max_s)


def recorded_of(table, capture_file, ports, tail_max_s=TAIL_MAX_S):
    """recorded() of what tm-learn printed."""
    head, *lines = table.splitlines()
    at = {name: i for i, name in enumerate(head.lstrip("#").split("\t"))}
    rows = [[int(r[at[name]]) for name in ("start_us", "end_us", "up_bytes", "down_bytes")] for r in (line.split("\t") for line in lines)]
    if not rows:
        raise WorldError(f"{capture_file} has no connections on port {ports}")
    seconds = sorted((end - start) / 1e6 for start, end, _, _ in rows)
    return Recorded(sum(seconds) / len(rows), sum(up + down for _, _, up, down in rows) / len(rows),
                    min(tail_max_s, seconds[len(seconds) * 99 // 100] * 1.5 + 2), len(rows))


def likeness(learn, models, name, paths, like):
    """Of a model.  like: what was Recorded of the class that it was learned from."""
    if name == "constant":
        return CONSTANT
    return likeness_of(json.loads(run([learn, "show", "--json", models, name]))["models"][0], paths, like)


def likeness_of(shown, paths, like):
    """Of what tm-learn shows of a model: a swing model's connections by its means, those of other kinds as recorded."""
    mean = {p["name"]: p.get("mean") or 0 for p in shown["parameters"]}
    conns, inter_conn_s = max(1, mean.get("num_conn", 1)), mean.get("inter_conn_us", 0) / 1e6
    if shown["kind"] != "swing":
        return Likeness(like.mean_s, like.mean_bytes, conns, inter_conn_s, like.tail_s)
    rtt_s = 2 * sum(p.delay_ms + p.jitter_ms / 2 for p in paths) / len(paths) / 1000
    pair_s = (mean["req_think_us"] + mean["server_think_us"]) / 1e6 + rtt_s
    seconds = mean["num_pairs"] * pair_s + 2 * rtt_s + mean["close_think_us"] / 1e6
    n_bytes = mean["num_pairs"] * (mean["req_bytes"] + mean["rsp_bytes"])
    return Likeness(seconds, n_bytes, conns, inter_conn_s, like.tail_s)


def users_of_a_run(like):
    """How many users one tunnel can play at a time."""
    return max(1, int(min(USERS_MAX, LIVE_MAX / like.live(PACE_MIN_S))))


def users_and_pace(plan, like, paths):
    """(users, longest pause in s).  As many users as open the wanted number of connections, at least plan.sessions; when that would be
    too much for the paths, they pause longer."""
    mbit = min(TOTAL_MBIT, sum(p.rate_mbit or TOTAL_MBIT for p in paths) * LINK_SHARE)
    rate = min(plan.target / plan.window_s, mbit * 1e6 / (8 * max(1.0, like.mean_bytes)))
    users = max(plan.sessions, math.ceil(rate / like.rate(PACE_MIN_S)))
    users = min(users, users_of_a_run(like) * RUNS_MAX)
    pace_s = max(PACE_MIN_S, users * like.conns / rate - like.cycle_s(0))
    return users, pace_s


def window_of(plan, like, users, pace_s):
    """How long to play, at most four times the wanted window, until the wanted connections have come."""
    return min(4 * plan.window_s, max(plan.window_s, round(plan.target / (users * like.rate(pace_s)))))


def at_once(like, path):
    """How many users may begin together: their first connections fill the path for a second."""
    return max(1, int((path.rate_mbit or TOTAL_MBIT) * 1e6 / (8 * max(1.0, like.mean_bytes))))


def users_by_path(users, sessions_by_path, paths, seed):
    """[(path, users)]: the path of each user drawn by itself, with the recorded sessions' shares (none known: equal ones).

    Not shared out exactly: when something visible is exactly as frequent in the cover as in the real connections, a learner that has
    seen more of it on one side in its training folds is left with less of it to score, and an AUC over folds falls below 0.5.
    """
    weights = [sessions_by_path.get(p.name, 0) for p in paths]
    drawn = random.Random(seed).choices(range(len(paths)), weights if any(weights) else None, k=users)
    return [(p, drawn.count(i)) for i, p in enumerate(paths) if i in drawn]


def share_out(users, like, sessions_by_path, paths, seed):
    """[(path, users)], one for each run: each path's users in as many runs as their number and, up to RUNS_MAX, the size of their connections
    ask for.  In their order the paths take turns."""
    by_path = users_by_path(users, sessions_by_path, paths, seed)
    runs_of = []
    for path, mine in by_path:
        n = math.ceil(mine / users_of_a_run(like))
        n = max(n, min(math.ceil(mine / at_once(like, path)), RUNS_MAX // len(by_path), mine))
        runs_of.append([(path, mine // n + (i < mine % n)) for i in range(n)])
    return [run for turn in itertools.zip_longest(*runs_of) for run in turn if run]
