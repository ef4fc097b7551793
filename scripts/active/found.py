"""What tm-audit netflow and tm-audit probe say of each wire, as tables."""
import patterns
from table import rows_of
from wires import INDEPENDENT, RELAY, TOR_NAME

CONTROLS = (RELAY, TOR_NAME)
CONTROL_RANK1 = 0.8
BUSY_MAX = 0.60  # of the machine: rows above it are marked
NAMES = {RELAY: "plain relay (the control)", TOR_NAME: "Debian's tor, through its guard", "constant": "`constant`, 12 users",
         "swing": "`https-browsing`, 6 users", "joint": "`https-browsing-joint`, 6 users", "shuffle": "`shuffle`", "front": "machines: FRONT",
         "regulator": "machines: RegulaTor", "tamaraw": "machines: Tamaraw"}
ATTACKS = (("pearson", "Pearson"), ("spearman", "Spearman"), ("lagged", "Pearson, all steps, lagged"))
PROBES = (("latency", "c"), ("ranks", "ranks"))


def name_of(wire, busy):
    return NAMES[wire] + (" (busy)" if busy > BUSY_MAX else "")


def share(v):
    return f"{number(v['value'])} [{number(v['low'])}, {number(v['high'])}]"


def number(v, digits=2):
    return "-" if v is None else f"{v:.{digits}f}"


def marked(text, is_marked):
    return f"**{text}**" if is_marked else text


def is_far(attack, n):
    """Bold: of this row's attacks, by the error level of tm-audit."""
    return attack["rank1_p"] is not None and min(attack["rank1_p"], attack["placement_p"]) < 0.01 / (2 * n)


def netflow_table(found, timers):
    rows = []
    for wire, f in found.items():
        for kind in patterns.RATES:
            r = f["netflow"].get(f"{kind}.{timers}")
            busy = f["played"]["netflow"]["busy"]
            if not r:
                continue
            if "error" in r:
                rows.append([name_of(wire, busy), kind, "-", "-", "-"] + ["-"] * (len(ATTACKS) + 2) + [r["error"]])
                continue
            w = r["wire"]
            cells = [marked(share(w["attacks"][a]["rank1"]), is_far(w["attacks"][a], len(ATTACKS))) for a, _ in ATTACKS]
            p = w["attacks"]["pearson"]
            rows.append([name_of(wire, busy), kind, str(w["trials"]), str(w["others"]), number(w["chance"]), *cells, share(p["auc"]),
                         number(p["tpr_at_fpr_5"]), f"{number(p['mean_true'])} / {number(p['mean_best_other'])}", r["verdict"]])
    head = ["wire", "pattern", "victims", "others", "chance", *(f"rank 1, {t}" for _, t in ATTACKS), "AUC", "TPR at FPR 0.05", "r: victim / best other",
            "verdict"]
    return rows_of(head, rows)


def probe_table(found):
    rows = []
    for wire, f in found.items():
        r, played = f["probe"], f["played"]["probing"]
        if not r:
            continue
        if "error" in r:
            rows.append([name_of(wire, played["busy"]), "-"] + ["-"] * 8 + [r["error"]])
            continue
        w = r["wire"]
        c, k = (w["attacks"][a] for a, _ in PROBES)
        cells = [marked(share(a["auc"]), is_far(a, len(PROBES))) for a in (c, k)]
        rows.append([name_of(wire, played["busy"]), str(w["trials"]), number(c["mean_true"], 3), number(c["mean_other"], 3), *cells,
                     number(c["tpr_at_fpr_5"]), share(c["rank1"]), number(w["chance"]), f"{played['latency_p50_ms']:.0f} / {played['latency_p95_ms']:.0f}",
                     r["verdict"]])
    head = ["node", "runs", "c", "c of other patterns", "AUC, c", "AUC, ranks", "TPR at FPR 0.05", "rank 1", "chance", "probes p50 / p95, ms", "verdict"]
    return rows_of(head, rows)


def cost_table(found):
    rows = []
    for wire, f in found.items():
        n, p = f["played"]["netflow"], f["played"]["probing"]
        failed = n["failed"] + p["failed"]
        rows.append([NAMES[wire], f"{n['busy']:.0%} / {p['busy']:.0%}", number(mean(n["victim_kbit_s"]), 0), number(mean(p["victim_kbit_s"]), 0),
                     str(n["entry_records"]), str(n["packets_lost"]), str(len(failed)) + (f" ({failed[0][:60]})" if failed else "")])
    return rows_of(["wire", "machine busy, NetFlow / probes", "server sent, kbit/s, NetFlow", "the same, probes", "records at the entry (5 s)",
                    "packets not captured", "what failed"], rows)


def mean(v):
    return sum(v) / len(v) if v else None


def markdown(found, o, version):
    c = patterns.COMPRESSED
    parts = [f"{version}; softflowd and nfdump of Debian; seed {o.seed}; {some(found, 'sites')} sites of {some(found, 'clients')} clients and a prober each, side by side; time compressed by "
             f"{c}, all seconds below are the papers'. 95 % intervals. **Bold**: more than chance gives (error level 1 % for all attacks of a row). "
             f"(busy): the machine was more than {BUSY_MAX:.0%} busy, with this and other work.\n",
             f"**NetFlow** (Chakravarty et al., 2014). Windows of {o.window_s * c:g} s, {patterns.PHASES} victims in each; square: 2 Mbit/s "
             "and 30 kbit/s, step: 1 Mbit/s, 50, 300, 100 kbit/s, every 20 s, or what the wire takes of it. Each victim is looked for among all clients "
             "of its site.\n"]
    for name, active, inactive in patterns.timers_for(o.window_s):
        parts.append(f"Active and inactive timers of {active} and {inactive} s:\n\n" + netflow_table(found, name))
    parts += [f"Timers of {active} and {inactive} s: left out; these windows are shorter than {patterns.RECORDS_MIN} records.\n"
              for _, active, inactive in patterns.TIMERS if active * patterns.RECORDS_MIN > o.window_s * c]
    parts.append(f"**Latency through a shared node** (Murdoch, Danezis, 2005). Runs of {o.run_s * c:g} s; a probe every 0.2 s; the victim's server sends for 10 to 25 s "
                 "and is silent for 30 to 75 s. The others: the patterns of the other runs.\n\n" + probe_table(found))
    parts.append("What was played:\n\n" + cost_table(found))
    wrong = faults(found)
    parts.append("What was not as it should be:\n\n" + "".join(f"- {w}\n" for w in wrong) if wrong else
                 "The controls were caught, and what does not depend on its payload was at chance.\n")
    return "\n".join(parts)


def some(found, what):
    """3, or 3 to 4."""
    v = sorted({f[what] for f in found.values()})
    return str(v[0]) if len(v) == 1 else f"{v[0]} to {v[-1]}"


def verdicts(f):
    return [(what, r) for what, r in [*f["netflow"].items(), ("probes", f["probe"])] if r]


def faults(found):
    """What speaks against the claim, in words."""
    out = []
    for wire, f in found.items():
        for what, r in verdicts(f):
            word = r.get("error") or r["verdict"]
            if wire in CONTROLS and what == "probes":
                if wire == RELAY and word != "found":
                    out.append(f"{NAMES[wire]}, {what}: {word}: the attack does not see what it should")
            elif wire in CONTROLS:
                if word != "found" or rank1_of(r) < CONTROL_RANK1:
                    out.append(f"{NAMES[wire]}, {what}: {word}, rank 1 {rank1_of(r):.2f}: the attack does not find what it should")
            elif wire in INDEPENDENT and word != "chance":
                out.append(f"{NAMES[wire]}, {what}: {word}")
    return out


def rank1_of(r):
    return 0 if "error" in r else max(a["rank1"]["value"] for a in r["wire"]["attacks"].values())
