#!/bin/bash
# tm-audit correlate as a person calls it: results, messages and exit statuses.  $1: tm-audit, $2: audit_correlate_files.
. "$(dirname "$0")/../cli.sh"
files=$(realpath -- "$2") || exit 1
command=(correlate)

cd "$work" || exit 1
mkdir plain shuffled
"$files" plain one-to-one 25 1 0 1 && "$files" shuffled shuffled 25 1 3 2 || exit 1
plain=(--control plain/entry.pcap --exit plain/exit.pcap --labels plain/labels.csv)
shuffled=(--entry shuffled/entry.pcap --exit shuffled/exit.pcap --labels shuffled/labels.csv)

expect 0 "control: 1 scenes, 25 flows, 25 carriers of 1 tunnels" --no-network "${plain[@]}" "${shuffled[@]}"
[[ $out == *"defended: 1 scenes, 25 flows, 3 carriers of 1 tunnels"* ]] || fail "what was read: $out"
[[ $out == *"verdict (no-claim): no claim: at most a TPR of"* ]] || fail "verdict: $out"
first=$out
expect 0 "" --no-network "${shuffled[@]}" "${plain[@]}"
same "the order of the sets" "$out" "$first"
expect 0 "verdict (no-control)" --no-network "${shuffled[@]}"
expect 0 '"verdict": "no-claim"' --json --no-network "${plain[@]}" "${shuffled[@]}"
python3 -c '
import json, sys
r = json.loads(sys.stdin.read())
assert r["schema_version"] == 1
for s, n in (("control", 25), ("defended", 3)):
    assert r[s]["carriers"] == n and r[s]["flows"] == 25, r[s]
q = r["control"]["questions"]["carried"]
assert q["true_pairs"] > 20 and q["other_pairs"] > 50
for a in ("spearman", "subset_sum"):
    at = q["attacks"][a]["at"]
    assert at[0]["fpr"] == 0.01 and at[1]["fpr"] == 0.001
    assert at[0]["tpr"] > 0.9 and at[0]["low"] <= at[0]["tpr"] <= at[0]["high"], at
    assert len(q["attacks"][a]["roc"]["tpr"]) == len(q["attacks"][a]["roc"]["fpr"])
assert "network" not in q["attacks"]
' <<<"$out" || fail "JSON"

# The undefended flows, said to be defended, are found.
expect 0 "verdict (found)" --no-network --entry "${plain[@]:1}"

sed 's/:443,/:444,/' plain/labels.csv >elsewhere.csv
: >empty
head -c 30 plain/entry.pcap >short.pcap
labels=(--exit shuffled/exit.pcap --labels)
refuses 1 "elsewhere.csv" --entry plain/entry.pcap --exit plain/exit.pcap --labels elsewhere.csv
refuses 1 "plain/exit.pcap" --entry plain/entry.pcap --exit plain/exit.pcap --labels plain/exit.pcap
refuses 1 "missing.csv" --entry shuffled/entry.pcap "${labels[@]}" missing.csv
refuses 1 "names no carrier" --entry shuffled/entry.pcap "${labels[@]}" empty
refuses 1 "empty" --entry empty "${labels[@]}" shuffled/labels.csv
refuses 1 "short.pcap" --entry short.pcap "${labels[@]}" shuffled/labels.csv
{ cat shuffled/labels.csv && echo "0,10.9.9.9:1,10.9.9.9:80,10.3.0.1:10000,10.1.0.1:443,tunnel-0,5"; } >more.csv
expect 0 "1 lines name a flow that is not in shuffled/exit.pcap" --no-network --entry shuffled/entry.pcap "${labels[@]}" more.csv

refuses 2 "--entry FILE --exit FILE --labels FILE are needed" "${plain[@]}"
refuses 2 "needs its --exit and its --labels" --entry shuffled/entry.pcap --exit shuffled/exit.pcap
refuses 2 "belongs to the --entry or --control before it" --exit shuffled/exit.pcap "${shuffled[@]}"
refuses 2 "has one already" "${shuffled[@]}" --exit plain/exit.pcap
refuses 2 "whole number" "${shuffled[@]}" --delay-us soon
refuses 2 "whole number" "${shuffled[@]}" --others 0
exit "$bad"
