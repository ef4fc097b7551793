"""What tm-audit wf said of each model, as tables."""
from table import rows_of

ALL = (("forest", "k-FP, forest"), ("leaves", "k-FP, leaves"), ("cumul", "CUMUL"), ("network", "network, TAM"))
NAMES = {"direct": "none (the control)", "default": "preset `default`", "strong": "preset `strong`", "swing": "Swing models, the same users",
         "constant": "`constant`, 20 users", "shuffle": "`shuffle`", "cells": "cells without machines", "tamaraw": "machines: Tamaraw",
         "interspace": "machines: Interspace", "break-pad": "machines: Break-Pad"}
CUTS = (("window", "**Windows of one length**: {window_s:g} s from the beginning of each visit"),
        ("ends", "**True ends**: from the beginning of a visit until its page was there (or {window_s:g} s), which the observer is given"))


def attacks_of(found, cut, world):
    """(key, title) of the attacks that were made on some wire."""
    return [(a, title) for a, title in ALL if any(a in (f[cut]["wire"][world] or {"attacks": ()})["attacks"] for f in found.values())]


def median(values):
    v = sorted(values)
    return (v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2


def cost(lanes):
    """Of one model: what its lanes sent, and how pages loaded."""
    n = len(lanes)
    return {"lanes": n, "visits": sum(f["visits"] for f in lanes), "loaded": sum(f["loaded"] for f in lanes),
            "visit_p50_s": median([s for f in lanes for s in f["visit_s"]]), "up_kbs": sum(f["up_kbs"] for f in lanes) / n,
            "down_kbs": sum(f["down_kbs"] for f in lanes) / n, "packets_lost": sum(f["packets_lost"] for f in lanes)}


def markdown(found, o, window_s, version):
    first = next(iter(found.values()))["window"]["wire"]
    parts = [f"{version}; seed {o.seed}; {o.pages} watched pages, {first['visits'] // first['pages']} visits to each, and {first['other_visits']} visits to "
             f"others, in slots of {o.slot} s; 40 ms round trip, 100 Mbit/s. Five folds by visit; 95 % intervals. **Bold**: more than chance gives "
             f"(error level 1 % for the attacks of a row together).\n"]
    for cut, title in CUTS:
        parts.append(title.format(window_s=window_s) + ".\n\n" + closed(found, cut) + "\n" + opened(found, cut))
    return "\n".join(parts + [costs(found)])


def share(v):
    return f"{v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]"


def accuracy(attack, told_from):
    if not attack:
        return "-"
    text = share(attack["accuracy"])
    return f"**{text}**" if attack["accuracy"]["value"] >= told_from else text


def closed(found, cut):
    rows, made = [], attacks_of(found, cut, "closed")
    for model, f in found.items():
        w = f[cut]["wire"]
        attacks = w["closed"]["attacks"]
        cells = [accuracy(attacks.get(a), w["closed"]["told_from"]) for a, _ in made]
        rows.append([NAMES[model], str(w["visits"]), f"{w['closed']['chance']:.3f}", f"{w['closed']['told_from']:.3f}", *cells, f[cut]["verdict"]])
    return "Closed world, share of visits named right:\n\n" + rows_of(["wire", "visits", "chance", "told from", *[t for _, t in made], "verdict"], rows)


def opened(found, cut):
    """TPR / wrong page / FPR, and precision, for each attack."""
    rows, base, made = [], None, attacks_of(found, cut, "open")
    for model, f in found.items():
        w = f[cut]["wire"]
        if not w["open"]:
            continue
        base = w["open"]
        cells = []
        for a, _ in made:
            if a not in w["open"]["attacks"]:
                cells.append("-")
                continue
            v = w["open"]["attacks"][a]
            precision = "-" if v["precision"] is None else f"{v['precision']:.3f}"
            cells.append(f"{v['tpr']['value']:.2f} / {v['wrong_page']['value']:.2f} / {v['fpr']['value']:.2f}; {precision}")
        rows.append([NAMES[model], str(w["other_visits"]), *cells])
    if not rows:
        return ""
    return (f"Open world: TPR / named as a wrong watched page / FPR; precision at a base rate of {base['base_rate']:g} (who guesses: "
            f"{base['guess_precision']:.3f}):\n\n" + rows_of(["wire", "other visits", *[t for _, t in made]], rows))


def costs(found):
    rows = [[NAMES[m], f"{c['up_kbs']:.0f}", f"{c['down_kbs']:.0f}", f"{c['loaded']} of {c['visits']}", f"{c['visit_p50_s']:.1f}"]
            for m, c in ((m, f["cost"]) for m, f in found.items())]
    return ("What it cost, on average over the lanes, and how pages fared (a visit ends 0.6 s after its page was there):\n\n"
            + rows_of(["wire", "up kB/s", "down kB/s", "pages loaded in time", "visit p50, s"], rows))


def is_caught(found):
    """Is a wire without defence told five times as often as by chance, as tm-audit wf wants it of a control?"""
    w = found["wire"]["closed"]
    return found["verdict"] == "told" and max(a["accuracy"]["value"] for a in w["attacks"].values()) >= min(5 * w["chance"], 0.95)


def judged(found, direct):
    """With verdicts in the control's light: told, chance, or no claim."""
    for cut, _ in CUTS:
        caught = direct in found and is_caught(found[direct][cut])
        for f in found.values():
            if f[cut]["verdict"] != "told":
                f[cut]["verdict"] = "chance" if caught else "no claim"
    return found


def is_as_wanted(found, independent):
    """In windows of one length: nothing lacks a claim, and no payload-independent model is told."""
    verdicts = {m: f["window"]["verdict"] for m, f in found.items()}
    return "no claim" not in verdicts.values() and all(v != "told" for m, v in verdicts.items() if m in independent)
