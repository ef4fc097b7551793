#!/bin/bash
# The NetFlow attack, as scripts/active-attacks plays it, in its smallest form: a server shapes downloads; by flow records near the node their clients are
# found behind a plain relay, and not behind model constant.  What cannot be compared gets no verdict; nothing is left behind.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need nfcapd nfdump python3 socat softflowd tcpdump
client=$(program TM_CLIENT) || exit 1
audit=$(program TM_AUDIT) || exit 1
build=${client%/tm/app/tm-client}
[ "$audit" = "$build/audit/tm-audit" ] || fail "the programs are not of one build directory: $client, $audit"
attacks=${0%/*}/../../scripts/active-attacks
PID_play=

start play "$attacks" --build "$build" --out "$WORK/out" --model relay,constant --at-once 2 --sites 3 --clients 8 --windows 1 --window-s 12 --runs 0 --json
status=0
wait "$PID_play" || status=$?
sed -n '/^{$/,$p' "$WORK/play.log" >"$WORK/found.json"
grep '^\[' "$WORK/play.log"
python3 - "$WORK/found.json" <<'PY' || fail "status $status; what was found: $(cat "$WORK/found.json")"
import json, sys
found = json.load(open(sys.argv[1]))["found"]
for wire, f in found.items():
    (what, r), = f["netflow"].items()
    assert what == "square.5-5" and f["probe"] is None
    rank1 = r["wire"]["attacks"]["pearson"]["rank1"]["value"]
    print(f"{wire}: {r['verdict']}, rank 1 in {rank1:.2f} of {r['wire']['trials']} trials, by chance {r['wire']['chance']:.2f}")
    assert r["wire"]["trials"] == 12
    assert (r["verdict"] == "found" and rank1 >= 0.8) if wire == "relay" else rank1 <= 0.5  # seven of twelve by chance: 2e-4
PY

# The records of the wrong side.
refused=$("$audit" netflow --node 10.70.8.2 --entry "$WORK/out/relay/site0/exit.5-5.csv" --exit "$WORK/out/relay/site0/entry.5-5.csv" \
    --trials "$WORK/out/relay/site0/square.csv" 2>&1) && fail "exit and entry were exchanged, and it said: $refused"
grep -q 'is --node right' <<<"$refused" || fail "exit and entry exchanged: $refused"
say "refused: $refused"
left=$(ip netns list | grep "^tmev$PID_play") && fail "left behind: $left"
say "passed"
