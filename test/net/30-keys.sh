#!/bin/bash
# Keys and links: labels, QR codes, what waits, links used twice or expired, a revoked client, file modes, counted bytes.
#
#   +--------------------------------------------------------------------------+
#   | a   curl ─ SOCKS 127.0.0.1:1080 ─ tm-client ═══ 127.0.0.1:4433 tm-server ─ nginx 127.0.0.1:8080
#   |                                                     └─ strangers ─ nginx (it answers that this was no HTTP)
#   +--------------------------------------------------------------------------+
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need curl nginx
NS_a='' PID_server='' PID_client='' PID_curl='' # set by ns and start
server=$(program TM_SERVER) || exit 1
client=$(program TM_CLIENT) || exit 1
test_model=$(program TM_TEST_MODEL) || exit 1
learn=$(program TM_LEARN) || exit 1
S=$WORK/server
ns a

# expect STATUS 'PATTERN' NAME CMD...: runs CMD in the namespace; its exit status and one line on stderr that matches.
expect() {
    local status=$1 pattern=$2 name=$3 got=0
    shift 3
    in_ns a timeout 60 "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" || got=$?
    [ "$got" -eq "$status" ] || fail "$name: exit status $got, wanted $status: $(cat "$WORK/$name.err")"
    grep -qE -- "$pattern" "$WORK/$name.err" || fail "$name: no '$pattern' in: $(cat "$WORK/$name.err")"
    say "$name: $(grep -E -- "$pattern" "$WORK/$name.err" | head -n 1)"
}

start_server() {
    start server in_ns a "$server" run --state "$S" --allow 127.0.0.0/8 "$@"
    wait_for 10 "grep -q ^ready: $WORK/server.log || ! kill -0 $PID_server" || fail "tm-server is not ready"
    grep -q ^ready: "$WORK/server.log" || fail "tm-server: $(cat "$WORK/server.log")"
}

start_client() {
    start client in_ns a "$client" run --state "$WORK/c1" --model constant --users 8
    wait_for 20 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
    grep -q ^ready: "$WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
}

mkdir "$WORK/docs"
random_file "$WORK/docs/file" 20000
random_file "$WORK/docs/long" 5000000
start_nginx a 127.0.0.1:8080 "$WORK/docs"

say "== links: a label, a QR code when asked for, what waits"
in_ns a "$server" setup --state "$S" --listen 127.0.0.1:4433 --decoy 127.0.0.1:8080 --label anna@home \
    >"$WORK/link" 2>"$WORK/setup.err" || fail "setup: $(cat "$WORK/setup.err")"
[ "$(wc -l <"$WORK/link")" -eq 1 ] || fail "setup prints more than the link where no terminal is"
link=$(cat "$WORK/link")
expect 2 'label takes 1 to 40 letters' bad_label "$server" invite --state "$S" --label 'two words'
"$server" invite --state "$S" --label phone --expires 60s --qr >"$WORK/qr.out" 2>"$WORK/qr.err" || fail "invite --qr"
if grep -q 'prints no QR codes' "$WORK/qr.err"; then
    say "no QR codes in this build"
else
    [ "$(wc -l <"$WORK/qr.out")" -ge 25 ] || fail "no QR code: $(cat "$WORK/qr.out" "$WORK/qr.err")"
fi
"$server" invite --state "$S" --list >"$WORK/list" || fail "invite --list"
grep -qE '^[0-9a-f]{16} expires 20..-..-..T..:..:..Z label anna@home$' "$WORK/list" || fail "the list: $(cat "$WORK/list")"
[ "$(wc -l <"$WORK/list")" -eq 2 ] || fail "two wait: $(cat "$WORK/list")"
expired=$("$server" invite --state "$S" --label late 2>/dev/null) || fail "invite"
sed -i 's/^expires .*/expires 1000/' "$(grep -l '^label late' "$S"/invites/*)"
"$server" invite --state "$S" --list | grep -q ' expired 1970-01-01T00:16:40Z label late$' || fail "an expired one in the list"
"$server" revoke --state "$S" phone || fail "an invitation is withdrawn by its label"
[ "$("$server" invite --state "$S" --list | wc -l)" -eq 2 ] || fail "it is listed still"

say "== join, once; a page"
start_server
in_ns a "$client" join "$link" --state "$WORK/c1" >"$WORK/join.log" 2>&1 || fail "join: $(cat "$WORK/join.log")"
expect 1 'used before; get a new one' twice "$client" join "$link" --state "$WORK/c2"
expect 1 'the link has expired; get a new one' expired "$client" join "$expired" --state "$WORK/c2"
"$server" clients --state "$S" | grep -qE '^[0-9a-f]{16} joined 20[^ ]*Z seen never month 0 label anna@home$' ||
    fail "clients: $("$server" clients --state "$S")"
id=$("$server" clients --state "$S" | cut -d' ' -f1)
start_client
socks_get a 127.0.0.1:1080 http://127.0.0.1:8080/file "$WORK/got" --max-time 60 || fail "curl through SOCKS"
same_bytes "$WORK/docs/file" "$WORK/got"

say "== counted, also over a restart of the server"
stop client
stop server
month() {
    "$server" clients --state "$S" | sed -n "s/^$id joined .* seen 20[^ ]*Z month \([0-9]*\) label anna@home\$/\1/p"
}
first=$(month)
number_ok "$first" 20000 10000000 "bytes of the month"
[ "$(stat -c '%a' "$S/usage" "$S/usage/$id" | tr '\n' ' ')" = '700 600 ' ] || fail "modes of $S/usage"
start_server
start_client
stop client
stop server
number_ok "$(month)" $((first + 1000)) 10000000 "bytes of the month after a restart"

say "== files that others may read, or that belong to others"
chmod 640 "$S/clients/$id"
chmod 604 "$WORK/c1/server"
expect 1 'others may read it \(mode 604\); run: chmod 600 .*/c1/server' client_mode "$client" run --state "$WORK/c1" --model constant
expect 1 'others may read it \(mode 640\); run: chmod 600 .*/clients/' client_entry "$server" clients --state "$S"
chmod 600 "$S/clients/$id" "$WORK/c1/server"
chmod 644 "$S/token"
expect 1 'others may read it \(mode 644\); run: chmod 600 .*/token' token_mode "$server" run --state "$S"
chmod 600 "$S/token"
chown 12345 "$S/identity.pem"
expect 1 'belongs to another user \(uid 12345\).*run: chown 0 .*/identity.pem' owner "$server" run --state "$S"
chown 0 "$S/identity.pem"
chmod 750 "$WORK/c1"
expect 1 'others may enter it \(mode 750\); run: chmod 700 ' dir_mode "$client" run --state "$WORK/c1" --model constant
chmod 700 "$WORK/c1"

say "== a model that the client has not: fetched, checked, kept, played"
"$test_model" "$WORK/models.db" fast quick || fail "models"
"$test_model" "$WORK/others.db" ssh36 || fail "models"
start_server --models "$WORK/models.db"
start client in_ns a "$client" run --state "$WORK/c1" --models "$WORK/others.db" --model quick --log-schedule "$WORK/client.jsonl"
wait_for 30 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
grep -q 'ready: .*model quick,' "$WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
grep 'model quick: fetched from 127.0.0.1:4433, [0-9]* bytes, signed by it' "$WORK/client.log" || fail "not fetched"
socks_get a 127.0.0.1:1080 http://127.0.0.1:8080/file "$WORK/got" --max-time 60 || fail "curl under a fetched model"
same_bytes "$WORK/docs/file" "$WORK/got"
stop client
in_ns a "$client" models --state "$WORK/c1" --models "$WORK/others.db" >"$WORK/models.out" || fail "models --state"
digest=$(sed -n 's/^quick  *\([0-9a-f]*\) fetched$/\1/p' "$WORK/models.out")
[ -n "$digest" ] || fail "models --state says: $(cat "$WORK/models.out")"
grep -qE '^fast +[0-9a-f]{32} at the server$' "$WORK/models.out" || fail "models --state says: $(cat "$WORK/models.out")"
cmp "$WORK/c1/models/$digest" "$S/models/$digest" || fail "not the server's model"
"$client" models --model quick --models "$WORK/models.db" >"$WORK/card.there" || fail "the card of the server's"
in_ns a "$client" models --state "$WORK/c1" --model quick --models "$WORK/others.db" >"$WORK/card.here" || fail "the card of the fetched one"
cmp "$WORK/card.there" "$WORK/card.here" || fail "the cards differ"
say "model quick, digest $digest: fetched; its card is that of the server's"

say "== a model that was changed on disk is not played, but fetched again"
printf 'x' | dd of="$WORK/c1/models/$digest" bs=1 seek=5000 conv=notrunc status=none
start client in_ns a "$client" run --state "$WORK/c1" --models "$WORK/others.db" --model quick
wait_for 30 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
grep -q 'not signed by the server; it is fetched again' "$WORK/client.log" || fail "tm-client says: $(cat "$WORK/client.log")"
cmp "$WORK/c1/models/$digest" "$S/models/$digest" || fail "not mended"
stop client
stop server

say "== the server gets another model of that name: the client plays that from its next start on"
"$test_model" "$WORK/fast.db" fast || fail "models"
"$learn" export "$WORK/fast.db" | sed 's/"name": *"fast"/"name": "quick"/' | "$learn" import -q -o "$WORK/newer.db" - || fail "a model of the same name"
start_server --models "$WORK/newer.db"
start client in_ns a "$client" run --state "$WORK/c1" --models "$WORK/others.db" --model quick
wait_for 30 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
grep -q 'the server has other models than before: its own are played' "$WORK/client.log" || fail "tm-client says: $(cat "$WORK/client.log")"
[ "$(find "$WORK/c1/models" -type f | wc -l)" -eq 2 ] || fail "it was not fetched"
[ "$(find "$S/models" -type f | wc -l)" -eq 2 ] || fail "the server keeps what it plays no more"
stop client
expect 1 "the server has no model 'fast'; it has: quick, constant" gone "$client" run --state "$WORK/c1" --models "$WORK/others.db" --model fast
stop server

say "== revoked: the session ends at once, the client gets the decoy and says so"
start_server
start_client
start curl in_ns a curl -sS --socks5-hostname 127.0.0.1:1080 -o "$WORK/long" http://127.0.0.1:8080/long
to_web="ip netns exec $NS_a ss -Htn state established dport = :8080"
wait_for 20 "$to_web | grep -q ." || fail "no connection to the web server"
wait_for 20 "[ -s $WORK/long ]" || fail "no byte of the download"
"$server" revoke --state "$S" anna@home || fail "revoke by label"
wait_for 1 "! $to_web | grep -q ." || fail "its connection to the web server is there after a second"
say "the connection to the web server has ended"
wait_for 20 "grep -q 'answers but not as our server: this client was revoked or is unknown there' $WORK/client.log" ||
    fail "tm-client says: $(cat "$WORK/client.log")"
[ -e "$S/clients/$id" ] && fail "the client is kept"
kill -0 "$PID_curl" 2>/dev/null && stop curl
stop client
expect 1 'this client was revoked or is unknown there' revoked "$client" run --state "$WORK/c1" --model constant
expect 1 'there is no client or invitation' nobody "$server" revoke --state "$S" "$id"
stop server
[ ! -e "$S/usage/$id" ] || fail "what a revoked client used is kept"
say "passed"
