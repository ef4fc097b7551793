#!/bin/bash
# Tor at the egress, by scripts/tor-lab: a private Tor network of Debian's tor, one exit and an onion service in a cgroup that
# tm-client carries, model shuffle.  Pages come byte-exact by both; the exit's host sends carriers and answers to relays, and
# nothing else, while an exit outside the cgroup is seen in the same capture; nothing is left behind.  Learned models: the script alone.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need tor tor-gencert curl nginx nsenter python3 tcpdump
client=$(program TM_CLIENT) || exit 1
PID_lab=
ROOT=$(awk '/ - cgroup2 /{ print $5; exit }' /proc/self/mountinfo)
[ -n "$ROOT" ] || skip "no cgroup2 is mounted"

# What tor-lab makes carries its process id.
left_behind() {
    find "$ROOT" -maxdepth 1 -name "tm-tor-$PID_lab"
    ip netns list | grep "^tmtor$PID_lab"
}

start lab "${0%/*}/../../scripts/tor-lab" --quick --json --build "${client%/tm/app/tm-client}"
status=0
wait "$PID_lab" || status=$?
[ "$status" -ne 3 ] || skip "$(grep -v '^ok' "$WORK/lab.log" | tail -n 1)"
sed -n '/^{$/,$p' "$WORK/lab.log" >"$WORK/found.json"
grep -vE '^( |[{}])' "$WORK/lab.log"
[ "$status" -eq 0 ] || fail "tor-lab ended with status $status"
python3 - "$WORK/found.json" <<'PY' || fail "what tor-lab found: $(cat "$WORK/found.json")"
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["ok"] and d["paths"]
routes = {p["route"] for p in d["pages"] if p["carried_by"] == "shuffle"}
assert {"exit, by name", "exit, IPv4 address", "exit, IPv6 address", "onion service"} <= routes, routes
assert all(p["equal"] == p["n"] > 0 for p in d["pages"])
wire = {(w["address"], w["what"]): w for w in d["wire"]}
assert wire["10.66.0.2", "anything else"]["packets_out"] == 0
assert wire["10.66.0.2", "carriers of the tunnel"]["bytes_in"] > 600000
assert wire["10.66.0.3", "to the service"]["begun_here"] >= 2
PY
[ -z "$(left_behind)" ] || fail "left behind: $(left_behind)"
say "passed"
