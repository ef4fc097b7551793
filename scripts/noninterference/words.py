"""The study as Markdown, and what it comes to."""
from study import LOADS, TITLES, quantile

AIM, CAUGHT = 0.55, 0.8
ATTACKS = (("forest_all", "forest, all"), ("forest_sizes", "forest, sizes"), ("forest_times", "forest, times"), ("network", "network"))
CARRIERS, SESSIONS = 2000, 200


def markdown(study, results, version):
    return "\n".join([material(study, version), told_table(results), runs_table(study), verdict(study, results)])


def material(study, version):
    o = study.o
    return (f"{version}; model {o.model}, {o.users} users, --pace {o.pace}, seeds {o.seed * 1000} to {o.seed * 1000 + o.rounds - 1}, {o.seconds} s "
            "each. Two emulated links of 10 ms each way with 1 ms jitter; the capture is between them, so what is seen of either end has "
            "crossed one. A session is one modelled user of a run: folds and intervals move whole sessions.\n")


def told_table(results):
    lines = ["**Told apart?** AUC [95 %] for each attack; 0.5: cannot tell.\n",
             "| one side | other side | carriers a side | sessions | offsets compared | equal | "
             + " | ".join(t for _, t in ATTACKS) + " | leaks put in by the audit |",
             "|" + "---|" * (7 + len(ATTACKS))]
    for a, b, r in results:
        o, cells = r["offsets"], []
        for key, _ in ATTACKS:
            x = r["attacks"].get(key)
            cells.append("-" if x is None else f"{x['auc']:.3f} [{x['low']:.3f}, {x['high']:.3f}]")
        caught = sum(c["is_caught"] for c in r["controls"])
        groups = r["groups"] if r["groups_are"] == "sessions" else f"{r['groups']} {r['groups_are']}"
        lines.append(f"| {'nothing' if a == 'idle' else TITLES[a]} | {TITLES[b]} | {r['pairs']} | {groups} | {o['compared']} | "
                     f"{'all' if o['equal'] == o['compared'] and not o['is_different'] else o['equal']} | " + " | ".join(cells)
                     + f" | {caught} of {len(r['controls'])} caught |")
    return "\n".join(lines) + "\n"


def runs_table(study):
    lines = ["**The runs.** Lateness: first byte behind its time by the programs' own logs, both ends, before any link.\n",
             "| workload | runs | payload up, kB | payload down, kB | machine busy | writes | late p50, us | p95 | p99 | packets not captured |",
             "|" + "---|" * 10]
    for workload in ("idle", *TITLES):
        runs = study.of(workload)
        if not runs:
            continue
        late = sorted(x for r in runs for x in r["late"])
        kb = [sum(r[k] for r in runs) / 1000 for k in ("payload_up", "payload_down")]
        lines.append(f"| {'nothing' if workload == 'idle' else TITLES[workload]} | {len(runs)} | {kb[0]:.0f} | {kb[1]:.0f} | "
                     f"{sum(r['busy'] for r in runs) / len(runs):.0%} | {len(late)} | "
                     + " | ".join(str(quantile(late, q)) for q in (50, 95, 99)) + f" | {sum(r['dropped'] for r in runs)} |")
    return "\n".join(lines) + "\n"


def highest(r):
    return max((x["high"] for x in r["attacks"].values()), default=1.0)


def faults(results):
    """What speaks against the claim, in words; empty: it holds."""
    found = []
    by = {(a, b): r for a, b, r in results}
    for load in LOADS:
        r = by["idle", load]
        if r["offsets"]["is_different"] or r["offsets"]["equal"] != r["offsets"]["compared"] or r["offsets"]["compared"] == 0:
            found.append(f"{TITLES[load]}: offsets differ: {r['offsets']['first'] or 'none were compared'}")
        if r["pairs"] < CARRIERS or r["groups"] < SESSIONS or r["groups_are"] != "sessions":
            found.append(f"{TITLES[load]}: {r['pairs']} carriers of {r['groups']} {r['groups_are']}, wanted are {CARRIERS} of {SESSIONS} sessions")
        if highest(r) > AIM:
            found.append(f"{TITLES[load]}: an interval ends at {highest(r):.3f}, the aim is {AIM}")
        found += [f"{TITLES[load]}: a leak put in by the audit was not caught" for c in r["controls"] if not c["is_caught"]]
    leaky = by["idle", "leaky"]
    if max((x["auc"] for x in leaky["attacks"].values()), default=0.0) < CAUGHT:
        found.append("the programs made to leak were not caught: the study itself failed")
    return found


def verdict(study, results):
    found = faults(results)
    best = max(highest(r) for a, b, r in results if a == "idle" and b in LOADS)
    if not found:
        return (f"Offsets are identical under all workloads, no interval between nothing and a load ends above {AIM} (the highest at {best:.3f}), "
                f"and the programs made to leak are caught.\n")
    return "What was not as it should be:\n\n" + "".join(f"- {f}\n" for f in found)
