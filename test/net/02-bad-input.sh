#!/bin/bash
# Bad input: the exit status, and one line that says what to do.  Everything on the loopback of a namespace.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need python3 curl
PID_server='' PID_client='' # set by start
server=$(program TM_SERVER) || exit 1
client=$(program TM_CLIENT) || exit 1
S=$WORK/server
C=$WORK/client
ns a

# expect STATUS 'PATTERN' NAME CMD...: the exit status, and on stderr one line (but for log lines) that matches.
expect() {
    local status=$1 pattern=$2 name=$3 got=0 lines
    shift 3
    in_ns a timeout 60 "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" || got=$?
    [ "$got" -eq "$status" ] || fail "$name: exit status $got, wanted $status: $(cat "$WORK/$name.err")"
    lines=$(grep -c '^tm-' "$WORK/$name.err")
    [ "$lines" -eq 1 ] || fail "$name: $lines lines on stderr: $(cat "$WORK/$name.err")"
    grep -qE -- "^tm-(client|server): .*($pattern)" "$WORK/$name.err" ||
        fail "$name: no '$pattern' in: $(cat "$WORK/$name.err")"
    say "$name: $(grep '^tm-' "$WORK/$name.err")"
}

# database FILE APPLICATION_ID USER_VERSION: an sqlite file with a header like ours.
database() {
    python3 - "$@" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("create table t (x)")
db.execute(f"pragma application_id = {int(sys.argv[2], 0)}")
db.execute(f"pragma user_version = {sys.argv[3]}")
db.commit()
PY
}

# socks_reply HOST PORT [timeout]: the reply code (RFC 1928 sec. 6) of a CONNECT by name or address.
socks_reply() {
    in_ns a python3 - "$@" <<'PY'
import ipaddress, socket, struct, sys
host, port = sys.argv[1], int(sys.argv[2])
s = socket.create_connection(("127.0.0.1", 1080), 30)
s.settimeout(30)
s.sendall(b"\5\1\0")
assert s.recv(2) == b"\5\0"
try:
    a = ipaddress.ip_address(host)
    address = (b"\1" if a.version == 4 else b"\4") + a.packed
except ValueError:
    address = b"\3" + bytes([len(host)]) + host.encode()
s.sendall(b"\5\1\0" + address + struct.pack(">H", port))
reply = s.recv(4)
print(reply[1] if len(reply) >= 2 else "closed")
PY
}

say "== wrong usage: 2"
expect 2 'no command given; try: tm-server --help' no_command "$server"
expect 2 "unknown command 'fly'; try: tm-client --help" unknown_command "$client" fly
expect 2 'unknown option --fly; try: tm-client run --help' unknown_option "$client" run --fly
expect 2 '--state needs a value: DIR' no_state "$client" run --state
expect 2 '--listen ADDR:PORT is required' no_listen "$server" setup --state "$S"
expect 2 'has no port; write HOST:PORT' no_port "$server" setup --state "$S" --listen 127.0.0.1
expect 2 'no address that clients can dial: add --public HOST:PORT' wildcard "$server" setup --state "$S" --listen '*:1'
expect 2 'write a number and a unit' no_unit "$client" run --state "$C" --model constant --pace 10
expect 2 'this is no link .*get one: tm-server invite' no_link "$client" join http://example.org --state "$C"
expect 2 'must be from 1 to 1024' too_many_users "$client" run --state "$C" --model constant --users 2000
[ ! -e "$S" ] || fail "wrong usage made $S"
for p in "$server" "$client"; do
    for c in "" $("$p" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
        # shellcheck disable=SC2086  # no command is no word
        "$p" $c --help >"$WORK/help.out" 2>"$WORK/help.err" || fail "${p##*/} $c --help"
        [ -s "$WORK/help.out" ] || fail "${p##*/} $c --help prints nothing"
        [ ! -s "$WORK/help.err" ] || fail "${p##*/} $c --help writes to stderr"
    done
done

say "== state: 1"
expect 1 'holds no server; make one: tm-server setup' server_state_missing "$server" run --state "$S"
expect 1 'enrol first: tm-client join LINK' client_state_missing "$client" run --state "$C" --model constant
in_ns a "$server" setup --state "$S" --listen 127.0.0.1:4433 >"$WORK/link" 2>/dev/null || fail "setup"
expect 1 'already holds a server' setup_twice "$server" setup --state "$S" --listen 127.0.0.1:4433
chmod 755 "$S"
expect 1 'run: chmod 700' server_dir_open "$server" run --state "$S"
chmod 700 "$S"
chmod 640 "$S/identity.pem"
expect 1 'run: chmod 600' server_key_open "$server" run --state "$S"
chmod 600 "$S/identity.pem"
cp -p "$S/token" "$WORK/token"
head -c 50 "$WORK/token" >"$S/token"
expect 1 'damaged; restore it from a backup' server_token_cut "$server" run --state "$S"
cp -p "$WORK/token" "$S/token"
cp -p "$S/config" "$WORK/config"
echo 'speed = fast' >>"$S/config"
expect 1 "config:3: unknown option 'speed'" server_config "$server" run --state "$S"
cp -p "$WORK/config" "$S/config"
expect 2 '--deny .*is no rule' bad_rule "$server" run --state "$S" --deny 10.0.0.0/99
expect 2 '--permit-listen .*is no rule' bad_permit "$server" run --state "$S" --permit-listen somewhere
expect 2 '--allow-unix .*begins with /' bad_unix "$server" run --state "$S" --allow-unix run/app
echo 'allow = 10.0.0.0/8:http' >>"$S/config"
expect 2 "--allow '10.0.0.0/8:http' is no rule" bad_allow_in_config "$server" run --state "$S"
cp -p "$WORK/config" "$S/config"

say "== model databases: 1"
echo "not a database" >"$WORK/text.db"
database "$WORK/foreign.db" 0x12345678 1
database "$WORK/newer.db" 0x544d4d31 99
: >"$WORK/empty.db"
expect 1 'no such file' models_missing "$server" run --state "$S" --models "$WORK/none.db"
expect 1 'not a model database' models_text "$server" run --state "$S" --models "$WORK/text.db"
expect 1 'foreign.db: ' models_foreign "$server" run --state "$S" --models "$WORK/foreign.db"
expect 1 'newer.db: ' models_newer "$server" run --state "$S" --models "$WORK/newer.db"
expect 1 'empty.db: ' models_empty "$server" run --state "$S" --models "$WORK/empty.db"

say "== ports and addresses: 1"
start server in_ns a "$server" run --state "$S" --allow 127.0.0.0/8 --deny 127.0.0.2 --allow 192.0.2.1
wait_for 10 "grep -q ^ready: $WORK/server.log || ! kill -0 $PID_server" || fail "tm-server is not ready"
expect 1 'cannot listen on 127.0.0.1:4433: Address already in use; stop the program that has it' port_in_use \
    "$server" run --state "$S"
expect 1 'cannot listen on 192.0.2.1:4433: .*no such address' not_our_address \
    "$server" run --state "$S" --listen 192.0.2.1:4433
in_ns a "$client" join "$(cat "$WORK/link")" --state "$C" >"$WORK/join.log" 2>&1 || fail "join: $(cat "$WORK/join.log")"

say "== the client's state and models: 1"
expect 1 "no .*'nosuch'|nosuch" model_missing "$client" run --state "$C" --model nosuch
expect 1 'not a model database' client_models_text "$client" run --state "$C" --model m --models "$WORK/text.db"
cp -p "$C/server" "$WORK/state"
sed -i 's/^model constant .*/model constant 00112233445566778899aabbccddeeff/' "$C/server"
start client in_ns a "$client" run --state "$C" --model constant
wait_for 20 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
cmp "$C/server" "$WORK/state" || fail "what the server has was not asked again"
stop client
sed -i 's/^trafficmimic-client 1/trafficmimic-client 2/' "$C/server"
expect 1 'another version of this program' client_state_newer "$client" run --state "$C" --model constant
head -c 200 "$WORK/state" >"$C/server"
expect 1 'join again with a new link' client_state_cut "$client" run --state "$C" --model constant
cp -p "$WORK/state" "$C/server"
chmod 644 "$C/server"
expect 1 'run: chmod 600' client_state_open "$client" run --state "$C" --model constant
chmod 600 "$C/server"
expect 1 'cannot write .*/nowhere/log' log_file "$client" run --state "$C" --model constant --log-schedule "$WORK/nowhere/log"
expect 1 'cannot listen on 127.0.0.1:4433: .*already in use.*choose another --socks' socks_in_use \
    "$client" run --state "$C" --model constant --socks 127.0.0.1:4433

say "== garbage to the server gets no answer, and the server lives"
in_ns a python3 - <<'PY' || fail "the server answered garbage"
import os, socket
for data in (b"GET / HTTP/1.0\r\n\r\n", os.urandom(2000), b"\x16\x03\x01\x02\x00\x01"):
    s = socket.create_connection(("127.0.0.1", 4433), 10)
    s.settimeout(30)
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    try:
        assert s.recv(1) == b"", "an answer"
    except ConnectionResetError:
        pass
PY
kill -0 "$PID_server" || fail "the server died"

say "== destinations: RFC 1928 reply codes"
start client in_ns a "$client" run --state "$C" --model constant
wait_for 20 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
grep -q ^ready: "$WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
[ "$(socks_reply 127.0.0.1 9)" = 5 ] || fail "a refused destination is not reply 05"
[ "$(socks_reply nosuch.invalid 80)" = 4 ] || fail "an unresolvable destination is not reply 04"
[ "$(socks_reply 127.0.0.2 80)" = 2 ] || fail "a denied destination is not reply 02"
[ "$(socks_reply 192.0.2.1 80)" = 3 ] || fail "an unreachable network is not reply 03"
[ "$(socks_reply 127.0.0.1 4433)" = 0 ] || fail "a good destination is not reply 00"
stop client

say "== the server goes away"
stop server
expect 1 'cannot reach 127.0.0.1:4433: .*check that tm-server runs there' server_down \
    "$client" run --state "$C" --model constant
say "passed"
