"""The study as Markdown, and what it comes to."""
from ground import RELAY, SCHEDULES
from matches import FIGURE_9, MANY, spread

FURTHER = (*SCHEDULES, *FIGURE_9)  # rows with fewer pairs, for comparison: they claim nothing
ATTACKS = (("spearman", "Spearman"), ("pearson", "Pearson"), ("subset_sum", "subset sum"), ("network", "network"), ("network_fair", "network, fair"))
TITLES = {"carried": "**Per-carrier matching, by the bytes carried**: the carrier that took most of a flow's bytes, against the others of its "
                     "tunnel",
          "alike": "**Per-carrier matching as in the paper**: the carrier whose packets are most like the flow's is taken for the flow's; the "
                   "attacks go by the same likeness, so this finds more than there is to know",
          "tunnel": "**Whose tunnel, seen at one carrier**: the flow's carrier, against carriers of other tunnels",
          "sum": "**Whose tunnel, seen whole**: all carriers of a tunnel added up, against those of others. What neither pads nor delays sends what "
                 "its users send, and when: who sees both ends finds the tunnel, though not the carrier. Shuffling does not hide this; what a "
                 "schedule makes of it stands in its line"}
NAMES = {RELAY: "one-to-one TLS (the control)", "joint": "schedule, joint models (preset default)",
         "swing": "schedule, Swing models, the same users"}


def markdown(m, version):
    parts = [material(m, version)] + [question(m, q) for q in TITLES]
    if any(model in m.results for model in FIGURE_9):
        parts.append(figure_9(m))
    return "\n".join(parts + [scenes(m), verdict(m)])


def material(m, version):
    o = m.o
    return (f"{version}; seeds from {o.seed * 100_000}; {len(m.scenes)} scenes of {o.seconds} s with 2 to {max(s['users'] for s in m.scenes)} users "
            "at once, each with one connection for 8 to 20 s: of ten, six read pages of small files, three chat, one downloads. Two "
            "emulated links of 10 ms each way with 1 ms jitter; the carriers are captured between them, the flows behind the server. "
            "Connections of a scene's first 5 s are not asked about: carriers are opened then. TPR [95 %] when one percent of the other "
            "pairs are accused; chance is 0.010.\n")


def rows(m, q):
    """(name, what was found) for the control and each defended model."""
    found = [(RELAY, next(iter(m.results.values()))["control"])] + [(model, r["defended"]) for model, r in m.results.items()]
    return [(NAMES.get(model, model), s, s["questions"][q]) for model, s in found]


def question(m, q):
    keys = [(k, t) for k, t in ATTACKS if any(k in f["attacks"] for _, _, f in rows(m, q))]
    lines = [TITLES[q] + ".\n", "| carried by | scenes | carriers | true pairs | other pairs | " + " | ".join(t for _, t in keys) + " |",
             "|" + "---|" * (5 + len(keys))]
    for name, s, found in rows(m, q):
        cells = [rate(found["attacks"].get(k), 0) for k, _ in keys]
        lines.append(f"| {name} | {s['scenes']} | {s['carriers']} | {found['true_pairs']} | {found['other_pairs']} | " + " | ".join(cells) + " |")
    lines.append("\nThe same when one in a thousand is accused (-: too few other pairs), and the area under the whole curve:\n\n| carried by | "
                 + " | ".join(t for _, t in keys) + " | " + " | ".join("AUC " + t for _, t in keys) + " |\n" + "|" + "---|" * (1 + 2 * len(keys)))
    lines += [f"| {name} | " + " | ".join([rate(found["attacks"].get(k), 1) for k, _ in keys] + [area(found["attacks"].get(k)) for k, _ in keys])
              + " |" for name, _, found in rows(m, q)]
    return "\n".join(lines) + "\n"


def rate(attack, point):
    at = attack["at"][point] if attack else {"tpr": None}
    return "-" if at["tpr"] is None else f"{at['tpr']:.3f} [{at['low']:.3f}, {at['high']:.3f}]"


def area(attack):
    return "-" if not attack or attack["auc"] is None else f"{attack['auc']:.2f}"


def figure_9(m):
    """Latency of page requests and the best attack on a carrier, many streams onto few carriers."""
    lines = [f"**{max(s['users'] for s in m.scenes if s['model'] in FIGURE_9)} streams onto few carriers** (figure 9 of MUFFLER's paper); latency of "
             "requests for 1 to 16 KB.\n",
             "| carried by | requests | mean ms | p50 | p95 | best attack per carrier | AUC |", "|" + "---|" * 7]
    for model in [k for k in FIGURE_9 if k in m.results]:
        s = spread([v for scene in m.of(model) for v in scene["latency_ms"]])
        attacks = m.results[model]["defended"]["questions"]["carried"]["attacks"]
        asked = {k: a for k, a in attacks.items() if a["at"][0]["tpr"] is not None}
        best = max(asked, key=lambda k: asked[k]["at"][0]["tpr"], default=None)
        lines.append(f"| {model} | {s['n']} | {s.get('mean', '-')} | {s.get('p50', '-')} | {s.get('p95', '-')} | "
                     + (f"{dict(ATTACKS).get(best, best)}: {rate(asked[best], 0)} | {asked[best]['auc']:.3f} |" if best else "- | - |"))
    return "\n".join(lines) + "\n"


def scenes(m):
    lines = [f"**The scenes.** Latency of page requests; all crowds, and those of {MANY}.\n",
             "| carried by | scenes | users' connections | that failed | machine busy | packets not captured | requests | mean ms | p50 | p95 | "
             f"mean ms of {MANY} |",
             "|" + "---|" * 11]
    for model in m.models():
        of = m.of(model)
        s = spread([v for scene in of for v in scene["latency_ms"]])
        many = spread([v for scene in of if scene["users"] == MANY for v in scene["latency_ms"]])
        lines.append(f"| {NAMES.get(model, model)} | {len(of)} | {sum(sum(x['began'].values()) for x in of)} | {sum(len(x['failed']) for x in of)} | "
                     f"{sum(x['busy'] for x in of) / len(of):.0%} | {sum(x['packets_lost'] for x in of)} | {s['n']} | {s.get('mean', '-')} | "
                     f"{s.get('p50', '-')} | {s.get('p95', '-')} | {many.get('mean', '-')} |")
    return "\n".join(lines) + "\n"


def faults(m):
    """What speaks against the claim, in words; empty: it holds."""
    found = []
    for model, r in m.results.items():
        if r["verdict"] != "not-found" and (r["verdict"] != "no-claim" or model not in FURTHER):
            found.append(f"{NAMES.get(model, model)}: {r['verdict']}: {r['text']}")
        flows, carriers = r["unseen"]
        if flows or carriers:
            found.append(f"{NAMES.get(model, model)}: {flows} lines of the labels name a flow and {carriers} a carrier that no capture has")
    return found


def verdict(m):
    found = faults(m)
    if found:
        return "What was not as it should be:\n\n" + "".join(f"- {f}\n" for f in found)
    return "No attack finds a flow's carrier among those of its shuffled tunnel: no TPR above 0.015, and the same attacks work on the control.\n"
