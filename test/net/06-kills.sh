#!/bin/bash
# Nothing lost: 100 MB down and 4 MB up, byte-exact, while more than 100 carriers are killed, one at a time and
# anywhere in their work: `ss -K` in the client's or the server's namespace aborts the socket, and the other end
# gets a RST.  Which carrier and which end is drawn with a fixed seed.  Whoever is master.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3
here=${0%/*}
KILLS=120 # some hit a carrier that has done all that its plan says and is about to close: that one did not die
DEATHS=100
BYTES=100000000
PID_get='' PID_put='' PID_killer='' # set by start

path
in_ns s ss -K dst 192.0.2.1 >/dev/null 2>&1 || skip "ss cannot kill sockets here (CONFIG_INET_DIAG_DESTROY)"
"$(program TM_TEST_MODEL)" "$MODELS" fast || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" $BYTES
random_file "$WORK/up" 4000000
start_nginx w 10.8.0.2:80 "$WORK/docs"
# shellcheck disable=SC2034  # for the trap
PID_upload=''
start upload in_ns w python3 "$here/upload.py" serve 10.8.0.2 7000
wait_for 10 "grep -q ready $WORK/upload.log" || fail "upload server"
enrol --name www.example.org

# deaths END LOW: what a summary says.
deaths() {
    number_ok "$(json_number "$WORK/$1.json" carriers_died)" "$2" 100000 "carriers that died, by the $1"
    say "$1: $(json_number "$WORK/$1.json" resent_tx_bytes) bytes sent again of" \
        "$(json_number "$WORK/$1.json" payload_tx_bytes), $(json_number "$WORK/$1.json" carriers_opened) carriers"
}

# run MASTER
run() {
    local began took
    say "== $1 is master"
    rm -f "$WORK/got" "$WORK/got.up"
    start_server server --summary-json "$WORK/server.json"
    start_client client --model fast --users 4 --master "$1" --summary-json "$WORK/client.json"
    began=$(date +%s%N)
    start get in_ns c curl -sS --fail --noproxy '' --max-time 75 --socks5-hostname "$SOCKS" -o "$WORK/got" \
        http://10.8.0.2/file
    start put in_ns c timeout 75 python3 "$here/upload.py" send 1080 10.8.0.2 7000 "$WORK/up" "$WORK/got.up"
    # At even steps of the download, so that the last kill falls into it.
    start killer python3 "$here/kill_carriers.py" --namespaces "$NS_c" "$NS_s" --port 4433 --kills $KILLS --seed 7 \
        --file "$WORK/got" --bytes $((BYTES * 95 / 100)) --while "$PID_get"
    wait "$PID_get" || fail "download: $(cat "$WORK/get.log")"
    took=$(($(date +%s%N) - began))
    wait "$PID_put" || fail "upload: $(cat "$WORK/put.log")"
    wait "$PID_killer" || fail "killer: $(cat "$WORK/killer.log")"
    same_bytes "$WORK/docs/file" "$WORK/got"
    same_bytes "$WORK/up" "$WORK/got.up"
    say "$(tail -n 1 "$WORK/killer.log")"
    ends_with_0 client
    ends_with_0 server
    grep '^summary: ' "$WORK/client.log" || fail "no summary"
    number_ok "$(sed -n 's/^killed \([0-9]*\) carriers.*/\1/p' "$WORK/killer.log")" $KILLS $KILLS "carriers killed"
    deaths client $DEATHS
    deaths server $DEATHS
    number_ok "$(json_number "$WORK/server.json" resent_tx_bytes)" 1 $BYTES "bytes sent again by the server"
    say "$((BYTES / 1000000)) MB in $((took / 1000000)) ms"
}

run client
run server
say "passed"
