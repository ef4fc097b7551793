#!/bin/bash
# What programs say to the one proxy port: real ones, in every protocol that they know.  The destinations and their names can
# be reached from the server alone.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3
here=${0%/*}

path --delay-ms 5 --queue-packets 16384 --seed 1
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
host_name s 10.8.0.2 files.internal.example
host_name s fd00:8::66 slow.internal.example # nobody
host_name s 10.8.0.2 slow.internal.example
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 100000
start_nginx w '[::]:80 ipv6only=off' "$WORK/docs"
start ends in_ns w python3 "$here/ends.py" serve 10.8.0.2 7000
wait_for 10 "grep -q ready $WORK/ends.log" || fail "destinations"
enrol --name www.example.org
start_server server --deny 10.8.0.99
start_client client --model shuffle

# get WHAT ADDRESS CURL_OPTIONS...
get() {
    local what=$1 address=$2
    shift 2
    rm -f "$WORK/got"
    in_ns c curl -sS --fail --noproxy '' --max-time 20 -o "$WORK/got" "$@" "$address" || fail "$what"
    cmp -s "$WORK/docs/file" "$WORK/got" || fail "$what: other bytes"
    say "$what: exact"
}
get 'SOCKS 4' 10.8.0.2/file --socks4 "$SOCKS"
get 'SOCKS 4a' files.internal.example/file --socks4a "$SOCKS"
get 'SOCKS 5' 10.8.0.2/file --socks5 "$SOCKS"
get 'SOCKS 5, name' files.internal.example/file --socks5-hostname "$SOCKS"
get 'SOCKS 5, password' files.internal.example/file --socks5-hostname "$SOCKS" --proxy-user me:you
get 'SOCKS 5, IPv6' '[fd00:8::2]/file' --socks5-hostname "$SOCKS"
get 'HTTP CONNECT' files.internal.example/file --proxy "$SOCKS" --proxytunnel
get 'HTTP CONNECT, IPv6, password' '[fd00:8::2]/file' --proxy "$SOCKS" --proxytunnel --proxy-user me:you
get 'HTTP, whole address' files.internal.example/file --proxy "$SOCKS"
get 'HTTP, whole address, IPv6, password' '[fd00:8::2]/file' --proxy "$SOCKS" --proxy-user me:you

# A family that does not answer costs a quarter of a second; the kernel would take three to give it up.
in_ns c curl -sS --fail --noproxy '' --max-time 20 --socks5-hostname "$SOCKS" -o "$WORK/got" -w '%{time_total}' \
    slow.internal.example/file >"$WORK/time" || fail "a name whose IPv6 address is nobody's"
number_ok "$(cat "$WORK/time")" 0.2 2.8 "seconds with an IPv6 address that is nobody's"

# Two requests of one program, to two hosts: each gets its own.
in_ns c curl -sS --fail --noproxy '' --max-time 20 --proxy "$SOCKS" -o "$WORK/one" files.internal.example/file \
    -o "$WORK/two" 10.8.0.2/file || fail "two hosts"
for got in one two; do
    cmp -s "$WORK/$got" "$WORK/docs/file" || fail "two hosts: other bytes"
done

# refused WHAT CODE ADDRESS CURL_OPTIONS...: what CONNECT or the request is answered with.
refused() {
    local what=$1 code=$2 address=$3 got
    shift 3
    got=$(in_ns c curl -sS --noproxy '' --max-time 20 -o "$WORK/got" -w '%{http_connect} %{http_code}' \
        --proxy "$SOCKS" "$@" "$address" 2>"$WORK/curl.err")
    [ "${got// 000/}" = "$code" ] || [ "$got" = "000 $code" ] || fail "$what: $got, wanted $code: $(cat "$WORK/curl.err")"
    say "$what: $code"
}
refused 'CONNECT to a closed port' 502 10.8.0.2:81 --proxytunnel
refused 'CONNECT to no name' 502 nobody.invalid --proxytunnel
refused 'CONNECT to what the server denies' 403 10.8.0.99 --proxytunnel
refused 'request to a closed port' 502 10.8.0.2:81
grep -q 'the destination refused the connection' "$WORK/got" || fail "no reason: $(cat "$WORK/got")"
for want in '5 10.8.0.2:81' '4 nobody.invalid' '2 10.8.0.99'; do
    in_ns c curl -sS --noproxy '' --max-time 20 --socks5-hostname "$SOCKS" "${want#* }" 2>"$WORK/curl.err" && fail "${want#* }"
    grep -q "(${want% *})" "$WORK/curl.err" || fail "SOCKS 5 to ${want#* }: $(cat "$WORK/curl.err")"
done
say "SOCKS 5 says refused, not found, not allowed"

if command -v tor-resolve >/dev/null; then
    got=$(in_ns c tor-resolve -5 files.internal.example "$SOCKS" 2>&1)
    [ "$got" = 10.8.0.2 ] || fail "tor-resolve: $got"
    got=$(in_ns c tor-resolve -4 files.internal.example "$SOCKS" 2>&1)
    [ "$got" = 10.8.0.2 ] || fail "tor-resolve -4: $got"
    got=$(in_ns c tor-resolve -5 -x 10.8.0.2 "$SOCKS" 2>&1)
    [ "$got" = files.internal.example ] || fail "tor-resolve -x: $got"
    say "tor-resolve: name and address"
fi

in_ns c timeout 60 python3 "$here/ends.py" ask 1080 files.internal.example 7000 || fail "half-close and resets"
wait_for 5 "[ \$(grep -c . $WORK/ends.log) -eq 3 ]" || fail "the client's ends: $(cat "$WORK/ends.log")"
grep -q '^reset' "$WORK/ends.log" || fail "the client's reset came as: $(cat "$WORK/ends.log")"
grep -q '^ended after 1 bytes' "$WORK/ends.log" || fail "the client's end came as: $(cat "$WORK/ends.log")"
say "the client's reset is a reset, its end an end"
# Standard input and output: half-close too, and what cannot be reached.
client=$(program TM_CLIENT) || exit 1
head -c 3000000 /dev/urandom >"$WORK/up"
in_ns c timeout 60 "$client" connect files.internal.example:7000 <"$WORK/up" >"$WORK/got" || fail "connect"
[ "$(stat -c %s "$WORK/got")" -eq $((32 + 1048576)) ] || fail "connect: $(stat -c %s "$WORK/got") bytes came back"
[ "$(head -c 32 "$WORK/got" | od -An -vtx1 | tr -d ' \n')" = "$(sha256sum <"$WORK/up" | cut -d ' ' -f 1)" ] || fail "connect: other bytes"
in_ns c timeout 60 "$client" connect 10.8.0.2:81 </dev/null 2>"$WORK/connect.err" && fail "connect to a closed port"
grep -q 'the destination refused the connection' "$WORK/connect.err" || fail "connect: $(cat "$WORK/connect.err")"
say "connect: half-close, bytes, refusal"
ends_with_0 client
ends_with_0 server
say "passed"
