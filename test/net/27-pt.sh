#!/bin/bash
# Tor's pluggable transport, client and server.
#   27-pt.sh        a parent that is no tor: the lines for right and wrong environments; bytes by both ends to a plain and an extended
#                   ORPort; a bridge line for several clients, and for no more than its operator said; the end with the parent and by signals
#   27-pt.sh lab    scripts/pt-lab: Debian's tor bootstraps by our transport through a bridge, pages come byte-exact, obfs4proxy as the
#                   control; the clients' host speaks to the bridge alone
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
client=$(program TM_CLIENT) || exit 1
server=$(program TM_SERVER) || exit 1
need python3

if [ "${1:-}" != lab ]; then
    ns a
    in_ns a python3 -B "${0%/*}/pt_parent.py" "$client" "$server" "$TM_MODELS" "$WORK" || fail "see above"
    say "passed"
    exit 0
fi

need tor tor-gencert obfs4proxy curl nginx nsenter tcpdump
start lab "${0%/*}/../../scripts/pt-lab" --quick --json --build "${client%/tm/app/tm-client}"
# shellcheck disable=SC2154 # start sets it
lab=$PID_lab status=0
wait "$lab" || status=$?
[ "$status" -ne 3 ] || skip "$(grep -v '^ok' "$WORK/lab.log" | tail -n 1)"
sed -n '/^{$/,$p' "$WORK/lab.log" >"$WORK/found.json"
grep -vE '^( |[{}])' "$WORK/lab.log"
[ "$status" -eq 0 ] || fail "pt-lab ended with status $status"
python3 - "$WORK/found.json" <<'PY' || fail "what pt-lab found: $(cat "$WORK/found.json")"
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["ok"]
assert [t["transport"].split(":")[0] for t in d["transports"]] == ["trafficmimic", "obfs4"]
assert all(len(t["pages"]) == 2 and all(p["equal"] == p["n"] > 0 for p in t["pages"]) for t in d["transports"])
PY
[ -z "$(ip netns list | grep "^tmtor$lab")" ] || fail "left behind: a namespace"
say "passed"
