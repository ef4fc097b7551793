#!/bin/bash
# Renewed keys: a running server uses them at once; a session that begins with the old ones learns them and goes on; a client that was away, and a link from before, are taken in the overlap and not after
# it; what a handshake shows keeps its sizes.
#
#   +--------------------------------------------------------------------------+
#   | a   curl ─ SOCKS 127.0.0.1:1080 ─ tm-client ═══ 127.0.0.1:4433 tm-server ─ nginx 127.0.0.1:8080
#   +--------------------------------------------------------------------------+
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need curl nginx tshark
NS_a='' PID_server='' PID_client='' # set by ns and start
server=$(program TM_SERVER) || exit 1
client=$(program TM_CLIENT) || exit 1
S=$WORK/server
ns a

start_server() {
    start server in_ns a "$server" run --state "$S" --allow 127.0.0.0/8
    wait_for 10 "grep -q ^ready: $WORK/server.log || ! kill -0 $PID_server" || fail "tm-server is not ready"
    grep -q ^ready: "$WORK/server.log" || fail "tm-server: $(cat "$WORK/server.log")"
}

# start_client STATE
start_client() {
    start client in_ns a "$client" run --state "$1" --model constant --users 8
    wait_for 20 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
    grep -q ^ready: "$WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
}

# join LINK STATE
join() {
    in_ns a timeout 60 "$client" join "$1" --state "$2" >"$WORK/join.log" 2>&1
}

field() { # FILE KEY
    sed -n "s/^$2 //p" "$1"
}

# same_keys STATE: does the client have the server's token key?
same_keys() {
    [ "$(field "$1/server" token-key)" = "$(field "$S/token" key)" ]
}

mkdir "$WORK/docs"
random_file "$WORK/docs/file" 20000
start_nginx a 127.0.0.1:8080 "$WORK/docs"
in_ns a "$server" setup --state "$S" --listen 127.0.0.1:4433 --decoy 127.0.0.1:8080 >"$WORK/link" 2>/dev/null || fail setup
start_server
join "$(cat "$WORK/link")" "$WORK/c1" || fail "join: $(cat "$WORK/join.log")"
link2=$("$server" invite --state "$S" 2>/dev/null) || fail invite
join "$link2" "$WORK/away" || fail "join: $(cat "$WORK/join.log")"
link3=$("$server" invite --state "$S" 2>/dev/null) || fail invite
link4=$("$server" invite --state "$S" 2>/dev/null) || fail invite
sed -i 's/^made .*/made 1000/' "$S"/invites/* # not in the same second as the renewal

say "== a session that begins with the old keys learns the new ones, and goes on with them"
start_capture a lo "$WORK/wire.pcap" 2000
start_client "$WORK/c1"
stop client
old=$(field "$WORK/c1/server" token-prefix)
"$server" renew --state "$S" 2>"$WORK/renew.err" || fail "renew: $(cat "$WORK/renew.err")"
grep -q 'the keys before count for 30d' "$WORK/renew.err" || fail "renew says: $(cat "$WORK/renew.err")"
wait_for 10 "grep -q 'the keys were renewed' $WORK/server.log" || fail "the server did not notice: $(cat "$WORK/server.log")"
start_client "$WORK/c1"
wait_for 20 "grep -q 'this client has the new ones' $WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
same_keys "$WORK/c1" || fail "not the server's keys"
new=$(field "$WORK/c1/server" token-prefix)
[ "$old" != "$new" ] || fail "the prefix is the old one"
socks_get a 127.0.0.1:1080 http://127.0.0.1:8080/file "$WORK/got" --max-time 60 || fail "curl after the renewal"
same_bytes "$WORK/docs/file" "$WORK/got"
wait_for 20 "ip netns exec $NS_a tshark -r $WORK/wire.pcap -Y 'tcp.dstport == 4433' -T fields -e tcp.payload 2>/dev/null | grep -q $new" ||
    fail "no carrier with a token of the new key"
stop client
stop_capture a "$WORK/wire.pcap"
# Of all connections: the ClientHello's and the answer's size, by the token's prefix.
hellos() {
    tshark -r "$WORK/wire.pcap" -Y 'tcp.dstport == 4433 && tcp.len > 0' -T fields -e tcp.len -e tcp.payload 2>/dev/null |
        grep "$1" | cut -f1 | sort -u | paste -sd ' '
}
[ -n "$(hellos "$old")" ] || fail "no token of the old key"
[ "$(hellos "$old")" = "$(hellos "$new")" ] || fail "sizes: $(hellos "$old") before, $(hellos "$new") after"
say "ClientHellos of $(hellos "$new") bytes before and after"

say "== in the overlap: who was away comes back, and a link from before is taken"
start_client "$WORK/away"
wait_for 20 "grep -q 'this client has the new ones' $WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
same_keys "$WORK/away" || fail "not the server's keys"
stop client
join "$link3" "$WORK/c3" || fail "join with a link from before: $(cat "$WORK/join.log")"
"$server" renew --state "$S" 2>"$WORK/renew.err" && fail "a second renewal shuts clients out unasked"
grep -q 'a renewal is under way' "$WORK/renew.err" || fail "renew says: $(cat "$WORK/renew.err")"

say "== after it: neither"
stop server
sed -i 's/^until .*/until 1000/' "$S/token-old"
start_server
join "$link4" "$WORK/c4" && fail "a link from before the renewal is taken after the overlap"
grep -q 'did not take this link' "$WORK/join.log" || fail "join says: $(cat "$WORK/join.log")"
in_ns a timeout 30 "$client" run --state "$WORK/c3" --model constant >"$WORK/late.log" 2>&1 && fail "expired keys are taken"
grep -q 'answers but not as our server' "$WORK/late.log" || fail "tm-client says: $(cat "$WORK/late.log")"
start_client "$WORK/away"
stop client

say "== all out"
"$server" renew --state "$S" --overlap 0 2>"$WORK/renew.err" || fail "renew --overlap 0: $(cat "$WORK/renew.err")"
wait_for 10 "grep -q 'the keys were renewed' $WORK/server.log" || fail "the server did not notice"
in_ns a timeout 30 "$client" run --state "$WORK/away" --model constant >"$WORK/out.log" 2>&1 && fail "old keys are taken"
stop server
say "passed"
