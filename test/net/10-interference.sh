#!/bin/bash
# Loaded against idle cover, as an observer beside the client has it: several schedules, each played idle, under bulk transfers both ways, under
# the same by programs made to leak (test/leaky), and idle while the same transfers run past the tunnel: other programs that take
# the processor are there on either side of a comparison with the last.  Payload offsets are equal in all of them, for a leak of times
# moves no byte; the attacks of `tm-audit interference` catch the leak, and of the real programs no attack is sure.
#
# A machine that is busy with something else may part two runs now and then, and a leak parts them always: what is told once is played again with
# other seeds, and only what is told every time fails.  The leak is judged by the same rule.
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
WRITES=1000 # of the client, in every run
TRIES=3

path
"$(program TM_TEST_MODEL)" "$MODELS" short || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 50000000
random_file "$WORK/up" 50000000
start_nginx w 10.8.0.2:80 "$WORK/docs"
start upload in_ns w python3 "$here/upload.py" serve 10.8.0.2 7000
ip link add b0 netns "$NS_c" type veth peer name b0 netns "$NS_w" || fail "veth"
in_ns c sh -e -c "ip addr add 10.7.0.1/24 dev b0; ip link set b0 up" || fail "b0 in c"
in_ns w sh -e -c "ip addr add 10.7.0.2/24 dev b0; ip link set b0 up" || fail "b0 in w"
start_nginx w 10.7.0.2:81 "$WORK/docs"
start upload_beside in_ns w python3 "$here/upload.py" serve 10.7.0.2 7001
for name in upload upload_beside; do
    wait_for 10 "grep -q ready $WORK/$name.log" || fail "$name"
done
enrol --name www.example.org

# rate SEED KEY: bytes of it a second, in the bulk run of this seed.
rate() {
    awk -v n="$(json_number "$WORK/bulk-$1.json" "$2")" -v s="$(json_number "$WORK/bulk-$1.json" seconds)" \
        'BEGIN { printf "%d", n / s + 1000 }'
}

# load WORKLOAD SEED: each starts more than the run can carry.
load() {
    LOADS=()
    case $1 in
    idle) return ;;
    beside)
        start get in_ns c curl -sS --limit-rate "$(rate "$2" payload_rx_bytes)" -o /dev/null http://10.7.0.2:81/file
        start put in_ns c python3 "$here/upload.py" push 10.7.0.2 7001 "$WORK/up" "$(rate "$2" payload_tx_bytes)"
        ;;
    *)
        start get in_ns c curl -sS --socks5-hostname "$SOCKS" -o /dev/null http://10.8.0.2/file
        start put in_ns c python3 "$here/upload.py" send 1080 10.8.0.2 7000 "$WORK/up" /dev/null
        ;;
    esac
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
    load "$1" "$2"
    wait_for 30 "[ \$(grep -c '\"t\":\"write\"' $WORK/$name.jsonl) -ge $WRITES ]" || fail "no $WRITES writes"
    ends_with_0 client
    ends_with_0 server
    for l in "${LOADS[@]}"; do
        stop "$l"
    done
    stop_capture c "$WORK/$name.pcap"
}

# compare NAME WORKLOAD... with SEEDS: the first against the others, to NAME.json.
compare() {
    local name=$1 w s runs=()
    shift
    for w in "$@"; do
        for s in "${SEEDS[@]}"; do
            runs+=(--run "$w=$WORK/$w-$s.pcap" --log "$WORK/$w-$s.jsonl")
        done
    done
    "$audit" interference --json "${runs[@]}" >"$WORK/$name.json" 2>"$WORK/$name.log" ||
        fail "interference: $(cat "$WORK/$name.log" "$WORK/$name.json")"
}

# of NAME WORKLOAD PATH...: a value of a result.
of() {
    python3 - "$WORK/$1.json" "${@:2}" <<'PY'
import json, sys
at = next(w for w in json.load(open(sys.argv[1]))["workloads"] if w["workload"] == sys.argv[2])
for key in sys.argv[3:]:
    at = at[int(key)] if isinstance(at, list) else at[key]
print(at)
PY
}

# sound NAME WORKLOAD: what no busy machine excuses.
sound() {
    local compared control
    [ "$(of "$1" "$2" offsets is_different)" = False ] || fail "$2: $(of "$1" "$2" offsets first)"
    compared=$(of "$1" "$2" offsets compared)
    number_ok "$compared" 2500 1000000000 "offsets compared, $2"
    number_ok "$(of "$1" "$2" offsets equal)" "$compared" "$compared" "of these equal"
    number_ok "$(of "$1" "$2" pairs)" 200 100000 "pairs of connections, $2"
    for control in 0 1; do
        [ "$(of "$1" "$2" controls $control is_caught)" = True ] || fail "$2: control $control was not caught"
    done
}

# told NAME WORKLOAD: some attack is sure.  A few hundred connections of two runs: not the number of the claim, but no leak of
# milliseconds either.
told() {
    python3 - "$WORK/$1.json" "$2" <<'PY'
import json, sys
at = next(w for w in json.load(open(sys.argv[1]))["workloads"] if w["workload"] == sys.argv[2])
found = [f"{k} {a['auc']:.3f} [{a['low']:.3f}, {a['high']:.3f}]" for k, a in at["attacks"].items()]
sure = any(a["low"] > 0.6 or a["auc"] > 0.7 for a in at["attacks"].values())
print(f"{sys.argv[2]}: {'told' if sure else 'not told'}: {', '.join(found)}")
sys.exit(not sure)
PY
}

# One schedule for each of SEEDS under every workload; true: the leak is told and the real programs are not.
try() {
    local seed workload
    for seed in "${SEEDS[@]}"; do
        for workload in idle bulk beside leaky; do
            run $workload "$seed"
        done
        for workload in idle beside; do
            number_ok "$(json_number "$WORK/$workload-$seed.json" payload_rx_bytes)" 0 256 "payload, $workload"
        done
        for workload in bulk leaky; do
            number_ok "$(json_number "$WORK/$workload-$seed.json" payload_rx_bytes)" 1000000 1000000000 "payload down, $workload"
            number_ok "$(json_number "$WORK/$workload-$seed.json" payload_tx_bytes)" 100000 1000000000 "payload up, $workload"
        done
    done
    compare idle idle bulk &
    local idle=$!
    compare beside beside bulk leaky
    wait "$idle" || exit 1
    for workload in bulk leaky; do
        sound beside $workload
    done
    say "for information, against idle without the transfers:"
    told idle bulk
    say "against idle beside the same transfers:"
    told beside leaky || { say "the leak was not told"; return 1; }
    ! told beside bulk
}

for ((n = 1; n <= TRIES; n++)); do
    SEEDS=($((20100 + 10 * n)) $((20101 + 10 * n)))
    if try; then
        say "passed"
        exit 0
    fi
    say "try $n of $TRIES failed"
done
fail "the load was told, or the leak was not, in every one of $TRIES tries"
