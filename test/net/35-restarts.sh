#!/bin/bash
# What a tunnel is left with when an end of it is killed, and when the client's address changes: streams of a session that an end has forgotten
# end with a reset, never in silence; the client begins another session by itself, its doors open all the while; and a session whose both
# ends live goes on from another address, byte for byte, although the kernel holds data for the old one.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3
here=${0%/*}
PID_talk='' PID_get=''

path
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 1048576
start_nginx w 10.8.0.2:80 "$WORK/docs"
start echo in_ns w python3 "$here/echo.py" serve 10.8.0.2 7000
wait_for 10 "grep -q ready $WORK/echo.log" || fail "echo server"
enrol

# begin [OPTIONS]: the client, and somebody who talks through it and wants every answer.
begin() {
    start_client client --users 6 -L 81:10.8.0.2:80 -L 7000:10.8.0.2:7000 "$@"
    talk
}
talk() {
    start talk in_ns c python3 "$here/echo.py" talk 127.0.0.1 7000
    wait_for 10 "grep -q answer $WORK/talk.log" || fail "nobody answers: $(cat "$WORK/talk.log")"
}
# kill_hard NAME: as the kernel does when memory is short.
kill_hard() {
    local pid=PID_$1
    kill -KILL "${!pid}"
    wait "${!pid}" 2>/dev/null
}
# reset_within SECONDS: whoever talked has been told that it is over.
reset_within() {
    wait_for "$1" "! kill -0 $PID_talk" || fail "the stream is silent: $(cat "$WORK/talk.log")"
    grep -q 'reset\|ended' "$WORK/talk.log" || fail "the stream ended with: $(cat "$WORK/talk.log")"
}
get() {
    in_ns c curl -sS --fail --max-time 60 -o "$WORK/got" http://127.0.0.1:81/file || fail "download after $1"
    same_bytes "$WORK/docs/file" "$WORK/got"
}

start_server server
for model in quick shuffle; do
    say "== --model $model: the server is killed and started again"
    # shellcheck disable=SC2046  # users belong to models that have them
    start_client client --model $model $([ $model = quick ] && echo --users 6) -L 81:10.8.0.2:80 -L 7000:10.8.0.2:7000
    talk
    kill_hard server
    start_server server
    reset_within 30
    wait_for 30 "grep -q 'another session begins' $WORK/client.log" || fail "it does not begin again"
    wait_for 30 "sed -n '/another session begins/,\$p' $WORK/client.log | grep -q 'can be reached again'" || fail "it did not come back"
    get "the server's restart"
    ends_with_0 client
done

say "== the client is killed"
begin --model quick
kill_hard client
reset_within 5
begin --model quick
get "the client's restart"

say "== the client's address changes"
start get in_ns c curl -sS --fail --max-time 90 --limit-rate 200k -o "$WORK/slow" http://127.0.0.1:81/file
wait_for 10 "[ -s $WORK/slow ]" || fail "no download"
ip -n "$NS_c" addr del 10.9.0.1/24 dev lk0
ip -n "$NS_c" addr add 10.9.0.77/24 dev lk0
before=$(grep -c answer "$WORK/talk.log")
wait "$PID_get" || fail "the download did not survive: $(cat "$WORK/get.log")"
same_bytes "$WORK/docs/file" "$WORK/slow"
wait_for 30 "[ \$(grep -c answer $WORK/talk.log) -gt $((before + 20)) ]" || fail "the talk did not go on: $(tail -n 1 "$WORK/talk.log")"
in_ns c ss -Htn state established src 10.9.0.77 | grep -q . || fail "nothing comes from the new address"
wait_for 30 "! ip netns exec $NS_c ss -Htn src 10.9.0.1 | grep -q ESTAB" || fail "carriers of the old address are still there"
ends_with_0 client
ends_with_0 server
say "passed"
