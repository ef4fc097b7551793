#!/bin/bash
# The main job over an emulated path: files arrive byte-exact, both ways, whoever is master and however plans
# travel.  The destinations can be reached from the server alone, and their names are known there alone.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3
here=${0%/*}

path
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
host_name s 10.8.0.2 files.internal.example
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 1048576
random_file "$WORK/up" 1048576
start_nginx w '[::]:80 ipv6only=off' "$WORK/docs"
# shellcheck disable=SC2034  # for the trap
PID_upload4='' PID_upload6=''
start upload4 in_ns w python3 "$here/upload.py" serve 10.8.0.2 7000
start upload6 in_ns w python3 "$here/upload.py" serve fd00:8::2 7000
wait_for 10 "grep -q ready $WORK/upload4.log && grep -q ready $WORK/upload6.log" || fail "upload server"
in_ns c getent hosts files.internal.example >/dev/null && fail "the client's namespace knows the name"
enrol --name www.example.org
start_server server --summary-json "$WORK/server.json"

# get WHAT URL: through SOCKS.
get() {
    socks_get c "$SOCKS" "$2" "$WORK/got" --max-time 60 -w "$1: %{time_total} s\n" || fail "download by $1"
    same_bytes "$WORK/docs/file" "$WORK/got"
}
# put WHAT SOCKS_PORT HOST PORT: upload, half-close, and the same back.
put() {
    in_ns c timeout 60 python3 "$here/upload.py" send "$2" "$3" "$4" "$WORK/up" "$WORK/got" || fail "upload by $1"
    same_bytes "$WORK/up" "$WORK/got"
}

for master in client server; do
    for plan in seeded embedded; do
        reply=exact
        [ $plan = embedded ] || reply=early
        say "== $master is master, plan $plan, SOCKS replies $reply"
        start_client client --model quick --users 6 --master "$master" --plan "$plan" \
            --summary-json "$WORK/client.json" \
            -L 8081:files.internal.example:80 -L 8082:10.8.0.2:7000 \
            --socks-reply "$reply"
        grep -q "$master is master, plan $plan" "$WORK/client.log" || fail "tm-client says: $(cat "$WORK/client.log")"
        get name http://files.internal.example/file
        get IPv4 http://10.8.0.2/file
        get IPv6 'http://[fd00:8::2]/file'
        in_ns c curl -sS --fail --max-time 60 -o "$WORK/got" http://127.0.0.1:8081/file || fail "download by -L"
        same_bytes "$WORK/docs/file" "$WORK/got"
        put SOCKS 1080 files.internal.example 7000
        put 'SOCKS, IPv6' 1080 fd00:8::2 7000
        put -L 8082 - 0
        ends_with_0 client
        grep '^tm-client: summary: \|^summary: ' "$WORK/client.log" || fail "no summary"
        number_ok "$(json_number "$WORK/client.json" payload_rx_bytes)" 7340032 7400000 "payload received"
        number_ok "$(json_number "$WORK/client.json" payload_tx_bytes)" 3145728 3200000 "payload sent"
    done
done
ends_with_0 server
say "passed"
