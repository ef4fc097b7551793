#!/bin/bash
# Non-interference with the real programs: one seed, three workloads (nothing; bulk both ways; a reader that is much
# slower than its download), whoever is master: the schedules that were played are identical, and so are the
# offsets on the wire, because each run conforms to its own log.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
audit=$(program TM_AUDIT) || exit 1
here=${0%/*}
WRITES=600 # of the client, in every run
SEED=20091

path
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 50000000
random_file "$WORK/up" 50000000
start_nginx w 10.8.0.2:80 "$WORK/docs"
# shellcheck disable=SC2034  # for the trap
PID_upload=''
start upload in_ns w python3 "$here/upload.py" serve 10.8.0.2 7000
wait_for 10 "grep -q ready $WORK/upload.log" || fail "upload server"
enrol --name www.example.org

# Each starts more than the run can carry.
idle() {
    LOADS=()
}
bulk() {
    start get in_ns c curl -sS --socks5-hostname "$SOCKS" -o /dev/null http://10.8.0.2/file
    start put in_ns c python3 "$here/upload.py" send 1080 10.8.0.2 7000 "$WORK/up" /dev/null
    LOADS=(get put)
}
slow() {
    start slow in_ns c curl -sS --limit-rate 20k --socks5-hostname "$SOCKS" -o /dev/null http://10.8.0.2/file
    LOADS=(slow)
}

# run MASTER LOAD
run() {
    local master=$1 load=$2 name=$2-$1 l at
    start_capture c lk0 "$WORK/$name.pcap"
    start_server server --seed $SEED --log-schedule "$WORK/$name.server.jsonl"
    start_client client --model quick --users 4 --seed $SEED --master "$master" \
        --log-schedule "$WORK/$name.client.jsonl" --summary-json "$WORK/$name.json"
    "$load"
    wait_for 30 "[ \$(grep -c '\"t\":\"write\"' $WORK/$name.client.jsonl) -ge $WRITES ]" || fail "no $WRITES writes"
    for l in "${LOADS[@]}"; do
        at=PID_$l
        kill -0 "${!at}" 2>/dev/null || fail "$l ended during the run: $(cat "$WORK/$l.log")"
    done
    ends_with_0 client
    ends_with_0 server
    for l in "${LOADS[@]}"; do
        stop "$l"
    done
    stop_capture c "$WORK/$name.pcap"
    "$audit" conform --capture "$WORK/$name.pcap" --log "$WORK/$name.client.jsonl" --log "$WORK/$name.server.jsonl" \
        >"$WORK/$name.report" 2>&1 || { cat "$WORK/$name.report"; fail "$name does not conform"; }
    say "$name: $(tail -n 1 "$WORK/$name.report")"
    say "$name: payload $(json_number "$WORK/$name.json" payload_tx_bytes) B up," \
        "$(json_number "$WORK/$name.json" payload_rx_bytes) B down," \
        "useful share $(json_number "$WORK/$name.json" useful_share)"
}

# same MASTER LOAD: the schedule of LOAD's run is that of the idle one, as far as both came.  By the client's logs: they
# name user and index of every carrier, and carriers of several users may open in another order.
same() {
    local out n
    out=$("$audit" invariant --compare "$WORK/idle-$1.client.jsonl" "$WORK/$2-$1.client.jsonl" 2>&1) ||
        fail "$1 is master, idle against $2: $out"
    say "$1 is master, idle against $2: $out"
    n=$(sed -n 's/^identical: \([0-9]*\) writes.*/\1/p' <<<"$out")
    number_ok "$n" 500 1000000000 "writes compared"
}

for master in client server; do
    say "== $master is master"
    for load in idle bulk slow; do
        run $master $load
    done
    # no more than the question whether the server's keys were renewed, and its answer
    number_ok "$(json_number "$WORK/idle-$master.json" payload_rx_bytes)" 0 256 "payload of the idle run"
    number_ok "$(json_number "$WORK/bulk-$master.json" payload_rx_bytes)" 1000000 1000000000 "payload down under load"
    number_ok "$(json_number "$WORK/bulk-$master.json" payload_tx_bytes)" 1000000 1000000000 "payload up under load"
    same $master bulk
    same $master slow
done
say "passed"
