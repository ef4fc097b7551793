"""The measurements as Markdown."""
import math

import backlog
import bulk
import downloads
import middle
import pages
from table import rows_of

LIVELY_US = 250_000  # tm/sim/card.h: TM_CARD_PROMISE_US
BASELINE = "constant"
WAYS = (bulk.UP, bulk.DOWN)


def verdict(is_met):
    return "pass" if is_met else "**fail**"


def figure(values, form):
    """Median and its interval."""
    low, high = middle.interval(values)
    return f"{form(middle.median(values))} [{form(low)}, {form(high)}]"


def kbps(v):
    return f"{v:.0f}" if v >= 10 else f"{v:.1f}"


def times(v):
    return "-" if math.isinf(v) else f"{v:.0f}" if v >= 100 else f"{v:.1f}" if v >= 10 else f"{v:.2f}"


def beats(row, base):
    """0: no; 1: more kbps and fewer bytes, by the medians; 2: and both intervals are apart."""
    if middle.median(row["kbps"]) <= middle.median(base["kbps"]) or middle.median(row["ratio"]) >= middle.median(base["ratio"]):
        return 0
    is_apart = (middle.interval(row["kbps"])[0] > middle.interval(base["kbps"])[1]
                and middle.interval(row["ratio"])[1] < middle.interval(base["ratio"])[0])
    return 2 if is_apart else 1


def bulk_part(rows):
    """TrafficMimic's table and what comes of it: (Markdown, is the criterion met)."""
    at = {(r["model"], r["users"], r["path"], r["way"]): r for r in rows}
    places = list(dict.fromkeys((r["users"], r["path"]) for r in rows))
    models = list(dict.fromkeys(r["model"] for r in rows))
    body = []
    for model in models:
        for users, path in places:
            both = [at[model, users, path, way] for way in WAYS]
            marks = [beats(r, at[BASELINE, users, path, r["way"]]) for r in both]
            said = [("" if m == 0 else w if m == 1 else f"**{w}**") for w, m in zip(WAYS, marks)]
            line = [model, path, str(users)]
            for r in both:
                n = str(r["n"]) + (f", {r['unfinished']} cut" if r["unfinished"] else "")
                line += [n, figure(r["kbps"], kbps), figure(r["ratio"], times)]
            body.append(line + [", ".join(x for x in said if x) or "-"])
    head = ["model", "path", "users", "up n", "up kbps", "up bytes a byte", "down n", "down kbps", "down bytes a byte", "beats `constant`"]
    text, is_met = _winners(at, models, places)
    return rows_of(head, body) + "\n" + text, is_met


def _winners(at, models, places):
    winners = []
    for model in models:
        for way in WAYS:
            marks = [beats(at[model, u, p, way], at[BASELINE, u, p, way]) for u, p in places]
            if model != BASELINE and all(marks):
                winners.append((model, way, sum(m == 2 for m in marks)))
    listed = "; ".join(f"`{m}` {w} ({n} of {len(places)} with both intervals apart)" for m, w, n in winners) or "none"
    is_met = len({m for m, _, _ in winners}) >= 2
    return (f"More kbps *and* fewer bytes than `constant` on every path and with every number of users: {listed}. "
            f"At least two learned models: {verdict(is_met)}.\n"), is_met


def unpaced_part(rows):
    """The same with all pauses, simulated."""
    body = [[r["model"], str(r["users"])] + [f"{r[w]['n']} of {r[w]['of']}, {_kbps_of(r[w]['p50_us'])}" for w in WAYS] for r in rows]
    return rows_of(["model", "users", "up: done, kbps", "down: done, kbps"], body)


def _kbps_of(us):
    return kbps(bulk.N_BYTES * 8e3 / us) if us else "-"


def pages_part(found):
    """Load times of each page, then over all."""
    urls = list(dict.fromkeys(f["url"] for f in found))
    presets = list(dict.fromkeys(f["preset"] for f in found))
    presets.sort(key=lambda p: (p != pages.DIRECT,))
    value = {(u, p): _loaded([f for f in found if f["url"] == u and f["preset"] == p]) for u in urls for p in presets}
    body = [[u.split("//www.")[1].replace(".test/", ": ")] + [_seconds(value[u, p]) for p in presets] for u in urls]
    over = []
    for p in presets:
        mine = [f for f in found if f["preset"] == p]
        loads = [value[u, p] for u in urls]
        ratios = [value[u, p] / value[u, pages.DIRECT] for u in urls]
        paints = [_paint([f for f in mine if f["url"] == u]) for u in urls]
        over.append([p, f"{sum(f['done'] for f in mine)} of {len(mine)}", figure(loads, _seconds), figure(paints, _seconds), figure(ratios, times)])
    return (rows_of(["page"] + presets, body) + "\n"
            + rows_of(["", "loaded", "load s", "first paint s", "load, times direct"], over))


def _loaded(visits):
    """Median of a page's loads, ms; what did not load took for ever."""
    return middle.median([f["load_ms"] if f["done"] else math.inf for f in visits])


def _paint(visits):
    return middle.median([f["paint_ms"] if f["done"] and f["paint_ms"] else math.inf for f in visits])


def _seconds(ms):
    return "-" if math.isinf(ms) else f"{ms / 1000:.1f}" if ms >= 950 else f"{ms / 1000:.2f}"


def backlog_part(rows):
    """Goodput against the card, and how full the room is: (Markdown, is the criterion met)."""
    body = []
    for r in rows:
        line = [r["model"], str(r["users"])]
        for way in WAYS:
            line += [f"{r[way + '_bps'] / 1000:.1f}", f"{r['card_' + way + '_bps'] / 1000:.1f}", f"{100 * (r[way + '_by_card'] - 1):+.1f} %"]
        body.append(line + [verdict(r["is_as_told"]), f"{100 * r['filled']:.1f} %", f"{100 * r['card_filled']:.1f} %", verdict(r["is_filled"])])
    head = ["model", "users", "up kb/s", "card", "", "down kb/s", "card", "", f"within {100 * backlog.CARD_SHARE:.0f} %", "room filled", "card",
            f">= {100 * backlog.FILLED_MIN:.0f} %"]
    return rows_of(head, body), all(r["is_as_told"] and r["is_filled"] for r in rows)


def downloads_part(rows):
    """Seconds of each download and by its card: (Markdown, is the criterion met)."""
    body = [[str(r["seed"]), f"{r['at_us'] / 1e6:.1f}", f"{r['seconds']:.1f}" if r["done"] else "-", f"{r['card_s']:.1f}" if r["card_s"] else "-",
             f"{100 * (r['seconds'] / r['card_s'] - 1):+.1f} %" if r["done"] and r["card_s"] else "-"] for r in rows]
    live, told, is_met = downloads.judged(rows)
    together = f"{live:.1f} s together, by the card {told:.1f} s ({100 * (live / told - 1):+.1f} %). " if live else ""
    return (rows_of(["seed", "begun at s", "seconds", "card", ""], body) + f"\n{together}Within {100 * downloads.CARD_SHARE:.0f} %: {verdict(is_met)}.\n"), is_met


def presets_part(presets):
    """Waits of the presets' cards: (Markdown, does the default keep the promise)."""
    body, is_met = [], False
    for p in presets:
        waits = [p[w]["wait_p95_us"] for w in WAYS]
        if p["preset"] == "default":
            is_met = max(waits) <= LIVELY_US
        body.append([f"`{p['preset']}`", p["model"], str(p["users"]), f"{p['pace_us'] / 1e6:g} s"] + [f"{w / 1000:.0f} ms" for w in waits]
                    + [f"{p[w]['capacity_bps'] / 1000:.0f}" for w in WAYS] + [f"{p['month_bytes_with_headers'] / 1e9:.0f}",
                                                                             "yes" if max(waits) <= LIVELY_US else "no"])
    head = ["preset", "model", "users", "pace", "wait p95 up", "wait p95 down", "up kb/s", "down kb/s", "GB a month", "within 250 ms"]
    return rows_of(head, body), is_met
