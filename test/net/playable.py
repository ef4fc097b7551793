#!/usr/bin/env python3
"""playable.py IN OUT - makes a schedule file that TLS can carry as it stands, plans embedded, and that closes its connections in every way.

The rules are those of doc/DESIGN.md section 2, written again here, with room to spare: pieces of a ClientHello are joined, what
is too small grows, what answers too soon waits, and the client's writes get room for the plan of what follows them.
"""
import json
import sys

HELLO, FLIGHT, FINISHED, RECORD = 620, 300, 150, 23
# In turn; numbers of writes count from the end.
CLOSINGS = [
    {},
    {"ref": 2},
    {"server_ref": 1, "server_gap": 700},
    {"how": "reset"},
    {"how": "reset", "server_ref": 1, "server_gap": 0},
    {"ref": 1, "server_ref": 1, "server_gap": 9000},
]
GAP_US = 2000


def join_hello(writes):
    lead = next((i for i, w in enumerate(writes) if w["dir"] == "down"), len(writes))
    if lead == 0:
        for w in writes:
            w["ref"] += 1
        return [{"dir": "up", "size": HELLO, "ref": -1, "gap": 0}] + writes
    writes[0]["size"] = sum(w["size"] for w in writes[:lead])
    for w in writes[lead:]:
        w["ref"] = 0 if w["ref"] < lead else w["ref"] - lead + 1
    return writes[:1] + writes[lead:]


def fit(writes):
    writes = join_hello(writes)
    if len(writes) == 1:
        writes.append({"dir": "down", "size": FLIGHT, "ref": 0, "gap": GAP_US})
    fin = next((i for i, w in enumerate(writes) if i > 1 and w["dir"] == "up"), None)
    ups = [i for i, w in enumerate(writes) if w["dir"] == "up"] + [len(writes)] * 2
    for i, w in enumerate(writes):
        least = HELLO if i == 0 else FLIGHT if i == 1 else FINISHED if i == fin else RECORD
        if w["dir"] == "up":
            at = ups.index(i)
            least += 60 + 14 * (ups[at + 2] - i + 10)
        w["size"] = min(max(w["size"], least), 4096) if i == 0 else max(w["size"], least)
        if i > 0 and w["ref"] < 0:
            w["ref"] = 0
        if i == fin:
            w["ref"] = max(w["ref"], 1)
        if i > 0 and writes[w["ref"]]["dir"] != w["dir"]:
            w["gap"] = max(w["gap"], GAP_US)
    return writes


def closing(close, n_writes):
    """The file's gap, and one of CLOSINGS."""
    out = {k: close[k] for k in ("t", "c", "gap")}
    for k, v in CLOSINGS[close["c"] % len(CLOSINGS)].items():
        out[k] = n_writes - v if k in ("ref", "server_ref") else v
    return out


def main():
    conns = {}
    with open(sys.argv[1], encoding="utf-8") as f:
        for line in f:
            x = json.loads(line)
            if x["t"] == "open":
                conns[x["c"]] = {"open": x, "writes": []}
            elif x["t"] == "data":
                conns[x["c"]]["writes"].append({k: x[k] for k in ("dir", "size", "ref", "gap")})
            elif x["t"] == "close":
                conns[x["c"]]["close"] = x
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write('{"t":"schedule","v":1}\n')
        for c in conns.values():
            c["open"].pop("at", None)
            writes = fit(c["writes"])
            print(json.dumps(c["open"]), file=out)
            for i, w in enumerate(writes):
                print(json.dumps({"t": "data", "c": c["open"]["c"], "i": i, **w}), file=out)
            print(json.dumps(closing(c["close"], len(writes))), file=out)


main()
