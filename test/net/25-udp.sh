#!/bin/bash
# Datagrams and names through the tunnel: UDP ASSOCIATE, forwarded UDP ports, the local name server, with the programs that people have.
# What answers can be reached from the server alone.  Under cells of a schedule, without one, and under a learned model.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need dig dnsmasq iperf3 python3 socat
here=${0%/*}

path --delay-ms 5 --queue-packets 16384 --seed 1
ip -n "$NS_w" addr add 10.8.0.3/24 dev w0 || fail "a stranger's address"
cp "$TM_MODELS" "$MODELS" || fail "no learned models"
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
host_name s 10.8.0.2 echo.internal.example
echo 'nameserver 10.8.0.2' >"/etc/netns/$NS_s/resolv.conf"
mkdir -p "/etc/netns/$NS_c"
echo 'nameserver 192.0.2.1' >"/etc/netns/$NS_c/resolv.conf" # nobody

start echo4 in_ns w python3 "$here/datagrams.py" serve 10.8.0.2 7001 7002 7003
start echo6 in_ns w python3 "$here/datagrams.py" serve fd00:8::2 7001
# start_names: a name server with records of all kinds, one that fits no datagram among them
big=$(head -c 200 /dev/zero | tr '\0' x)
start_names() {
    start names in_ns w dnsmasq --keep-in-foreground --log-facility=- --no-resolv --no-hosts --conf-file=/dev/null --user=root --pid-file="" \
        --listen-address=10.8.0.2 --bind-interfaces --cache-size=0 --edns-packet-max=4096 \
        --host-record=web.internal.example,10.8.0.2,fd00:8::2 --ptr-record=2.0.8.10.in-addr.arpa,web.internal.example \
        --mx-host=internal.example,mail.internal.example,10 --srv-host=_s._tcp.internal.example,web.internal.example,443 \
        --txt-record="big.internal.example,$(for _ in 1 2 3 4 5 6 7 8 9; do printf '%s,' "$big"; done)end"
    wait_for 10 "ip netns exec $NS_w ss -Hlnu 'sport = :53' | grep -q ." || fail "dnsmasq: $(cat "$WORK/names.log")"
}
start_names
for i in 4 6; do
    wait_for 10 "grep -q ready $WORK/echo$i.log" || fail "echo: $(cat "$WORK/echo$i.log")"
done
start iperf in_ns w iperf3 -s -B 10.8.0.2
enrol --name www.example.org
start_server server --allow 10.8.0.0/24 --allow fd00:8::/64 --deny 10.8.0.2:7003

# start_udp NAME OPTIONS...: a client with all doors
start_udp() {
    local name=$1
    shift
    start_client "$name" "$@" --dns 127.0.0.1:53 -L 5300/udp:echo.internal.example:7001 \
        -L 5201:10.8.0.2:5201 -L 5201/udp:10.8.0.2:5201
}

# asked WHAT WANTED DIG_ARGUMENTS...: dig's short answer
asked() {
    local what=$1 want=$2 got
    shift 2
    got=$(in_ns c dig @127.0.0.1 +short +tries=3 +time=10 "$@" 2>&1) || fail "dig $*: $got"
    [ "$got" = "$want" ] || fail "$what: $got, wanted $want"
    say "dig, $what: $got"
}

ask_names() {
    asked A 10.8.0.2 web.internal.example
    asked AAAA fd00:8::2 web.internal.example AAAA
    asked 'A by TCP' 10.8.0.2 web.internal.example +tcp
    asked PTR web.internal.example. -x 10.8.0.2
    asked MX '10 mail.internal.example.' internal.example MX
    asked SRV '0 0 443 web.internal.example.' _s._tcp.internal.example SRV
    asked 'no EDNS' 10.8.0.2 web.internal.example +noedns
}

# a record of 2 kB: whole in a datagram for who takes 4096 bytes, cut for who takes 512, and then whole by TCP
ask_big() {
    local got
    got=$(in_ns c dig @127.0.0.1 big.internal.example TXT +bufsize=4096 +ignore) || fail "dig +bufsize=4096"
    grep -q '"end"' <<<"$got" || fail "a large record in a large datagram: $got"
    got=$(in_ns c dig @127.0.0.1 big.internal.example TXT +noedns +ignore) || fail "dig +ignore"
    grep -q 'flags: qr.* tc' <<<"$got" || fail "no TC: $got"
    got=$(in_ns c dig @127.0.0.1 big.internal.example TXT +noedns) || fail "dig, cut"
    grep -q '"end"' <<<"$got" || fail "not whole: $got"
    grep -q '(TCP)' <<<"$got" || fail "not asked again by TCP: $got"
    say "a record of 2 kB: whole in 4096 bytes, cut and asked again by TCP in 512"
}

talk() {
    local port
    rm -f "$WORK/go"
    mkfifo "$WORK/go"
    : >"$WORK/talk.log"
    in_ns c timeout 60 python3 "$here/datagrams.py" talk 1080 10.8.0.2 fd00:8::2 echo.internal.example 7001 7002 7003 \
        <"$WORK/go" >"$WORK/talk.log" 2>&1 &
    local pid=$!
    exec 4>"$WORK/go"
    wait_for 60 "grep -q '^waiting' $WORK/talk.log || ! kill -0 $pid"
    port=$(sed -n "s/^server's port //p" "$WORK/talk.log")
    echo stranger | in_ns w socat -u - "UDP-SENDTO:10.8.0.1:${port:-1},bind=10.8.0.3:7001" || fail "socat"
    echo go >&4
    exec 4>&-
    wait "$pid" || fail "UDP ASSOCIATE: $(cat "$WORK/talk.log")"
    cat "$WORK/talk.log"
    grep -q '7003' "$WORK/echo4.log" && fail "the server sent to what it denies"
    return 0
}

forwarded() {
    local got
    got=$(for _ in 1 2 3 4 5; do
        echo "by a forwarded port" | in_ns c timeout 5 socat -T 4 - UDP:127.0.0.1:5300 | grep . && break
    done)
    [ "$got" = "by a forwarded port" ] || fail "socat by -L 5300/udp: $got"
    say "socat by -L 5300/udp: came back"
}

# A client without a schedule: everything.
start_udp client_none --model shuffle
grep -q ', names at 127.0.0.1:53, 2 UDP forwards' "$WORK/client_none.log" || fail "ready: $(cat "$WORK/client_none.log")"
talk
forwarded
ask_names
ask_big
in_ns c python3 "$here/datagrams.py" dns 53 || fail "queries that are none"
in_ns c timeout 60 python3 "$here/datagrams.py" many 1080 10.8.0.2 7001 60 || fail "many"
if python3 -c 'import socks' 2>/dev/null; then
    in_ns c timeout 60 python3 "$here/datagrams.py" names 1080 echo.internal.example 7001 || fail "PySocks"
fi
in_ns c timeout 60 iperf3 -u -c 127.0.0.1 -b 4M -l 1200 -t 2 --connect-timeout 5000 >"$WORK/iperf.out" 2>&1 ||
    fail "iperf3: $(cat "$WORK/iperf.out")"
say "iperf3 -u by forwarded ports: $(grep receiver "$WORK/iperf.out")"
stop names
for by in +notcp +tcp; do
    got=$(in_ns c dig @127.0.0.1 web.internal.example +tries=1 +time=15 "$by" 2>&1)
    grep -q 'status: SERVFAIL' <<<"$got" || fail "no resolver, $by: $got"
done
say "no resolver: SERVFAIL"
start_names
ends_with_0 client_none

# Under a schedule, and under one of other people.
start_udp client_schedule --model quick --users 2
talk
ask_names
ask_big
ends_with_0 client_schedule
start_udp client_learned --model https-browsing --users 30 --pace 1s
in_ns c timeout 60 python3 "$here/datagrams.py" many 1080 10.8.0.2 7001 5 || fail "many, learned model"
forwarded
ask_names
ends_with_0 client_learned
ends_with_0 server
say "passed"
