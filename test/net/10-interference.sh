#!/bin/bash
# Loaded against idle cover, as an observer beside the client has it: several schedules, each played idle, under bulk transfers both ways, and
# under the same by programs made to leak (test/leaky).  Payload offsets are equal in all of them, for a leak of times moves no byte; the
# attacks of `tm-audit interference` catch the leak, and of the real programs no attack is sure.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
audit=$(program TM_AUDIT) || exit 1
client=$(program TM_CLIENT) || exit 1
server=$(program TM_SERVER) || exit 1
leaky_client=$(program TM_CLIENT_LEAKY) || exit 1
leaky_server=$(program TM_SERVER_LEAKY) || exit 1
here=${0%/*}
SEEDS=(20101 20102)
WRITES=1000 # of the client, in every run

path
"$(program TM_TEST_MODEL)" "$MODELS" short || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 50000000
random_file "$WORK/up" 50000000
start_nginx w 10.8.0.2:80 "$WORK/docs"
start upload in_ns w python3 "$here/upload.py" serve 10.8.0.2 7000
wait_for 10 "grep -q ready $WORK/upload.log" || fail "upload server"
enrol --name www.example.org

# Each starts more than the run can carry.
load() {
    LOADS=()
    [ "$1" != idle ] || return 0
    start get in_ns c curl -sS --socks5-hostname "$SOCKS" -o /dev/null http://10.8.0.2/file
    start put in_ns c python3 "$here/upload.py" send 1080 10.8.0.2 7000 "$WORK/up" /dev/null
    LOADS=(get put)
}

# run WORKLOAD SEED
run() {
    local name=$1-$2 l
    export TM_CLIENT=$client TM_SERVER=$server
    if [ "$1" = leaky ]; then
        export TM_CLIENT=$leaky_client TM_SERVER=$leaky_server
    fi
    start_capture c lk0 "$WORK/$name.pcap"
    start_server server --seed "$2"
    start_client client --model short --users 16 --seed "$2" --log-schedule "$WORK/$name.jsonl" \
        --summary-json "$WORK/$name.json"
    load "$1"
    wait_for 30 "[ \$(grep -c '\"t\":\"write\"' $WORK/$name.jsonl) -ge $WRITES ]" || fail "no $WRITES writes"
    ends_with_0 client
    ends_with_0 server
    for l in "${LOADS[@]}"; do
        stop "$l"
    done
    stop_capture c "$WORK/$name.pcap"
    RUNS+=(--run "$1=$WORK/$name.pcap" --log "$WORK/$name.jsonl")
}

RUNS=()
for seed in "${SEEDS[@]}"; do
    for workload in idle bulk leaky; do
        run $workload "$seed"
    done
    number_ok "$(json_number "$WORK/idle-$seed.json" payload_rx_bytes)" 0 0 "payload of the idle run"
    for workload in bulk leaky; do
        number_ok "$(json_number "$WORK/$workload-$seed.json" payload_rx_bytes)" 1000000 1000000000 "payload down, $workload"
        number_ok "$(json_number "$WORK/$workload-$seed.json" payload_tx_bytes)" 100000 1000000000 "payload up, $workload"
    done
done

"$audit" interference --json "${RUNS[@]}" >"$WORK/result.json" 2>"$WORK/interference.log" ||
    fail "interference: $(cat "$WORK/interference.log" "$WORK/result.json")"

# of WORKLOAD PATH...: a value of the result.
of() {
    python3 - "$WORK/result.json" "$@" <<'PY'
import json, sys
at = next(w for w in json.load(open(sys.argv[1]))["workloads"] if w["workload"] == sys.argv[2])
for key in sys.argv[3:]:
    at = at[int(key)] if isinstance(at, list) else at[key]
print(at)
PY
}

for workload in bulk leaky; do
    say "$workload: $(of $workload text)"
    [ "$(of $workload offsets is_different)" = False ] || fail "$workload: $(of $workload offsets first)"
    compared=$(of $workload offsets compared)
    number_ok "$compared" 2500 1000000000 "offsets compared, $workload"
    number_ok "$(of $workload offsets equal)" "$compared" "$compared" "of these equal"
    number_ok "$(of $workload pairs)" 200 100000 "pairs of connections, $workload"
    for control in 0 1; do
        [ "$(of $workload controls $control is_caught)" = True ] || fail "$workload: control $control was not caught"
    done
done
number_ok "$(of leaky attacks forest_all auc)" 0.8 1 "AUC, leaky"
# A few hundred connections of two runs: not the number of the claim, but no leak of milliseconds either.
for attack in forest_all forest_sizes forest_times network; do
    number_ok "$(of bulk attacks $attack low)" 0 0.6 "AUC of the real programs, $attack, low end"
    number_ok "$(of bulk attacks $attack auc)" 0.3 0.7 "AUC of the real programs, $attack"
done
say "passed"
