"""The evaluation as Markdown and JSON."""
import json
import os

BEGIN, END = "<!-- begin: written by {} -->", "<!-- end: written by {} -->"
WRITER = "scripts/evaluate"
CPU_MAX = 0.60
RTT_SLACK_MS = 10
OWN_QUEUES = ("https-download",)  # fills the path's queue itself, as the real one does
GROUPS = ("poster", "sizes", "times", "cumul", "all")


def write(directory, recording, rows, found, o, version):
    """DIRECTORY/table.md and table.json; returns the Markdown."""
    text = markdown(recording, rows, found, o, version)
    with open(os.path.join(directory, "table.md"), "w", encoding="utf-8") as f:
        f.write(text)
    with open(os.path.join(directory, "table.json"), "w", encoding="utf-8") as f:
        json.dump({"schema_version": 1, "version": version, "seed": o.seed, "recording": recording.facts, "rows": rows, "classify": found}, f, indent=1)
    return text


def around(path, writer=WRITER):
    """What stands before and after the marks of a script in a document, without these; a document that lacks them is refused."""
    marks = BEGIN.format(writer), END.format(writer)
    with open(path, encoding="utf-8") as f:
        old = f.read()
    head, begin, rest = old.partition(marks[0])
    _, end, tail = rest.partition(marks[1])
    if not begin or not end:
        raise OSError(f"{path} has no lines {marks[0]} and {marks[1]} to put the table between")
    return head, tail


def insert(path, text, writer=WRITER):
    """Replaces what stands between the marks of a script in a document."""
    head, tail = around(path, writer)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(head + BEGIN.format(writer) + "\n" + text + END.format(writer) + tail)
    os.replace(path + ".new", path)


def markdown(recording, rows, found, o, version):
    return "\n".join([material(recording, rows, o, version), attack_table(rows), floor_table(rows), name_table(found), cost_table(rows)])


def material(recording, rows, o, version):
    """What was compared, in two sentences."""
    paths = "; ".join(f"{p.name}: {p.delay_ms:g} ms each way, jitter {p.jitter_ms:g} ms"
                      + (f", {p.rate_mbit:g} Mbit/s" if p.rate_mbit else "") for p in recording.paths)
    seed = recording.facts.get("seed", "unknown")
    doubts = "".join(f"- {d}\n" for d in doubts_of(recording, rows))
    return (f"{version}; recording with seed {seed}, evaluation with seed {o.seed}. Paths: {paths}. Every figure is of idle cover but those "
            f"under a download. {len(rows)} comparisons.\n" + (f"\nWhat was not as it should be:\n\n{doubts}" if doubts else ""))


def doubts_of(recording, rows):
    """Conditions of the comparison that were missed, in words."""
    doubts = [f"recording: {w}" for w in recording.facts.get("warnings", [])]
    longest_ms = max(2 * (p.delay_ms + p.jitter_ms) for p in recording.paths)
    for model, idle in {r["model"]: r["idle"] for r in rows}.items():
        p99_ms = idle["rtt_us"].get("p99", 0) / 1000
        if idle["cpu_share"] > CPU_MAX:
            doubts.append(f"{model}: the machine was {idle['cpu_share']:.0%} busy, above {CPU_MAX:.0%}")
        if p99_ms > longest_ms + RTT_SLACK_MS and model not in OWN_QUEUES:
            doubts.append(f"{model}: handshakes took {p99_ms:.0f} ms at the 99th percentile, the paths at most {longest_ms:.0f} ms")
        if idle["died"] or idle["foreign"] or idle["dropped_by_kernel"]:
            doubts.append(f"{model}: {idle['died']} connections died, {idle['foreign']} are of nobody, the capture lost {idle['dropped_by_kernel']} packets")
        if not idle["conform"]["is_exact"]:
            doubts.append(f"{model}: the wire differs from the schedule: {idle['conform']['first']}")
    return doubts


def rows_of(head, rows):
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows]) + "\n"


def attack_table(rows):
    head = ["cover", "against held-out", "n cover", "n real"] + list(GROUPS) + ["verdict"]
    body = []
    for r in rows:
        d = r["detect"]
        groups = {g["name"]: g for g in d["groups"]}
        body.append([r["model"], r["class"], size(d["cover"]["used"]), size(d["real"]["used"])]
                    + [auc(groups.get(g, {}).get("cover")) for g in GROUPS] + [d["verdict"]])
    return "**AUC [95 %] of a trained observer**; 0.5: cannot tell, 1: always. n is connections / sessions.\n\n" + rows_of(head, body)


def floor_table(rows):
    head = ["cover", "against held-out", "R: poster", "sizes", "times", "all", "Rb: poster", "sizes", "times", "all", "memorisation: median", "5 %",
            "controls"]
    body = []
    for r in rows:
        d = r["detect"]
        groups = {g["name"]: g for g in d["groups"]}
        line = [r["model"], r["class"]]
        for floor in ("floor_r", "floor_rb"):
            line += [plain(groups.get(g, {}).get(floor)) for g in ("poster", "sizes", "times", "all")]
        m = d.get("memorisation") or {}
        passed = [c["passed"] for c in d.get("controls", [])]
        body.append(line + [number(m.get("median_ratio")), number(m.get("q05_ratio")), f"{sum(passed)} of {len(passed)} passed"])
    return ("**The floors of the same test**: R, real connections cut into writes and rendered again; Rb, the same drawn with replacement. "
            "Memorisation: distance to the nearest training connection, cover over real; 1 is new, 0 is a copy.\n\n" + rows_of(head, body))


def name_table(found):
    """TrafficMimic's attack on every cover, and beside it on the real connections of the class."""
    real = {c["name"]: c for c in found["classes"]}
    body = []
    for c in found["covers"]:
        like = real.get(c["poses_as"], {})
        clusters = c["clusters"] or {}
        body.append([c["name"], f"{c['conns']} / {c['sessions']}", percent(c["named"]), percent(like.get("recall")), percent(c["anomalous"]),
                     percent(like.get("anomalous")), percent(clusters.get("cover_flagged")), percent(clusters.get("real_flagged"))])
    head = ["cover", "n", "named as its class", "real: named rightly", "anomalous", "real: anomalous", "in flagged clusters", "real: in flagged clusters"]
    note = (f"**TrafficMimic's own attack** [95 %]: weighted k-NN on {', '.join(found['features']['kept'])}, real connections of all "
            f"classes known (n = {found['conns']} / {found['sessions']}); named rightly: {percent(found['accuracy'])}, mean of classes "
            f"{percent(found['balanced'])}, largest class {100 * found['majority']:.1f} %. `CLASS:constant` is `constant` posing as CLASS.\n\n")
    return note + rows_of(head, body)


def cost_table(rows):
    head = ["model", "users", "connections", "unfinished", "offsets exact", "handshake p50 / p99 ms", "machine busy", "users under load",
            "useful share", "of what came down", "payload kbit/s", "wire kbit/s"]
    seen, body = set(), []
    for r in rows:
        if r["model"] in seen:
            continue
        seen.add(r["model"])
        i, l, c = r["idle"], r["loaded"], r["idle"]["conform"]
        rtt = i["rtt_us"]
        body.append([r["model"], str(i["users"]), str(i["connections"]), str(i["unfinished"]), f"{c['exact']} of {c['offsets']}",
                     f"{rtt.get('p50', 0) / 1000:.1f} / {rtt.get('p99', 0) / 1000:.1f}", f"{100 * i['cpu_share']:.0f} %", str(l["users"]),
                     f"{100 * l['useful_share']:.1f} %", f"{100 * l['useful_share_down']:.1f} %", f"{l['payload_kbps']:.0f}", f"{l['wire_kbps']:.0f}"])
    loaded = rows[0]["loaded"] if rows else None
    note = (f" Under load: one download on path {loaded['path']}, pauses of at most {loaded['pace_s']:g} s, {loaded['seconds']:.0f} s; up to "
            f"{max(r['loaded']['users'] for r in rows)} users, fewer where their connections are too many for a session or too large for the path; both directions together, "
            "where not said otherwise." if loaded else "")
    return "**What it costs and whether it was played**." + note + "\n\n" + rows_of(head, body)


def size(n):
    return f"{n['connections']} / {n['sessions']}"


def auc(test):
    return f"{test['auc']:.3f} [{test['low']:.3f}, {test['high']:.3f}]" if test and test["auc"] is not None else "-"


def plain(test):
    return f"{test['auc']:.2f}" if test and test["auc"] is not None else "-"


def number(v):
    return f"{v:.2f}" if v is not None else "-"


def percent(interval):
    """Of [value, low, high], as classify has it."""
    if not interval:
        return "-"
    value, low, high = (100 * v for v in interval)
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"
