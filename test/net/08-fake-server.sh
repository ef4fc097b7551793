#!/bin/bash
# Something else at the server's address: garbage, a closed door, half an answer and then nothing, silence, a real web
# server.  tm-client says so in one line and ends with status 1, and nothing but hellos has left, although an
# application was waiting with its data.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need nginx python3 openssl tcpdump
here=${0%/*}
client=$(program TM_CLIENT) || exit 1
PID_client='' # set by start

path
"$(program TM_TEST_MODEL)" "$MODELS" ssh36 || fail "models"
mkdir "$WORK/docs"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/key.pem" -out "$WORK/cert.pem" -days 2 \
    -subj /CN=www.example.org 2>"$WORK/openssl.err" || fail "openssl: $(cat "$WORK/openssl.err")"
enrol --name www.example.org

# An application that tries until the proxy is there, and then sends without waiting for answers.
cat >"$WORK/app.py" <<'PY'
import socket, time
print("ready", flush=True)
until = time.monotonic() + 60
while time.monotonic() < until:
    try:
        with socket.create_connection(("127.0.0.1", 1080)) as s:
            s.sendall(b"\5\1\0" + b"\5\1\0\1\x0a\x08\0\2\0\x50" + b"SECRET" * 2000)
            while s.recv(100):
                print("sent", flush=True)
    except OSError:
        pass
    time.sleep(0.002)
PY

# The largest number of payload bytes that a connection sent up, and how many connections there were.
most_up() {
    tcpdump -n -S -r "$1" 'tcp dst port 4433' 2>/dev/null | python3 -c '
import re, sys
first, sent = {}, {}
for line in sys.stdin:
    port = re.search(r"IP [\d.]+\.(\d+) >", line)[1]
    if m := re.search(r"Flags \[S\], seq (\d+)", line):
        first[port], sent[port] = int(m[1]) + 1, 0
    elif m := re.search(r"seq \d+:(\d+),", line):
        sent[port] = max(sent[port], (int(m[1]) - first[port]) % 2**32)
print(max(sent.values()), len(sent))'
}

# client_meets HOW PATTERN [OPTIONS]: what runs at the server's address is there already.
client_meets() {
    local how=$1 pattern=$2 status=0 most largest
    shift 2
    # shellcheck disable=SC2034  # for the trap
    PID_app=''
    start_capture c lk0 "$WORK/$how.pcap"
    start app in_ns c python3 "$WORK/app.py"
    wait_for 10 "grep -q ready $WORK/app.log" || fail "the application"
    start client in_ns c "$client" run --state "$CLIENT_STATE" --models "$MODELS" --socks "$SOCKS" --socks-reply early \
        --model ssh36 --users 4 --log-schedule "$WORK/$how.jsonl" "$@"
    wait_for 30 "! kill -0 $PID_client" || fail "$how: tm-client goes on"
    wait "$PID_client" || status=$?
    stop app
    stop_capture c "$WORK/$how.pcap"
    [ "$status" -eq 1 ] || fail "$how: exit status $status: $(cat "$WORK/client.log")"
    grep -q ^ready: "$WORK/client.log" && fail "$how: tm-client says it is ready"
    [ "$(grep -c '^tm-client: ' "$WORK/client.log")" -eq 1 ] || fail "$how: not one line: $(cat "$WORK/client.log")"
    grep -qE "^tm-client: .*($pattern)" "$WORK/client.log" || fail "$how: tm-client says: $(cat "$WORK/client.log")"
    say "$how: $(grep '^tm-client: ' "$WORK/client.log")"
    if [ "$how" = half ] || [ "$how" = silent ]; then
        grep -q sent "$WORK/app.log" || fail "$how: the application had no chance to speak"
    fi
    most=$(most_up "$WORK/$how.pcap") || fail "$how: the capture"
    say "$how: ${most#* } connections, at most ${most% *} bytes up on one"
    # write 0 of every carrier, the hello, and nothing behind it; that of the question which models there are now has 4096 bytes
    largest=$(hello_size "$WORK/$how.jsonl") || fail "$how: the schedule log"
    [ "${most% *}" -eq 4096 ] || number_ok "${most% *}" 1 "$largest" "bytes up"
    grep -aq SECRET "$WORK/$how.pcap" && fail "$how: the application's data are in the capture"
    return 0
}

# The size of the largest ClientHello in a schedule log.
hello_size() {
    python3 -c '
import json, sys
writes = [w for w in map(json.loads, open(sys.argv[1])) if w["t"] == "write"]
assert all(w["i"] == 0 for w in writes), "more than hellos were written"
print(max((w["size"] for w in writes), default=0))' "$1"
}

for how in garbage close half silent; do
    say "== $how"
    start "fake_$how" in_ns s python3 "$here/fake_server.py" "${SERVER%:*}" "${SERVER#*:}" "$how"
    wait_for 10 "grep -q ready $WORK/fake_$how.log" || fail "fake server"
    case $how in
    garbage) client_meets "$how" 'answers but not as our server' ;;
    *) client_meets "$how" 'answers but not as our server|cannot reach 10.9.0.2:4433' --grace 2s ;;
    esac
    stop "fake_$how"
done

say "== a web server"
start_nginx s "$SERVER ssl" "$WORK/docs" \
    "ssl_certificate $WORK/cert.pem; ssl_certificate_key $WORK/key.pem; ssl_protocols TLSv1.2 TLSv1.3;"
client_meets web 'answers but not as our server'
say "passed"
