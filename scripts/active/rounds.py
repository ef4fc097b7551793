"""One site's part of the study: windows of the NetFlow attack, then runs of Murdoch and Danezis's."""
import os
import random
import time

import patterns
from cpu import Cpu
from ground import ECHO, PROBER, SHAPED, WEB

LEAD_S = 1.5  # from the beginning of a window's programs to that of its patterns
KINDS = ("pages", "pages", "chat", "bulk", "chat", "pages")


def netflow(site, wire, o, seed, tell):
    """Windows of o.window_s: PHASES victims each, all others ordinary people.  The captures and trials are left in the site's directory; what is
    known of it."""
    cpu, failed, lines, zero_us = Cpu(), [], {kind: [] for kind in patterns.RATES}, None
    site.capture()
    for w in range(o.windows):
        kind = list(patterns.RATES)[w % len(patterns.RATES)]
        begin = time.time() + LEAD_S
        zero_us = zero_us or round(begin * 1e6)
        victims = [site.clients[(w * patterns.PHASES + i) % len(site.clients)] for i in range(patterns.PHASES)]
        end = begin + o.window_s
        failed += site.play(wire, f"window{w}", people_of(site, victims, kind, w, begin, end, seed), end)
        cpu.sample()
        orders = site.orders()
        for i, who in enumerate(victims):
            order = orders.get(f"w{w}-{i}")
            if order is None or order.get("error"):
                failed.append(f"window {w}, {who}: {(order or {}).get('error', 'its stream never began')}")
                continue
            lines[kind].append((stretched(begin, zero_us), stretched(end, zero_us), order["peer"], site.address_of(who), order["sent"]))
        tell(f"window {w + 1} of {o.windows}: {kind}")
    lost = site.end_capture()
    write_trials(site, lines)
    sent = [line[4] for v in lines.values() for line in v]
    return {"busy": round(cpu.mean(), 3), "failed": failed, "packets_lost": lost, "trials": {k: len(v) for k, v in lines.items()},
            "victim_kbit_s": [round(n * 8 / 1000 / o.window_s, 1) for n in sent], "zero_us": zero_us}


def people_of(site, victims, kind, w, begin, end, seed):
    people = []
    for n, who in enumerate(site.clients):
        if who in victims:
            i = victims.index(who)
            order = {"id": f"w{w}-{i}", "kind": kind, "phase": i, "begin": begin, "end": end}
            people.append({"kind": "victim", "who": who, "port": SHAPED, "order": order})
        else:
            people.append({"kind": KINDS[(n + w) % len(KINDS)], "who": who, "port": WEB, "seed": f"{seed}/{w}/{n}"})
    return people


def stretched(t_s, zero_us):
    return zero_us + patterns.COMPRESSED * (round(t_s * 1e6) - zero_us)


def write_trials(site, lines):
    for kind, v in lines.items():
        with open(site.file(kind + ".csv"), "w", encoding="ascii") as f:
            f.write("from_us,until_us,exit,client\n")
            f.writelines(f"{a},{b},{peer},{client}\n" for a, b, peer, client, _ in v)


def probing(site, wire, o, seed, tell):
    """Runs of o.run_s: one victim, the prober, and nobody else.  run-N.probes.csv and run-N.pattern.csv; what is known of them."""
    cpu, failed, sent, kept = Cpu(), [], [], []
    for r in range(o.runs):
        begin = time.time() + LEAD_S
        end = begin + o.run_s
        spans = patterns.spans(f"{seed}/{r}", o.run_s)
        victim = random.Random(f"{seed}/{r}/who").choice(site.clients)
        out = site.file(f"run-{r}.probes.csv")
        people = [{"kind": "victim", "who": victim, "port": SHAPED, "order": {"id": f"r{r}", "kind": "spans", "spans": spans, "begin": begin, "end": end}},
                  {"kind": "probe", "who": PROBER, "port": ECHO, "every_s": patterns.PROBE_EVERY_S, "begin": begin, "out": out}]
        wrong = site.play(wire, f"run{r}", people, end)
        cpu.sample()
        order = site.orders().get(f"r{r}")
        if wrong or order is None or order.get("error") or not os.path.exists(out):
            failed += wrong or [f"run {r}: {(order or {}).get('error', 'its stream never began')}"]
            continue
        write_spans(site.file(f"run-{r}.pattern.csv"), begin, spans)
        sent.append(round(order["sent"] * 8 / 1000 / o.run_s, 1))
        kept.append(r)
        tell(f"run {r + 1} of {o.runs}")
    return {"busy": round(cpu.mean(), 3), "failed": failed, "victim_kbit_s": sent, "runs": kept}


def write_spans(path, begin, spans):
    with open(path, "w", encoding="ascii") as f:
        f.write("from_us,until_us\n")
        f.writelines(f"{round((begin + a) * 1e6)},{round((begin + b) * 1e6)}\n" for a, b in spans)

