#!/bin/bash
# A client enrols and its first session carries a file; what links, pins, expiry and revocation do.
#
#   +--------------------------------------------------------------------------+
#   | a   curl ─ SOCKS 127.0.0.1:1080 ─ tm-client ═══ 127.0.0.1:4433 tm-server ─ nginx 127.0.0.1:8080
#   +--------------------------------------------------------------------------+
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need curl nginx python3
PID_server='' PID_client='' PID_client2='' # set by start
server=$(program TM_SERVER) || exit 1
client=$(program TM_CLIENT) || exit 1
S=$WORK/server
ns a

# expect STATUS 'PATTERN' NAME CMD...: runs CMD in the namespace; its exit status and one line on stderr that
# matches.
expect() {
    local status=$1 pattern=$2 name=$3 got=0
    shift 3
    in_ns a timeout 60 "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" || got=$?
    [ "$got" -eq "$status" ] || fail "$name: exit status $got, wanted $status: $(cat "$WORK/$name.err")"
    grep -qE -- "$pattern" "$WORK/$name.err" || fail "$name: no '$pattern' in: $(cat "$WORK/$name.err")"
    say "$name: $(grep -E -- "$pattern" "$WORK/$name.err" | head -n 1)"
}

start_server() {
    rm -f "$WORK/server.log" # or the old "ready" would be found
    start server in_ns a "$server" run --state "$S" --allow 127.0.0.0/8 --allow ::1 --summary-json "$WORK/server.json"
    wait_for 10 "grep -q ^ready: $WORK/server.log || ! kill -0 $PID_server" || fail "tm-server is not ready"
    grep -q ^ready: "$WORK/server.log" || fail "tm-server: $(cat "$WORK/server.log")"
}

# wrong_pin LINK: the link with another pin, with a correct checksum.
wrong_pin() {
    python3 - "$1" <<'PY'
import base64, sys, zlib
head, data = sys.argv[1].rsplit("/", 1)
raw = bytearray(base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)))[:-4]
address = head[len("tm://"):].encode()
raw[5] ^= 1  # version(1) | server_pin(32)
raw += zlib.crc32(address + bytes(raw)).to_bytes(4, "big")
print(head + "/" + base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))
PY
}

# ends_with_0 NAME: SIGTERM ends what `start NAME` began with exit status 0 (sanitizers included).
ends_with_0() {
    local v=PID_$1
    kill -TERM "${!v}" || fail "$1 had ended before: $(cat "$WORK/$1.log")"
    wait "${!v}" || fail "$1 ended with status $?: $(cat "$WORK/$1.log")"
}

say "== setup and join"
in_ns a "$server" setup --state "$S" --listen 127.0.0.1:4433 --name www.example.org >"$WORK/link" 2>"$WORK/setup.err" ||
    fail "setup: $(cat "$WORK/setup.err")"
[ "$(wc -l <"$WORK/link")" -eq 1 ] || fail "setup prints more than the link"
link=$(cat "$WORK/link")
expect 1 'cannot reach 127.0.0.1:4433: .*check that tm-server runs there' unreachable \
    "$client" join "$link" --state "$WORK/c0"
start_server
in_ns a "$client" join "$link" --state "$WORK/c1" >"$WORK/join.log" 2>&1 || fail "join: $(cat "$WORK/join.log")"
# No --models: those of the build directory, and constant.
grep -q '^joined 127.0.0.1:4433; models: .*https-captured, .*constant$' "$WORK/join.log" || fail "join says: $(cat "$WORK/join.log")"
[ "$(stat -c '%a %a' "$WORK/c1" "$WORK/c1/server" | tr '\n' ' ')" = '700 700 600 600 ' ] || fail "modes of $WORK/c1"
[ "$("$server" clients --state "$S" | wc -l)" -eq 1 ] || fail "clients does not list one"
id=$("$server" clients --state "$S" | cut -d' ' -f1)
grep -q "^client $id\$" "$WORK/c1/server" || fail "the client does not know its id"
[ "$(sed -n 's/^secret //p' "$WORK/c1/server")" = "$(sed -n 's/^secret //p' "$S/clients/$id")" ] ||
    fail "the secrets differ"
grep -rq "$(sed -n 's/^secret //p' "$WORK/c1/server")" "$WORK"/*.log && fail "a secret in a log"

say "== a link is used once, also after a restart"
expect 1 'used before; get a new one: tm-server invite' used "$client" join "$link" --state "$WORK/c2"
expect 1 'enrolled already .*choose another --state' again "$client" join "$link" --state "$WORK/c1"
stop server
start_server
expect 1 'used before; get a new one: tm-server invite' used_after_restart \
    "$client" join "$link" --state "$WORK/c2"
[ "$("$server" clients --state "$S" | wc -l)" -eq 1 ] || fail "a used link made a client"

say "== expired, wrong pin, never issued, damaged"
link=$("$server" invite --state "$S" 2>/dev/null) || fail "invite"
for f in "$S"/invites/*; do
    case $f in *.used) ;; *) sed -i 's/^expires .*/expires 1000/' "$f" ;; esac
done
expect 1 'the link has expired; get a new one: tm-server invite' expired "$client" join "$link" --state "$WORK/c2"
link=$("$server" invite --state "$S" 2>/dev/null) || fail "invite"
expect 1 'wrong pin.*get a new one in a safe way' wrong_pin "$client" join "$(wrong_pin "$link")" --state "$WORK/c2"
link=$("$server" invite --state "$S" 2>/dev/null) || fail "invite"
for f in "$S"/invites/*; do
    case $f in *.used) ;; *) rm "$f" ;; esac
done
expect 1 'did not take this link.*get a new link: tm-server invite' never_issued \
    "$client" join "$link" --state "$WORK/c2"
expect 1 'link: mistyped or cut off.*copy it again' damaged "$client" join "${link%???}" --state "$WORK/c2"
[ ! -e "$WORK/c2/server" ] || fail "a failed join left $WORK/c2/server"

say "== names that do not resolve, servers that do not answer"
link=$("$server" invite --state "$S" --public nosuch.invalid:443 2>/dev/null) || fail "invite"
expect 1 "cannot resolve 'nosuch.invalid'.*check the name" unresolvable "$client" join "$link" --state "$WORK/c2"
# shellcheck disable=SC2034  # PID_silent is for the trap
start silent in_ns a python3 -c 'import socket, time
s = socket.create_server(("127.0.0.1", 7000)); print("ready", flush=True)
c = []
while True: c.append(s.accept())'
wait_for 10 "grep -q ready $WORK/silent.log" || fail "the silent server"
link=$("$server" invite --state "$S" --public 127.0.0.1:7000 2>/dev/null) || fail "invite"
expect 1 '127.0.0.1:7000' silent_server "$client" join "$link" --state "$WORK/c2"

say "== another server behind the address"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 20000
start_nginx a 127.0.0.1:8080 "$WORK/docs"
"$server" setup --state "$WORK/other" --listen 127.0.0.1:8080 >"$WORK/other.link" 2>/dev/null || fail "setup of another"
expect 1 'did not take this link' foreign "$client" join "$(cat "$WORK/other.link")" --state "$WORK/c2"

say "== a session"
start client in_ns a "$client" run --state "$WORK/c1" --model constant --users 8 -L 8081:localhost:8080 \
    --summary-json "$WORK/client.json"
wait_for 20 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
grep -q '^ready: socks5 on 127.0.0.1:1080, model constant, 8 users, client is master' "$WORK/client.log" ||
    fail "tm-client says: $(cat "$WORK/client.log")"
socks_get a 127.0.0.1:1080 http://127.0.0.1:8080/file "$WORK/got" --max-time 60 || fail "curl through SOCKS"
same_bytes "$WORK/docs/file" "$WORK/got"
in_ns a curl -sS --fail --max-time 60 -o "$WORK/got2" http://127.0.0.1:8081/file || fail "curl through -L"
same_bytes "$WORK/docs/file" "$WORK/got2"
kill -USR1 "$PID_client" "$PID_server"
wait_for 5 "grep -q 'summary: wire' $WORK/client.log && grep -q 'summary: wire' $WORK/server.log" ||
    fail "no statistics after SIGUSR1"
ends_with_0 client
grep '^summary: ' "$WORK/client.log" || fail "no summary"

say "== revocation ends the session of a running server"
start client2 in_ns a "$client" run --state "$WORK/c1" --model constant --users 1
wait_for 20 "grep -q ^ready: $WORK/client2.log || ! kill -0 $PID_client2" || fail "tm-client is not ready again"
"$server" revoke --state "$S" "$id" || fail "revoke"
wait_for 5 "grep -q 'client $id was revoked' $WORK/server.log" || fail "the server did not notice"
"$server" clients --state "$S" | grep -q "^$id" && fail "a revoked client is listed"
ends_with_0 client2
expect 1 'answers but not as our server.*join again with a new link' revoked \
    "$client" run --state "$WORK/c1" --model constant

say "== the numbers of both ends agree"
ends_with_0 server
say "$(grep '^summary: ' "$WORK/server.log" | tail -n 1)"
python3 - "$WORK/client.json" "$WORK/server.json" <<'PY' || fail "the summaries"
import json, sys
c, s = (json.load(open(f)) for f in sys.argv[1:])
assert c["schema_version"] == s["schema_version"] == 1
assert c["payload_rx_bytes"] >= 40000, c
assert 0 < c["useful_share"] < 1, c
assert c["wire_rx_bytes"] > c["payload_rx_bytes"] and c["carriers_opened"] >= 8, c
# The server also served joins and the revoked session.
assert s["payload_tx_bytes"] >= c["payload_rx_bytes"], (c, s)
assert s["wire_tx_bytes"] >= c["wire_rx_bytes"], (c, s)
assert s["sessions_begun"] >= 2 and s["refused"] >= 1, s
print("client", c["wire_rx_bytes"], "B received, server", s["wire_tx_bytes"], "B sent")
PY
say "passed"
