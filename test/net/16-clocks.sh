#!/bin/bash
# Wall clocks that are set by days and years, at either end, while a session runs: it goes on, exactly. Between sessions a
# clock that is far off is refused, with words at both ends, until it is right again.  The clocks are a preloaded library's.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
[ -n "${TM_TEST_CLOCK_SHIM:-}" ] || skip "the clock cannot be preloaded into this build"
audit=$(program TM_AUDIT) || exit 1
client=$(program TM_CLIENT) || exit 1
server=$(program TM_SERVER) || exit 1

# set_clock END SECONDS: its wall clock is ahead by so much from now on.
set_clock() {
    printf '%s\n' "$2" >"$WORK/clock.new"
    mv "$WORK/clock.new" "$WORK/clock.$1"
}

for end in client server; do
    set_clock $end 0
    printf '#!/bin/sh\nTM_TEST_CLOCK=%q LD_PRELOAD=%q exec %q "$@"\n' "$WORK/clock.$end" "$TM_TEST_CLOCK_SHIM" "${!end}" >"$WORK/tm-$end"
    chmod +x "$WORK/tm-$end"
done
export TM_CLIENT=$WORK/tm-client TM_SERVER=$WORK/tm-server

path
"$(program TM_TEST_MODEL)" "$MODELS" short || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 20000
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol --name www.example.org
start_capture c lk0 "$WORK/c.pcap"
start_server server
start_client client --model short --users 4 --log-schedule "$WORK/client.jsonl" --summary-json "$WORK/client.json"

carriers() {
    grep -c '"t":"up"' "$WORK/client.jsonl"
}

# jump END SECONDS
jump() {
    local n
    say "== the clock of the $1: $2 s"
    set_clock "$1" "$2"
    wait_for 5 "grep -q 'the wall clock was set' $WORK/$1.log" || fail "the $1 does not say that its clock was set"
    n=$(carriers)
    rm -f "$WORK/got"
    socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 20 || fail "no download"
    same_bytes "$WORK/docs/file" "$WORK/got"
    wait_for 10 "[ \$(grep -c '\"t\":\"up\"' $WORK/client.jsonl) -ge $((n + 4)) ]" || fail "no new carriers"
}

jump client 86400
jump server 315576000
jump client -315576000
jump server -86400
"$client" status --state "$CLIENT_STATE" | grep '^wall clock ' || fail "status does not say that the clock was set"
grep refused "$WORK/server.log" && fail "a carrier was refused"
ends_with_0 client
stop_capture c "$WORK/c.pcap"
number_ok "$(json_number "$WORK/client.json" carriers_died)" 0 0 "carriers that died"
"$audit" conform --capture "$WORK/c.pcap" --log "$WORK/client.jsonl" >"$WORK/report" 2>&1 ||
    { cat "$WORK/report"; fail "does not conform"; }
tail -n 1 "$WORK/report"

say "== a new session"
set_clock server 0
set_clock client 86400
in_ns c timeout 30 "$TM_CLIENT" run --state "$CLIENT_STATE" --models "$MODELS" --model short --users 4 --socks "$SOCKS" >"$WORK/late.log" 2>&1
[ $? -eq 1 ] || fail "a client of tomorrow: $(cat "$WORK/late.log")"
grep 'the clocks differ by more than two hours' "$WORK/late.log" || fail "the client does not say why: $(cat "$WORK/late.log")"
wait_for 5 "grep -qE 'its clock is 14(39|40) minutes ahead of ours' $WORK/server.log" || fail "the server does not say why"
set_clock client 0
start_client again --model short --users 4
socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 20 || fail "no download"
ends_with_0 again
ends_with_0 server
say "passed"
