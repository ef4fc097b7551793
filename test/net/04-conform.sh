#!/bin/bash
# Conformance: every cumulative payload offset on the wire is the schedule's, handshakes included, whoever is master,
# idle and under load.  Captures at both ends, logs of both ends, and a bare timerfd that runs beside for comparison.
# How late is printed and not judged: that depends on the machine.  Usage: 04-conform.sh [client|server]: who is master; both.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
audit=$(program TM_AUDIT) || exit 1
timer=$(program TM_BENCH_TIMER) || exit 1
here=${0%/*}
[ -s "${TM_MODELS:-}" ] || fail "TM_MODELS does not name the learned models"

path
cp "$TM_MODELS" "$MODELS" || fail "models"
"$(program TM_TEST_MODEL)" "$MODELS" fast ssh36 joint || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 4000000
random_file "$WORK/up" 1000000
start_nginx w 10.8.0.2:80 "$WORK/docs"
# shellcheck disable=SC2034  # for the trap
PID_upload=''
start upload in_ns w python3 "$here/upload.py" serve 10.8.0.2 7000
wait_for 10 "grep -q ready $WORK/upload.log" || fail "upload server"
enrol --name www.example.org

idle() {
    :
}
load() {
    socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 60 &
    local get=$!
    in_ns c timeout 60 python3 "$here/upload.py" send 1080 10.8.0.2 7000 "$WORK/up" "$WORK/got.up" || fail "upload"
    wait "$get" || fail "download"
    same_bytes "$WORK/docs/file" "$WORK/got"
    same_bytes "$WORK/up" "$WORK/got.up"
}

# judge RUN END: the capture at one end with both logs.
judge() {
    local run=$1 end=$2
    "$audit" conform --capture "$WORK/$run.$end.pcap" --log "$WORK/$run.client.jsonl" --log "$WORK/$run.server.jsonl" \
        --bare "$WORK/timer.log" >"$WORK/$run.$end.report" 2>&1 ||
        { cat "$WORK/$run.$end.report"; fail "$run: the capture at $end does not conform"; }
    "$audit" conform --capture "$WORK/$run.$end.pcap" --log "$WORK/$run.client.jsonl" --log "$WORK/$run.server.jsonl" \
        --json >"$WORK/$run.$end.json" || fail "$run: two reports differ"
}

# run MASTER MODEL USERS WRITES LOAD [OPTIONS]: USERS -: the model is a mix, which says it.  Plays until each end has logged WRITES of its own writes.
run() {
    local master=$1 model=$2 users=$3 writes=$4 load=$5 name=$2-$1
    shift 5
    say "== $master is master, $model, $users users, $load"
    start_capture c lk0 "$WORK/$name.c.pcap"
    start_capture s lk0 "$WORK/$name.s.pcap"
    start timer "$timer" --json --seconds 600
    start_server server --log-schedule "$WORK/$name.server.jsonl"
    [ "$users" = - ] || set -- --users "$users" "$@"
    start_client client --model "$model" --master "$master" \
        --log-schedule "$WORK/$name.client.jsonl" "$@"
    "$load"
    wait_for 40 "[ \$(grep -c '\"t\":\"write\"' $WORK/$name.client.jsonl) -ge $writes ] &&
        [ \$(grep -c '\"t\":\"write\"' $WORK/$name.server.jsonl) -ge $writes ]" || fail "no $writes writes"
    ends_with_0 client
    ends_with_0 server
    ends_with_0 timer
    stop_capture c "$WORK/$name.c.pcap"
    stop_capture s "$WORK/$name.s.pcap"
    judge "$name" c
    judge "$name" s
    cat "$WORK/$name.s.report"
    tail -n 1 "$WORK/$name.c.report"
}

[ $# -gt 0 ] || set -- client server
for master; do
    run $master https-captured 48 250 idle --pace 1s
    run $master ssh36:5+joint:1 - 600 idle
    run $master fast 3 500 load
    run $master joint 6 600 idle
    run $master joint 6 600 idle --plan embedded
done
say "passed"
