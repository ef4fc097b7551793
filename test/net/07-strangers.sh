#!/bin/bash
# Strangers at the server's port meet the decoy, a real nginx with TLS: a browser gets its page; garbage, half a hello
# and a replayed hello of a real carrier get the very answers that nginx gives when it is asked directly, beside a
# running tunnel.  Without a decoy they are closed unanswered.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 openssl tcpdump
probe=${0%/*}/probe.py
server=$(program TM_SERVER) || exit 1
PID_stall_ours='' PID_stall_real='' # set by start
REAL=10.9.0.2:8443

path
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs" "$WORK/say"
random_file "$WORK/docs/file" 100000
# RSA, because the length of an ECDSA signature varies.
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/key.pem" -out "$WORK/cert.pem" -days 2 \
    -subj /CN=www.example.org 2>"$WORK/openssl.err" || fail "openssl: $(cat "$WORK/openssl.err")"
start_nginx s "$REAL ssl" "$WORK/docs" \
    "ssl_certificate $WORK/cert.pem; ssl_certificate_key $WORK/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    client_header_timeout 3s; lingering_timeout 1s;"
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol --name www.example.org --decoy "$REAL"

say "== a tunnel, and the hello of its first carrier"
start_capture c lk0 "$WORK/c.pcap" 0
start_server server --summary-json "$WORK/server.json"
start_client client --model quick --users 2
wait_for 5 "python3 $probe hello $WORK/c.pcap 4433 $WORK/say/replayed-hello" || fail "no hello in the capture"
stop capture_c

say "== a browser"
in_ns c curl -sS -k --fail --max-time 20 -o "$WORK/got" "https://$SERVER/file" || fail "curl to the server's port"
same_bytes "$WORK/docs/file" "$WORK/got"
ours=$(in_ns c curl -sS -k -I --max-time 20 "https://$SERVER/nosuch" | grep -v ^Date) || fail "curl -I"
real=$(in_ns c curl -sS -k -I --max-time 20 "https://$REAL/nosuch" | grep -v ^Date) || fail "curl -I to nginx"
[ "$ours" = "$real" ] || fail "heads differ: $ours / $real"
say "$(head -n 1 <<<"$ours")"

say "== others"
python3 - "$WORK/say" <<'PY' || fail "things to say"
import random, sys
where = sys.argv[1]
hello = open(f"{where}/replayed-hello", "rb").read()
rng = random.Random(3)
things = {
    "http": b"GET /file HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
    "http-garbage": b"FLY /%00 HTTP/9.9\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "binder-changed": hello[:-1] + bytes([hello[-1] ^ 1]),
    "hello-and-more": hello + b"\x17\x03\x03\x00\x10" + rng.randbytes(16),
    "hello-other-length": hello[:3] + (len(hello) + 95).to_bytes(2, "big") + hello[5:] + bytes(100),
}
for i in range(4):
    things[f"random-{i}"] = rng.randbytes(rng.randrange(50, 3000))
for i in range(2):
    things[f"random-record-{i}"] = b"\x16\x03\x01\x00\xc8" + rng.randbytes(200)
for name, data in things.items():
    open(f"{where}/{name}", "wb").write(data)
PY
start stall_ours in_ns c python3 "$probe" stall "$SERVER" "$WORK/say/replayed-hello" 20
start stall_real in_ns c python3 "$probe" stall "$REAL" "$WORK/say/replayed-hello" 20
in_ns c python3 "$probe" talk "$SERVER" "$REAL" "$WORK"/say/* >"$WORK/talk.out" 2>&1 ||
    { cat "$WORK/talk.out"; fail "a stranger can tell"; }
cat "$WORK/talk.out"
grep -q '^replayed-hello .*: 22:.*23:' "$WORK/talk.out" || fail "the replayed hello got no handshake from nginx"
wait "$PID_stall_ours" "$PID_stall_real" || fail "half a hello"
say "half a hello: $(cat "$WORK/stall_ours.log"); the web server itself: $(cat "$WORK/stall_real.log")"
[ "$(cut -d' ' -f1 "$WORK/stall_ours.log")" = "$(cut -d' ' -f1 "$WORK/stall_real.log")" ] ||
    fail "half a hello: they differ"

say "== the tunnel has not noticed"
socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 30 || fail "download through the tunnel"
same_bytes "$WORK/docs/file" "$WORK/got"
ends_with_0 client
ends_with_0 server
again=$(grep -c 'asked again$' "$WORK/talk.out")
number_ok "$(json_number "$WORK/server.json" strangers)" 15 $((15 + again)) "strangers"
number_ok "$(json_number "$WORK/server.json" refused)" 2 $((2 + again)) "hellos with a token of ours, used before"

say "== no decoy: closed unanswered"
in_ns s "$server" setup --state "$WORK/bare" --listen "$SERVER" >/dev/null 2>&1 || fail "setup"
SERVER_STATE=$WORK/bare
start_server bare
in_ns c python3 "$probe" silent "$SERVER" "$WORK"/say/* >"$WORK/silent.out" 2>&1 ||
    { cat "$WORK/silent.out"; fail "a stranger was answered"; }
sort -t: -k2 "$WORK/silent.out" | cut -d: -f2 | uniq -c
ends_with_0 bare
say "passed"
