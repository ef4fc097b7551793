#!/bin/bash
# tm-audit netflow and tm-audit probe as a person calls them: results, messages and exit statuses.  $1: tm-audit.
here=$(cd "${0%/*}" && pwd)
. "$here/../cli.sh"
cd "$work" || exit 1

# Twelve clients, each of them once the one that gets the pattern (found), or none of them (chance); eleven runs of probes in the same way.
python3 - <<'PY' || exit 1
import random
HEAD = "ts,te,td,sa,da,sp,dp,pr,ibyt\n"


def at(s):
    return f"2025-11-21 07:{s // 60:02d}:{s % 60:02d}"


for name, follows in (("found", True), ("chance", False)):
    rng = random.Random(name)
    entry, exit_, trials = [HEAD], [HEAD], ["from_us,until_us,exit,client\n"]
    for t in range(12):
        begin = 1 + t * 60
        for s in range(0, 60, 2):
            sent = 90000 if s // 8 % 2 == t % 2 else 900
            exit_.append(f"{at(begin + s)},x,2.000,10.9.0.1,10.8.0.1,80,{5000 + t},TCP,{sent}\n")
            for c in range(12):
                n = sent if follows and c == t else rng.randrange(90000)
                entry.append(f"{at(begin + s)},x,1.900,10.7.0.1,10.0.0.{c},443,{6000 + c},TCP,{n}\n")
        from_us = (1763708400 + begin) * 1000000
        trials.append(f"{from_us},{from_us + 60000000},10.8.0.1:{5000 + t},10.0.0.{t}\n")
    for what, lines in (("entry", entry), ("exit", exit_), ("trials", trials)):
        with open(f"{name}.{what}", "w") as f:
            f.writelines(lines)
    for run in range(11):
        first = rng.randrange(10, 70)
        with open(f"{name}.pattern{run}", "w") as f:
            f.write(f"from_us,until_us\n{run * 10000 + first * 10},{run * 10000 + first * 10 + 200}\n")
        with open(f"{name}.probes{run}", "w") as f:
            f.write("sent_us,latency_us\n")
            for i in range(100):
                more = 800 if follows and first <= i < first + 20 else 0
                f.write(f"{run * 10000 + i * 10 + 1},{1000 + rng.randrange(500) + more}\n")
PY

scene() {
    printf '%s\n' "$1" "$3" --exit "$2.exit" --trials "$2.trials"
}
mapfile -t found < <(scene --entry found found.entry)
mapfile -t chance < <(scene --entry chance chance.entry)
mapfile -t control < <(scene --control found found.entry)
mapfile -t missed < <(scene --control chance chance.entry)
command=(netflow --node 10.7.0.1)

expect 0 "verdict (found)" "${found[@]}"
[[ $out == *"wire: 12 trials, 132 others; rank 1 by chance 0.083"* && $out == *"pearson   rank 1 1.000"* ]] || fail "found: $out"
expect 0 "verdict (no-control)" "${chance[@]}"
expect 0 "verdict (chance)" "${chance[@]}" "${control[@]}"
expect 1 "verdict (control-missed)" "${found[@]}" "${missed[@]}"
expect 0 '"verdict": "chance"' --json "${chance[@]}" "${control[@]}"
python3 -c '
import json, sys
r = json.loads(sys.stdin.read())
assert r["schema_version"] == 1 and sorted(r["wire"]["attacks"]) == ["lagged", "pearson", "spearman"]
for side, is_found in (("wire", False), ("control", True)):
    for a in r[side]["attacks"].values():
        assert a["rank1"]["low"] <= a["rank1"]["value"] <= a["rank1"]["high"]
        assert (a["placement_p"] < 1e-4) == is_found, a
' <<<"$out" || fail "JSON: $out"
head -n 5 found.trials >few.trials
expect 1 "verdict (too-few)" --entry found.entry --exit found.exit --trials few.trials
refuses 1 "records from the node go to 0 addresses" --node 10.7.0.9 "${found[@]}"
refuses 1 "none of its trials has a record of the server's flow" --entry found.entry --exit found.entry --trials found.trials
sed 's/,10\.0\.0\./,10.0.9./' found.trials >who.trials
refuses 1 "goes to a client of the trials" --entry found.entry --exit found.exit --trials who.trials
refuses 1 "not what nfdump -o csv prints" --entry found.trials --exit found.exit --trials found.trials
refuses 1 "no.such" --entry no.such --exit found.exit --trials found.trials
refuses 2 "needs its --exit and its --trials" --entry found.entry
refuses 2 "belongs to the --entry or --control before it" --exit found.exit "${found[@]}"
refuses 2 "an address is wanted" --node x "${found[@]}"
command=(netflow)
refuses 2 "--node ADDR --entry FILE" "${found[@]}"

runs() {
    local i
    for i in {0..10}; do
        printf '%s\n' "$1" "$2.probes$i" --pattern "$2.pattern$i"
    done
}
mapfile -t found < <(runs --probes found)
mapfile -t chance < <(runs --probes chance)
mapfile -t control < <(runs --control found)
command=(probe)
expect 0 "verdict (found)" "${found[@]}"
[[ $out == *"wire: 11 trials, 110 others"* ]] || fail "found: $out"
expect 0 "verdict (chance)" "${chance[@]}" "${control[@]}"
expect 0 '"verdict": "no-control"' --json "${chance[@]}"
mapfile -t control < <(runs --control chance)
expect 1 "verdict (control-missed)" "${found[@]}" "${control[@]}"
expect 1 "verdict (too-few)" "${found[@]:0:16}"
sed '20,60s/,.*/,-/' found.probes0 >lost
expect 0 "lost is left out" --probes lost --pattern found.pattern0 "${found[@]:4}"
refuses 1 "no spans" --probes found.probes0 --pattern <(echo from_us,until_us)
refuses 2 "needs its --pattern" --probes found.probes0
refuses 2 "belongs to the --probes" --pattern found.pattern0
exit "$bad"
