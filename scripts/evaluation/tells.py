"""What scripts/fidelity found, as Markdown and JSON: who is told from whom, by how much, and by which features."""
import json
import os

import table

GOAL = 0.60          # upper end of the interval, on these groups
GOAL_GROUPS = ("poster", "sizes")
SHOWN = ("poster", "sizes", "times", "all")
TELLS_MAX = 5
NAMED_MIN = 0.98     # of the rate for real connections
WHAT = {"replay": "replay against recorded", "joint": "joint against replay"}


def write(directory, recordings, rows, found, o, version):
    """DIRECTORY/fidelity.md and fidelity.json; returns the Markdown."""
    text = "\n".join([material(recordings, rows, o, version), attack_table(rows), tell_table(rows), name_table(found), played_table(rows)])
    with open(os.path.join(directory, "fidelity.md"), "w", encoding="utf-8") as f:
        f.write(text)
    with open(os.path.join(directory, "fidelity.json"), "w", encoding="utf-8") as f:
        json.dump({"schema_version": 1, "version": version, "seed": o.seed, "recordings": [r.facts for r in recordings], "rows": rows,
                   "classify": found}, f, indent=1)
    return text


def material(recordings, rows, o, version):
    """What was compared, and under which conditions that was not as it should be."""
    replayed, other = recordings
    seeds = [r.facts.get("seed", "unknown") for r in recordings]
    of = (f"recording with seed {seeds[0]}: its train half is replayed against its held-out half, and the model is of the train half"
          if replayed is other else
          f"all sessions of the recording with seed {seeds[0]} are replayed; the real connections are all of the one with seed {seeds[1]}, of which "
          "the models are, so that a deck is shown about once")
    doubts = "".join(f"- {d}\n" for d in doubts_of(replayed, rows))
    return (f"{version}; {of}. Seed of schedules and links {o.seed}; what is played is prepared {o.prep} ahead.\n"
            + (f"\nWhat was not as it should be:\n\n{doubts}" if doubts else ""))


def doubts_of(recording, rows):
    doubts, seen = [], set()
    longest_ms = max(2 * (p.delay_ms + p.jitter_ms) for p in recording.paths)
    for r in rows:
        for kind, p in r["played"].items():
            name = f"{r['class']} {kind}"
            if name in seen:
                continue
            seen.add(name)
            doubts += [f"{name}: {d}" for d in doubts_of_play(r["class"], p, longest_ms)]
    return doubts


def doubts_of_play(cls, p, longest_ms):
    p99_ms = p["rtt_us"].get("p99", 0) / 1000
    if p["cpu_share"] > table.CPU_MAX:
        yield f"the machine was {p['cpu_share']:.0%} busy, above {table.CPU_MAX:.0%}"
    if p99_ms > longest_ms + table.RTT_SLACK_MS and cls not in table.OWN_QUEUES:
        yield f"handshakes took {p99_ms:.0f} ms at the 99th percentile, the paths at most {longest_ms:.0f} ms"
    if p["died"] or p["foreign"] or p["dropped_by_kernel"]:
        yield f"{p['died']} connections died, {p['foreign']} are of nobody, the capture lost {p['dropped_by_kernel']} packets"
    if not p["conform"]["is_exact"]:
        yield f"the wire differs from the schedule: {p['conform']['first']}"


def groups_of(row):
    return {g["name"]: g for g in row["detect"]["groups"]}


def is_reached(test):
    return bool(test) and test["high"] is not None and test["high"] <= GOAL


def attack_table(rows):
    head = ["class", "what", "n cover", "n real", *SHOWN, "R: poster / sizes / all", "Rb: poster / sizes / all", f"upper end <= {GOAL:.2f}: poster, sizes"]
    body = []
    for r in rows:
        g, d = groups_of(r), r["detect"]
        floors = [" / ".join(table.plain(g.get(n, {}).get(floor)) for n in ("poster", "sizes", "all")) for floor in ("floor_r", "floor_rb")]
        goal = ", ".join("yes" if is_reached(g.get(n, {}).get("cover")) else "no" for n in GOAL_GROUPS)
        body.append([r["class"], WHAT[r["what"]], table.size(d["cover"]["used"]), table.size(d["real"]["used"])]
                    + [table.auc(g.get(n, {}).get("cover")) for n in SHOWN] + floors + [goal])
    return ("**AUC [95 %] of a trained observer**, by session; 0.5: cannot tell, 1: always. n is connections / sessions. R and Rb are the floors of the "
            "same test: connections of neither side cut into writes and rendered again, and these drawn with replacement.\n\n" + table.rows_of(head, body))


def tell_table(rows):
    """The features that the observer used most, of all and of the groups that have a goal."""
    head = ["class", "what", "group", "features by importance: share of the gain, distance; median real -> cover"]
    body = [[r["class"], WHAT[r["what"]], n, "; ".join(tell(f, r["detect"]) for f in groups_of(r)[n]["top"][:TELLS_MAX])]
            for r in rows for n in ("poster", "sizes", "all") if n in groups_of(r)]
    return ("**What gives it away**: share of all gain in the observer's trees, Kolmogorov-Smirnov distance of that feature alone (0: none), and where they are "
            "kept the medians.\n\n" + table.rows_of(head, body))


def tell(feature, detect):
    shown = {d["name"]: d for d in detect.get("distributions", [])}.get(feature["name"])
    medians = ""
    if shown and None not in (shown["real"][50], shown["cover"][50]):
        medians = f", {shown['real'][50]:g} -> {shown['cover'][50]:g}"
    return f"{feature['name']} ({100 * feature['gain']:.0f} %, {feature['ks']:.2f}{medians})"


def name_table(found):
    real = {c["name"]: c for c in found["classes"]}
    body = []
    for c in found["covers"]:
        like = real.get(c["poses_as"], {})
        rate = like.get("recall")
        share = c["named"][0] / rate[0] if rate and rate[0] else None
        body.append([c["name"], f"{c['conns']} / {c['sessions']}", table.percent(c["named"]), table.percent(rate),
                     "-" if share is None else f"{100 * share:.1f} %", "-" if share is None else "yes" if share >= NAMED_MIN else "no"])
    return (f"**TrafficMimic's own attack** [95 %]: weighted k-NN on {', '.join(found['features']['kept'])}, real connections of all classes known.\n\n"
            + table.rows_of(["cover", "n", "named as its class", "real: named rightly", "cover / real", f">= {100 * NAMED_MIN:.0f} %"], body))


def played_table(rows):
    head = ["cover", "sessions", "connections", "unfinished", "offsets exact", "late p99 ms", "handshake p50 / p99 ms", "machine busy"]
    seen = {}
    for r in rows:
        seen.update({f"{r['class']} {kind}": p for kind, p in r["played"].items()})
    body = []
    for name, p in seen.items():
        c, rtt = p["conform"], p["rtt_us"]
        body.append([name, str(p["users"]), str(p["connections"]), str(p["unfinished"]), f"{c['exact']} of {c['offsets']}", f"{c['late_p99_us'] / 1000:.1f}",
                     f"{rtt.get('p50', 0) / 1000:.1f} / {rtt.get('p99', 0) / 1000:.1f}", f"{100 * p['cpu_share']:.0f} %"])
    return "**What was played.** What began in the first seconds of a model's tunnel is not counted (see below), but is in its lateness.\n\n" + table.rows_of(head, body)
