#!/bin/bash
# `status` of a live tunnel: in control while a download runs, with figures that the schedule log and the capture
# confirm, and not in control, with the reason and exit status 1, when nothing runs, when no client is there and when
# the server is killed.  It is asked all the time meanwhile.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump setpriv script
audit=$(program TM_AUDIT) || exit 1
client=$(program TM_CLIENT) || exit 1
server=$(program TM_SERVER) || exit 1
PID_get='' PID_server='' # set by start
# shellcheck disable=SC2034  # for the trap
PID_asking='' PID_watching=''

path
"$(program TM_TEST_MODEL)" "$MODELS" short ssh36 || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/a-page-that-nobody-may-know-of" 500000
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol --name www.example.org

# ask PROGRAM STATE WANTED [OPTIONS]: the exit status must be WANTED; standard output in $WORK/status.
ask() {
    local program=$1 state=$2 wanted=$3 status=0
    shift 3
    "$program" status --state "$state" "$@" >"$WORK/status" 2>"$WORK/status.err" || status=$?
    [ "$status" -eq "$wanted" ] ||
        fail "status: exit status $status, wanted $wanted: $(cat "$WORK/status" "$WORK/status.err")"
}

# figure PATH: a member of $WORK/status, "conformance.sent".
figure() {
    python3 -c '
import json, sys
v = json.load(open(sys.argv[1]))
assert v["schema_version"] == 1
for name in sys.argv[2].split("."):
    v = v[name]
print(v)' "$WORK/status" "$1"
}

says() {
    grep -q -- "$1" "$WORK/status" || fail "status does not say '$1': $(cat "$WORK/status")"
}

say "== nothing runs"
ask "$client" "$CLIENT_STATE" 1
says '^NOT IN CONTROL: tm-client does not run'
grep -q 'not in control' "$WORK/status.err" || fail "nothing on standard error"
ask "$client" "$CLIENT_STATE" 1 --json
[ "$(figure in_control)" = False ] || fail "in control of nothing"
ask "$client" "$CLIENT_STATE" 2 --jsn

say "== no client"
start_server server --log-schedule "$WORK/server.jsonl"
[ "$(stat -c %a "$SERVER_STATE/status")" = 600 ] || fail "others may open $SERVER_STATE/status"
ask "$server" "$SERVER_STATE" 1
says 'no client has a session'

say "== a part that the server has not"
cp "$MODELS" "$WORK/more.db"
"$(program TM_TEST_MODEL)" "$WORK/more.db" quick || fail "models"
if in_ns c "$client" run --state "$CLIENT_STATE" --models "$WORK/more.db" --model short:3+quick:1 >"$WORK/status" 2>&1; then
    fail "played without the server"
fi
says "the server has no model 'quick'; it has: "

say "== cover on demand"
start_client waiting --model short --users 2 --on-demand --idle-stop 1s --log-schedule "$WORK/waiting.jsonl"
grep -q 'cover begins with the first connection' "$WORK/waiting.log" || fail "ready: $(cat "$WORK/waiting.log")"
ask "$client" "$CLIENT_STATE" 0
says 'no cover yet: it begins with the first connection'
says '^note .*an observer learns that there is demand'
ask "$client" "$CLIENT_STATE" 0 --json
number_ok "$(figure provider.tx_bytes)" 0 0 "bytes sent before there was demand"
in_ns c curl -sS --fail --noproxy '' --max-time 30 --socks5-hostname "$SOCKS" -r 0-9999 -o "$WORK/got" \
    http://10.8.0.2/a-page-that-nobody-may-know-of || fail "no download on demand"
cmp -n 10000 "$WORK/docs/a-page-that-nobody-may-know-of" "$WORK/got" || fail "other bytes"
wait_for 20 "'$client' status --state '$CLIENT_STATE' | grep -q 'no cover: no connection through it for'" ||
    fail "cover goes on: $("$client" status --state "$CLIENT_STATE")"
grep -q '"t":"end".*"died"' "$WORK/waiting.jsonl" && fail "a connection was cut off"
ends_with_0 waiting

say "== a download"
start_capture c lk0 "$WORK/c.pcap"
start_client client --model short:3+ssh36:1 --log-schedule "$WORK/client.jsonl"
start asking bash -c "while '$client' status --state '$CLIENT_STATE' --json >>'$WORK/asked'; do sleep 0.1; done"
start get in_ns c curl -sS --fail --noproxy '' --max-time 60 --socks5-hostname "$SOCKS" -o "$WORK/got" \
    --limit-rate 100k http://10.8.0.2/a-page-that-nobody-may-know-of
wait_for 20 "[ -s $WORK/got ]" || fail "no download: $(cat "$WORK/get.log")"
ask "$client" "$CLIENT_STATE" 0
cat "$WORK/status"
says '^in control '
says 'model  *short:3+ssh36:1 (mix, .*, 4 users, '
says 'payload-independent'
ask "$server" "$SERVER_STATE" 0
says 'note .*without --decoy'
says 'model  *short:3+ssh36:1 '
ask "$server" "$SERVER_STATE" 0 --json
number_ok "$(figure kernel.segments_tx)" 10 1e9 "segments that the server sent"
number_ok "$(figure queue.n)" 1 1e9 "buffers with user data, sent by the server"
number_ok "$(figure queue.p95_us)" 1 1e7 "their 95 % wait, us"
setpriv --reuid 65534 --clear-groups "$client" status --state "$CLIENT_STATE" >"$WORK/stranger" 2>&1 &&
    fail "anybody may ask"
grep -q 'for .* s: the model' "$WORK/stranger" && fail "anybody is told"
wait "$PID_get" || fail "download: $(cat "$WORK/get.log")"
same_bytes "$WORK/docs/a-page-that-nobody-may-know-of" "$WORK/got"
ask "$client" "$CLIENT_STATE" 0 --json
[ "$(figure in_control)" = True ] || fail "not in control"
[ "$(figure model.payload_independent)" = True ] || fail "payload-independent"
sent=$(figure conformance.sent)
number_ok "$sent" 30 1e9 "buffers sent"
number_ok "$(figure conformance.offsets_exact)" "$sent" "$sent" "of these at their exact offset"
number_ok "$(figure now.carriers_open)" 1 100 "carriers open"
number_ok "$(figure traffic.useful_permille)" 1 1000 "useful share, permille"
# By the rule: at least 52 bytes a segment (IPv4, TCP, timestamps) on this path.
number_ok "$(figure provider.tx_header_bytes)" "$((52 * $(figure kernel.segments_tx)))" \
    "$((52 * $(figure kernel.segments_tx)))" "header bytes by rule"
number_ok "$(figure kernel.payload_rx_bytes)" 500000 1e9 "payload that TCP received"
seed=$(head -n 1 "$WORK/client.jsonl" | sed 's/.*"seed":"\([0-9a-f]*\)".*/\1/')
[ ${#seed} -eq 32 ] || fail "no seed in the log"
number_ok "$(wc -l <"$WORK/asked")" 10 1e6 "answers meanwhile"
grep -qE "$seed|10\.8\.0\.2|10\.9\.0\.2|nobody-may-know" "$WORK/asked" "$WORK/status" &&
    fail "status tells what it must not"
start watching "$client" status --state "$CLIENT_STATE" --watch
wait_for 10 "[ \$(grep -c '^in control: short:3+ssh36:1, ' $WORK/watching.log) -ge 3 ]" || fail "--watch: $(cat "$WORK/watching.log")"
ends_with_0 watching
script -qec "'$client' status --state '$CLIENT_STATE' --watch" /dev/null </dev/null >"$WORK/status" 2>/dev/null &
PIDS+=("$!")
printf '\033[Hin control ' >"$WORK/home"
wait_for 10 "[ \$(grep -cFf $WORK/home $WORK/status) -ge 3 ]" || fail "--watch on a terminal: $(cat "$WORK/status")"
stop_pid "$!"

say "== the server is killed"
kill -KILL "$PID_server"
wait_for 20 "! '$client' status --state '$CLIENT_STATE'" || fail "still in control"
ask "$client" "$CLIENT_STATE" 1
cat "$WORK/status"
says '^NOT IN CONTROL.*server.*no user data leaves$'
wait_for 20 "'$client' status --state '$CLIENT_STATE' | grep -q '^NOT IN CONTROL.*cannot be reached: connection refused'" ||
    fail "the reason: $("$client" status --state "$CLIENT_STATE")"
ask "$client" "$CLIENT_STATE" 1 --json
[ "$(figure in_control)" = False ] || fail "in control"
figure reason | grep -q 'connection refused' || fail "reason: $(figure reason)"
stop asking
ends_with_0 client
[ ! -e "$CLIENT_STATE/status" ] || fail "the socket was left behind"

say "== the log and the capture agree"
stop_capture c "$WORK/c.pcap"
# What was on its way when the server died is different; everything that was late has its cause.
"$audit" conform --capture "$WORK/c.pcap" --log "$WORK/client.jsonl" --ignore-strangers >"$WORK/report" 2>&1
grep -A 2 '^slips, by cause' "$WORK/report" || fail "no slips: $(cat "$WORK/report")"
"$audit" conform --capture "$WORK/c.pcap" --log "$WORK/client.jsonl" --ignore-strangers --json >"$WORK/status"
number_ok "$(figure up.slips.unexplained)" 0 0 "late or short writes without a cause"
say "passed"
