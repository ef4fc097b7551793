#!/bin/bash
# tm-audit wf as a person calls it: results, messages and exit statuses.  $1: tm-audit, $2: audit_wf_files.
here=$(cd "${0%/*}" && pwd)
. "$here/../cli.sh"
files=$(realpath -- "$2") || exit 1
command=(wf)

cd "$work" || exit 1
mkdir plain chance cover few
"$files" plain plain 6 10 20 1 && "$files" chance chance 6 10 0 2 && "$files" cover cover 6 10 0 3 &&
    "$files" few plain 3 4 0 4 || exit 1
plain=(--capture plain/wire.pcap --labels plain/labels.csv)
control=(--control plain/wire.pcap --labels plain/labels.csv)
chance=(--capture chance/wire.pcap --labels chance/labels.csv)
quick=(--no-network --folds 2)

expect 0 "wire: 60 visits to 6 watched pages, 20 to others" "${quick[@]}" "${plain[@]}"
[[ $out == *"verdict (told)"* && $out == *"chance 0.167"* && $out == *"open world, base rate 0.05"* ]] || fail "plain: $out"
expect 0 "verdict (no-control)" "${quick[@]}" "${chance[@]}"
[[ $out == *"open world: not attacked"* && $out == *"that is no claim"* ]] || fail "without a control: $out"
first=$out
expect 0 "" "${quick[@]}" "${chance[@]}"
same "the same again" "$out" "$first"
expect 0 '"verdict": "chance"' --json "${quick[@]}" --window-s 3.5 --capture cover/wire.pcap --labels cover/labels.csv "${control[@]}"
python3 -c '
import json, sys
r = json.loads(sys.stdin.read())
assert r["schema_version"] == 1 and r["window_s"] == 3.5 and r["folds"] == 2
assert r["control"]["open"]["attacks"]["leaves"]["tpr"]["value"] > 0.5 and r["wire"]["open"] is None
for side in ("control", "wire"):
    c = r[side]["closed"]
    assert abs(c["chance"] - 1 / 6) < 1e-5 and sorted(c["attacks"]) == ["cumul", "forest", "leaves"]
    for a in c["attacks"].values():
        v = a["accuracy"]
        assert v["low"] <= v["value"] <= v["high"] and abs(a["hits"] / 60 - v["value"]) < 1e-5
        assert (v["value"] >= c["told_from"]) == (side == "control")
' <<<"$out" || fail "JSON: $out"
expect 1 "verdict (control-missed)" "${quick[@]}" "${chance[@]}" --control cover/wire.pcap --labels cover/labels.csv

# What the observer cannot know is not asked.
refuses 1 "too few visits: 4 of page \"page 0\"; at least 5" --capture few/wire.pcap --labels few/labels.csv
grep -e from_us -e "page 2" few/labels.csv >one.csv
refuses 1 "one watched page only" --capture few/wire.pcap --labels one.csv
sed 's/10\.0\.0\.1/10.0.0.9/' few/labels.csv >who.csv
refuses 1 "is 10.0.0.9 the client's address there?" --capture few/wire.pcap --labels who.csv
sed 's/^17/16/; s/,17/,16/' few/labels.csv >when.csv
refuses 1 "no visit of when.csv is at its time" --capture few/wire.pcap --labels when.csv
refuses 1 "begins 5.0 s after this one" --window-s 5.5 --capture few/wire.pcap --labels few/labels.csv
echo "from_us,until_us,client,page" >empty.csv
refuses 1 "names no visit" --capture few/wire.pcap --labels empty.csv
refuses 1 "missing.csv" --capture few/wire.pcap --labels missing.csv
refuses 1 "labels.csv" --capture few/labels.csv --labels few/labels.csv
refuses 1 "few/none/x.npz" --export few/none/x.npz --capture few/wire.pcap --labels few/labels.csv
refuses 2 "--capture FILE --labels FILE are needed" "${control[@]}"
refuses 2 "needs its --labels" --capture few/wire.pcap
refuses 2 "belongs to the --capture or --control before it" --labels few/labels.csv "${plain[@]}"
refuses 2 "a number from" "${plain[@]}" --base-rate 1
refuses 2 "a whole number from 2" "${plain[@]}" --folds 1

expect 0 "" --export visits.npz --max-len 300 "${plain[@]}"
[ ! -e visits.npz.part ] || fail "a part is left"
python=python3 # the system's own, where another one comes first and has no numpy
python3 -c "import numpy" 2>/dev/null || python=/usr/bin/python3
"$python" "$here/check_npz.py" visits.npz 80 7 300
case $? in
0 | 77) ;;
*) fail "numpy does not read what --export wrote" ;;
esac
exit "$bad"
