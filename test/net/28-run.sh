#!/bin/bash
# Running it: config files, paths that nobody has to name, links that stand on no command line, SIGHUP, an orderly end, systemd's
# notifications and sockets, full disks and too few files.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 setpriv prlimit
client=$(program TM_CLIENT) || exit 1
server=$(program TM_SERVER) || exit 1
PID_client='' PID_get='' # set by start

path
"$(program TM_TEST_MODEL)" "$MODELS" short || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/page" 2000000
start_nginx w 10.8.0.2:80 "$WORK/docs"

# expect STATUS 'PATTERN' CMD...: the exit status, and a line on standard error or output that matches.
expect() {
    local status=$1 pattern=$2 got=0
    shift 2
    timeout 60 "$@" >"$WORK/said" 2>&1 || got=$?
    [ "$got" -eq "$status" ] || fail "${*:1:6}: exit status $got, wanted $status: $(cat "$WORK/said")"
    grep -qE -- "$pattern" "$WORK/said" || fail "${*:1:6}: no '$pattern' in: $(cat "$WORK/said")"
}

MARK=0 # lines of a log that do not count any more

# says NAME 'PATTERN': within ten seconds, in the log of what `start NAME` began.  No quotes in the pattern.
says() {
    wait_for 10 "tail -n +$((MARK + 1)) $WORK/$1.log | grep -qE -- '$2'" || fail "$1 does not say '$2': $(cat "$WORK/$1.log")"
}

# hup NAME 'PATTERN': a SIGHUP, and what is said of it.
hup() {
    local pid=PID_$1
    MARK=$(wc -l <"$WORK/$1.log")
    kill -HUP "${!pid}"
    says "$1" "$2"
    MARK=0
}

say "== a client that names nothing: XDG paths, the link from standard input"
in_ns s "$server" setup --state "$SERVER_STATE" --listen "$SERVER" --models "$MODELS" >"$WORK/link" 2>/dev/null || fail "setup"
start_server server
mkdir -p "$WORK/home"
chown 65534:65534 "$WORK/home"
chmod 755 "$WORK" # for the user nobody
as_user=(ip netns exec "$(ns_of c)" setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_STATE_HOME -u XDG_CONFIG_HOME HOME="$WORK/home")
timeout 60 "${as_user[@]}" "$client" join --link-file - <"$WORK/link" >"$WORK/said" 2>&1 || fail "join: $(cat "$WORK/said")"
CLIENT_STATE=$WORK/home/.local/state/trafficmimic/client
[ "$(stat -c '%a %u' "$CLIENT_STATE")" = "700 65534" ] || fail "the state directory: $(stat -c '%a %u' "$CLIENT_STATE")"
mkdir -p "$WORK/home/.config/trafficmimic"
CONF=$WORK/home/.config/trafficmimic/client.conf
cat >"$CONF" <<CONF
# what is typed once
models = $MODELS
model = short
users = 3
forward = 8080:10.8.0.2:80
on-demand = no
CONF
expect 0 "^ok: $CONF\$" "${as_user[@]}" "$client" run --check-config
expect 0 '^users = 3$' "${as_user[@]}" "$client" run --print-config
expect 1 'enrol first' "${as_user[@]}" env HOME=/nonexistent "$client" run

say "== a config with typos: file, line, and what was meant"
cp "$CONF" "$WORK/good"
printf 'modle = short\nsoks = 1.2.3.4:1\nprep = fast\n' >>"$CONF"
expect 1 "$CONF:7: unknown option 'modle' \(did you mean 'model'\?\) \(and 2 more: --check-config\)\$" "${as_user[@]}" "$client" run
[ "$(wc -l <"$WORK/said")" -eq 1 ] || fail "more than a line: $(cat "$WORK/said")"
expect 1 "$CONF:8: unknown option 'soks' \(did you mean 'socks'\?\)" "${as_user[@]}" "$client" run --check-config
grep -q "$CONF:9: prep: 'fast' is no time" "$WORK/said" || fail "the third is not told: $(cat "$WORK/said")"
cp "$WORK/good" "$CONF"
expect 2 "unknown option --presett \(did you mean '--preset'\?\)" "${as_user[@]}" "$client" run --presett
expect 2 "unknown command 'joyn' \(did you mean 'join'\?\)" "${as_user[@]}" "$client" joyn
echo 'cgroup = /c' >>"$CONF"
expect 2 "\($CONF:7: cgroup\)" "${as_user[@]}" "$client" run --check-config
cp "$WORK/good" "$CONF"
expect 1 'none.conf: No such file' "${as_user[@]}" "$client" run --config "$WORK/none.conf"
chmod 666 "$CONF"
expect 1 'others may write it' "${as_user[@]}" "$client" run
chmod 644 "$CONF"
echo 'alow = 10.0.0.0/8' >>"$SERVER_STATE/config"
expect 1 "$SERVER_STATE/config:4: unknown option 'alow' \(did you mean 'allow'\?\)" "$server" run --state "$SERVER_STATE" --check-config
expect 1 "$SERVER_STATE/config:4: " "$server" invite --state "$SERVER_STATE" --public h:1
sed -i '$d' "$SERVER_STATE/config"
expect 0 '^ok: ' "$server" run --state "$SERVER_STATE" --check-config
expect 2 "is no rule" "$server" run --state "$SERVER_STATE" --check-config --deny 10.0.0.0/99
ends_with_0 server

say "== what systemd hears, and the config again"
echo 'allow = 10.0.0.0/8' >>"$SERVER_STATE/config"
# python: systemd's end of NOTIFY_SOCKET; each message a line.
cat >"$WORK/hears.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
import os
os.chmod(sys.argv[1], 0o777)
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)
PY
start hears python3 "$WORK/hears.py" "$WORK/notify"
says hears '^bound'
start server ip netns exec "$(ns_of s)" env NOTIFY_SOCKET="$WORK/notify" WATCHDOG_USEC=400000 "$server" run --state "$SERVER_STATE"
says server '^ready: '
says hears '^READY=1'
says hears '^WATCHDOG=1'
start client "${as_user[@]}" NOTIFY_SOCKET="$WORK/notify" "$client" run
says client '^ready: socks5 on 127.0.0.1:1080, model short, 3 users, .*, 1 forwards'
says hears '^STATUS=in control: short'
[ "$(grep -c '^READY=1' "$WORK/hears.log")" -eq 2 ] || fail "who is ready: $(cat "$WORK/hears.log")"
start get in_ns c curl -sS --fail --noproxy '' --max-time 60 --limit-rate 300k -o "$WORK/got" http://127.0.0.1:8080/page
wait_for 20 "[ -s $WORK/got ]" || fail "no download through the forward"
printf 'forward = 8081:10.8.0.2:80\nverbose = yes\nusers = 3\nprep = 5ms\n' >"$WORK/more"
grep -v -e '^forward' -e '^users' "$WORK/good" | cat - "$WORK/more" >"$CONF"
hup client 'Z the config was read again: changed: forward, verbose; after a restart: prep$'
says hears '^RELOADING=1 MONOTONIC_USEC=[0-9]+$'
in_ns c curl -sS --fail --noproxy '' --max-time 20 -r 0-99 -o "$WORK/part" http://127.0.0.1:8081/page || fail "the new forward"
in_ns c curl -s --noproxy '' --max-time 5 -o /dev/null http://127.0.0.1:8080/page && fail "the old forward is open"
sed -i 's/^forward.*/forward = 8081:10.8.0.2:81/' "$CONF"
hup client 'changed: forward; after a restart: prep$'
in_ns c curl -s --noproxy '' --max-time 20 -o /dev/null http://127.0.0.1:8081/page && fail "the forward leads where it did"
echo 'forward = 1080:10.8.0.2:80' >>"$CONF"
hup client 'error: the config was read again and is not taken, all stays as it is: cannot listen on 127.0.0.1:1080'
echo 'bogus = 1' >>"$CONF"
hup client "is not taken, all stays as it is: $CONF:[0-9]*: unknown option .bogus"
echo 'deny = 10.8.0.0/24' >>"$SERVER_STATE/config"
hup server 'changed: deny$'
wait "$PID_get" || fail "the download did not outlive the changes: $(cat "$WORK/get.log")"
same_bytes "$WORK/docs/page" "$WORK/got"
in_ns c curl -s --noproxy '' --max-time 20 -o /dev/null --socks5-hostname "$SOCKS" http://10.8.0.2/page && fail "the server lets it through"
cp "$SERVER_STATE/config" "$WORK/config"
echo 'decoy = www.example.org:80' >>"$SERVER_STATE/config"
hup server 'is not taken.*decoy www.example.org:80: while the server runs, write its address'
grep -v -e deny "$WORK/config" >"$SERVER_STATE/config"
hup server 'changed: deny$'

say "== an orderly end"
cp "$WORK/good" "$CONF"
hup client 'changed: '
start get in_ns c curl -sS --fail --noproxy '' --max-time 60 --limit-rate 100k -o "$WORK/got2" http://127.0.0.1:8080/page
wait_for 20 "[ -s $WORK/got2 ]" || fail "no second download"
wait_for 10 "[ \$(ip netns exec $(ns_of w) ss -Htn 'sport = :80' | grep -c ESTAB) -eq 1 ]" || fail "who is connected to the web server?"
kill -TERM "$PID_client"
# The server, which goes on, is told: the destination's end is closed, not left for a day.
wait_for 5 "! ip netns exec $(ns_of w) ss -Htn 'sport = :80' | grep -q ESTAB" || fail "the server was not told of the end"
wait_for 5 "! kill -0 $PID_client" || fail "the client does not end"
wait "$PID_client" || fail "the client ended with a failure: $(cat "$WORK/client.log")"
says hears '^STOPPING=1'
wait "$PID_get" && fail "a download outlived the client"
start client "${as_user[@]}" "$client" run --drain 1m
says client '^ready: '
start get in_ns c curl -sS --fail --noproxy '' --max-time 60 --limit-rate 700k -o "$WORK/got3" http://127.0.0.1:8080/page
wait_for 20 "[ -s $WORK/got3 ]" || fail "no third download"
kill -TERM "$PID_client"
says client 'waiting up to 1m for 1 open connections'
wait_for 5 "! in_ns c ss -Hltn 'sport = :1080' | grep -q LISTEN" || fail "it still listens"
wait "$PID_get" || fail "the download was cut off: $(cat "$WORK/get.log")"
same_bytes "$WORK/docs/page" "$WORK/got3"
wait_for 5 "! kill -0 $PID_client" || fail "the client does not end when its last connection has"
wait "$PID_client" || fail "the client ended with a failure: $(cat "$WORK/client.log")"
start client "${as_user[@]}" "$client" run --drain 1m
says client '^ready: '
start get in_ns c curl -sS --fail --noproxy '' --max-time 60 --limit-rate 50k -o "$WORK/got4" http://127.0.0.1:8080/page
wait_for 20 "[ -s $WORK/got4 ]" || fail "no fourth download"
kill -TERM "$PID_client"
says client 'waiting up to 1m'
kill -TERM "$PID_client"
wait_for 2 "! kill -0 $PID_client" || fail "a second signal does not end it"
wait "$PID_get" && fail "a download outlived the client"
ends_with_0 server

say "== sockets that were opened beforehand"
cat >"$WORK/hand.py" <<'PY'
import os, socket, sys
host, port = sys.argv[1].rsplit(":", 1)
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((host, int(port)))
if sys.argv[2] == "listen":
    s.listen(100)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="x")
os.execvp(sys.argv[3], sys.argv[3:])
PY
sed -i '/^listen/d' "$SERVER_STATE/config"
expect 2 'listen ADDR:PORT is required' ip netns exec "$(ns_of s)" "$server" run --state "$SERVER_STATE"
expect 1 'socket 1 that was handed over \(LISTEN_FDS\) is no TCP socket that listens' ip netns exec "$(ns_of s)" \
    python3 "$WORK/hand.py" "$SERVER" no "$server" run --state "$SERVER_STATE"
start server in_ns s python3 "$WORK/hand.py" "$SERVER" listen "$server" run --state "$SERVER_STATE"
says server '^ready: listening on 1 socket of systemd, port 4433, '
start client ip netns exec "$(ns_of c)" env HOME="$WORK/none" XDG_CONFIG_HOME="$WORK/home/.config" python3 "$WORK/hand.py" 127.0.0.1:1085 listen \
    setpriv --reuid 65534 --regid 65534 --clear-groups "$client" run --state "$CLIENT_STATE"
says client '^ready: socks5 on 1 socket of systemd, port 1085, '
in_ns c curl -sS --fail --noproxy '' --max-time 20 -r 0-999 -o "$WORK/part" --socks5-hostname 127.0.0.1:1085 http://10.8.0.2/page ||
    fail "nothing through a socket that was handed over"
ends_with_0 client

say "== too few files"
start client ip netns exec "$(ns_of c)" prlimit --nofile=60:60 setpriv --reuid 65534 --regid 65534 --clear-groups env \
    XDG_CONFIG_HOME="$WORK/home/.config" "$client" run --state "$CLIENT_STATE" --model short --socks-reply early
says client '^ready: '
grep -q 'only 60 files may be open, and [0-9]* may be needed' "$WORK/client.log" || fail "it is not said: $(cat "$WORK/client.log")"
in_ns c python3 - <<'PY' || fail "beyond the limit"
import socket
held = []
for i in range(100):
    s = socket.create_connection(("127.0.0.1", 1080), 10)
    held.append(s)
PY
wait_for 20 "ip netns exec $(ns_of c) curl -sS --fail --noproxy '' --max-time 20 -r 0-999 -o $WORK/part --socks5-hostname $SOCKS http://10.8.0.2/page" ||
    fail "it does not recover from too few files: $(cat "$WORK/client.log")"
ends_with_0 client

say "== a full disk"
in_ns s "$server" invite --state "$SERVER_STATE" --public "$SERVER" >"$WORK/link" 2>/dev/null || fail "invite"
mkdir "$WORK/full"
cat >"$WORK/full.sh" <<'SH'
mount -t tmpfs -o size=16k tmpfs "$1" && mkdir -m 700 "$1/state" || exit 99
head -c 65536 /dev/zero >"$1/fill" 2>/dev/null
"$2" join --link-file "$3" --state "$1/state"
SH
expect 1 'cannot write .*/full/state/.*No space left on device' ip netns exec "$(ns_of c)" unshare -m sh "$WORK/full.sh" "$WORK/full" "$client" "$WORK/link"
in_ns c timeout 60 "$client" join --link-file "$WORK/link" --state "$WORK/after" >"$WORK/said" 2>&1 ||
    fail "the link was used up for nothing: $(cat "$WORK/said")"
ends_with_0 server

say "== root: /var/lib, and the directory of a service's user"
cat >"$WORK/root.sh" <<'SH'
set -e
mount -t tmpfs tmpfs /var/lib
unset STATE_DIRECTORY
"$1" setup --listen 127.0.0.1:443 >/dev/null 2>&1
stat -c '%a %n' /var/lib/trafficmimic /var/lib/trafficmimic/server
chown -R 65534:65534 /var/lib/trafficmimic/server
"$1" invite 2>/dev/null | cut -c 1-5
stat -c '%u' /var/lib/trafficmimic/server/invites/* | sort -u
SH
expect 0 '^755 /var/lib/trafficmimic$' unshare -m sh "$WORK/root.sh" "$server"
grep -q '^700 /var/lib/trafficmimic/server$' "$WORK/said" || fail "the state directory: $(cat "$WORK/said")"
[ "$(tail -n 2 "$WORK/said" | paste -sd ' ')" = "tm:// 65534" ] || fail "root's invitation: $(cat "$WORK/said")"
say "passed"
