#!/bin/bash
# A download while the client stands still, then the server, then the client for longer than the 10 s after which a silent
# carrier is given up: every byte arrives, every offset on the wire is the schedule's, what was late has its cause, and
# `status` tells of it.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
audit=$(program TM_AUDIT) || exit 1
client=$(program TM_CLIENT) || exit 1
server=$(program TM_SERVER) || exit 1
PID_get='' PID_standing='' # set by start

path
"$(program TM_TEST_MODEL)" "$MODELS" thoughtful || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 600000
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol --name www.example.org
start_capture c lk0 "$WORK/c.pcap"
start_server server --log-schedule "$WORK/server.jsonl" --summary-json "$WORK/server.json"
start_client client --model thoughtful --users 6 --log-schedule "$WORK/client.jsonl" --summary-json "$WORK/client.json"

# figure PROGRAM STATE PATH: a member of its status, "clocks.standstills".
figure() {
    "$1" status --state "$2" --json 2>/dev/null | python3 -c '
import json, sys
v = json.load(sys.stdin)
for name in sys.argv[1].split("."):
    v = v[name]
print(v)' "$3"
}

# stand NAME SECONDS: it does not run for so long.
stand() {
    local pid=PID_$1
    kill -STOP "${!pid}" || fail "$1 does not run"
    sleep "$2"
    kill -CONT "${!pid}"
}

# told NAME PROGRAM STATE N: it says that it stood still N times.
told() {
    wait_for 5 "grep -q 'stood still for' $WORK/$1.log" || fail "$1 logs no standstill"
    number_ok "$(figure "$2" "$3" clocks.standstills)" "$4" "$4" "times that the $1 stood still"
    "$2" status --state "$3" | grep '^stood still ' || fail "the status of the $1 does not say so"
}

start get in_ns c curl -sS --fail --noproxy '' --max-time 100 --socks5-hostname "$SOCKS" -o "$WORK/got" \
    --limit-rate 30k http://10.8.0.2/file
wait_for 20 "[ -s $WORK/got ]" || fail "no download: $(cat "$WORK/get.log")"

say "== 2.5 s each: nobody gives anything up"
stand client 2.5
told client "$client" "$CLIENT_STATE" 1
stand server 2.5
told server "$server" "$SERVER_STATE" 1
wait_for 5 "'$client' status --state '$CLIENT_STATE'" || fail "not in control: $("$client" status --state "$CLIENT_STATE")"
number_ok "$(figure "$client" "$CLIENT_STATE" totals.carriers_died)" 0 0 "carriers that died at the client"
number_ok "$(figure "$server" "$SERVER_STATE" totals.carriers_died)" 0 0 "carriers that died at the server"

say "== 11.5 s: the server gives the carriers up, nobody the download"
kill -0 "$PID_get" 2>/dev/null || fail "the download is over already"
start standing stand client 11.5
wait_for 9 "'$server' status --state '$SERVER_STATE' | grep '^NOT IN CONTROL.*the client is .* behind its plan'" ||
    fail "the server does not miss the client: $("$server" status --state "$SERVER_STATE")"
"$client" status --state "$CLIENT_STATE" >"$WORK/status" 2>&1 && fail "a program that is stopped is in control"
grep -q '^NOT IN CONTROL: tm-client cannot be asked: it does not answer: it is stopped' "$WORK/status" || fail "status of a stopped client: $(cat "$WORK/status")"
wait "$PID_standing"
told client "$client" "$CLIENT_STATE" 2
began=$SECONDS
wait "$PID_get" || fail "download: $(cat "$WORK/get.log")"
say "the download ended $((SECONDS - began)) s after the client went on"
same_bytes "$WORK/docs/file" "$WORK/got"
wait_for 5 "'$client' status --state '$CLIENT_STATE'" || fail "not in control: $("$client" status --state "$CLIENT_STATE")"
ends_with_0 client
ends_with_0 server
stop_capture c "$WORK/c.pcap"
number_ok "$(json_number "$WORK/server.json" carriers_died)" 1 100 "carriers that died at the server"

say "== the wire"
"$audit" conform --capture "$WORK/c.pcap" --log "$WORK/client.jsonl" --log "$WORK/server.jsonl" >"$WORK/report" 2>&1
sed -n '/^slips/,$p' "$WORK/report"
"$audit" conform --capture "$WORK/c.pcap" --log "$WORK/client.jsonl" --log "$WORK/server.jsonl" --json >"$WORK/report.json"
python3 - "$WORK/report.json" <<'PY' || fail "conform"
import json, sys
report = json.load(open(sys.argv[1]))
for way in "up", "down":
    v = report[way]
    print(way, v["offsets"], "offsets,", v["exact"], "exact, slips", v["slips"])
    assert v["offsets"] > 50 and v["exact"] == v["offsets"]
    assert v["slips"]["machine"] > 0 and v["slips"]["unexplained"] == 0
PY
say "passed"
