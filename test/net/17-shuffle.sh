#!/bin/bash
# Model shuffle: files arrive byte-exact over shuffled and split carriers, one and fifty at a time, up and down; a thousand connections
# are open at once; nothing is padded; status says that the wire follows what is carried.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3
here=${0%/*}
CARRIERS=8

path --delay-ms 5 --queue-packets 16384 --seed 1
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs" "$WORK/many"
random_file "$WORK/docs/file" 2097152
random_file "$WORK/docs/small" 10240
random_file "$WORK/up" 524288
start_nginx w 10.8.0.2:80 "$WORK/docs"
# shellcheck disable=SC2034  # for the trap
PID_upload=''
start upload in_ns w python3 "$here/upload.py" serve 10.8.0.2 7000
# shellcheck disable=SC2034  # for the trap
PID_echo=''
start echo in_ns w python3 "$here/many.py" echo 10.8.0.2 7001
wait_for 10 "grep -q ready $WORK/upload.log && grep -q ready $WORK/echo.log" || fail "upload server, echo"
enrol
start_server server --summary-json "$WORK/server.json"

# resident_kb NAME: memory of a program.
resident_kb() {
    local pid=PID_$1
    awk '/^VmRSS/ { print $2 }' "/proc/${!pid}/status"
}

# carried: connections between the two ends that are established.
carried() {
    in_ns c ss -Htn state established dst "${SERVER%:*}" | wc -l
}

for model in shuffle shuffle:$CARRIERS; do
    say "== --model $model"
    start_client client --model "$model" --summary-json "$WORK/client.json" -L 8082:10.8.0.2:7000
    grep -q 'NOT payload-independent' "$WORK/client.log" || fail "tm-client says: $(cat "$WORK/client.log")"
    socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 60 -w "2 MiB: %{time_total} s\n" || fail "download"
    same_bytes "$WORK/docs/file" "$WORK/got"
    in_ns c timeout 60 python3 "$here/upload.py" send 8082 - 0 "$WORK/up" "$WORK/got" || fail "upload"
    same_bytes "$WORK/up" "$WORK/got"
    in_ns c curl -sS --no-progress-meter --fail --max-time 60 --parallel --parallel-immediate --parallel-max 50 -x "socks5h://$SOCKS" \
        -o "$WORK/many/#1" 'http://10.8.0.2/small?[1-50]' || fail "50 at once"
    for i in "$WORK"/many/*; do
        cmp "$WORK/docs/small" "$i" || fail "$i differs"
    done
    [ "$(find "$WORK/many" -type f | wc -l)" -eq 50 ] || fail "50 files"
    rm "$WORK"/many/*
    [ "$model" = shuffle ] || [ "$(carried)" -eq $CARRIERS ] || fail "$(carried) carriers"
    in_ns c "$(program TM_CLIENT)" status --state "$CLIENT_STATE" >"$WORK/status.txt" || fail "status"
    grep -q 'NOT payload-independent: the wire follows' "$WORK/status.txt" || fail "status says: $(cat "$WORK/status.txt")"
    grep -q 'exact offset' "$WORK/status.txt" && fail "status tells of a schedule: $(cat "$WORK/status.txt")"
    ends_with_0 client
    grep '^summary: ' "$WORK/client.log" || fail "no summary"
    number_ok "$(json_number "$WORK/client.json" payload_rx_bytes)" 3133440 3170000 "payload received"
    number_ok "$(json_number "$WORK/client.json" pad_tx_bytes)" 0 0 "padding"
    number_ok "$(json_number "$WORK/client.json" carriers_died)" 0 0 "carriers died"
done

say "== a thousand connections at once"
start_client client --model shuffle -L 8083:10.8.0.2:7001
before=$(resident_kb client)/$(resident_kb server)
in_ns c timeout 60 python3 "$here/many.py" ask 8083 1000 1000 || fail "a thousand connections"
say "resident kB of client/server: $before before, $(resident_kb client)/$(resident_kb server) after"
ends_with_0 client
ends_with_0 server
say "passed"
