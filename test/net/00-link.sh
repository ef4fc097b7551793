#!/bin/bash
# The link emulator itself: what it promises about delay, loss, rate, order and its switch.
#
#   +---------+  lk0            delay, jitter, loss, rate            lk0  +---------+
#   | a       | 10.9.0.1 ------------- tm-linkem ------------- 10.9.0.2   | b nginx |
#   +---------+                                                           +---------+
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need ping curl nginx awk
NS_a='' NS_b='' # set by ns
ns a
ns b

# Round trips of `ping` in ms, one a line; $1 packets, $2 s apart.
rtts() {
    in_ns a ping -n -q -c 1 -W 2 10.9.0.2 >/dev/null
    in_ns a ping -n -c "$1" -i "$2" -W 2 10.9.0.2 | sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p'
}
quantile() {
    sort -n | awk -v q="$1" '{ v[NR] = $1 } END { i = int(q * NR + 0.999999); print v[i < 1 ? 1 : i] }'
}
# The value behind key $2 in the statistics of direction a->b ($1 = ab) or b->a.
stat_of() {
    local from=NS_${1:0:1} to=NS_${1:1:1}
    sed -n "s/^${!from}->${!to} .*\b$2 \([0-9]*\).*/\1/p" "$WORK/LINK.log"
}

say "== delay and jitter: 2 x 20 ms, jitter 5 ms"
link a 10.9.0.1/24 b 10.9.0.2/24 --delay-ms 20 --jitter-ms 5 --seed 1
rtts 60 0.01 >"$WORK/rtt" || fail "ping"
[ "$(wc -l <"$WORK/rtt")" -eq 60 ] || fail "$(wc -l <"$WORK/rtt") of 60 pings answered"
# The sum of two uniforms in 0..5 ms has its median at 5; never below twice the delay.
number_ok "$(quantile 0 <"$WORK/rtt")" 40 46 "smallest round trip, ms"
number_ok "$(quantile 0.5 <"$WORK/rtt")" 42.5 50 "median round trip, ms"
stop LINK
cat "$WORK/LINK.log"
number_ok "$(stat_of ab delivered)" 61 61 "packets a->b delivered"

say "== loss: 20 % each way"
link a 10.9.0.1/24 b 10.9.0.2/24 --delay-ms 1 --loss 0.2 --seed 2
in_ns a ping -n -q -c 500 -i 0.002 -W 1 10.9.0.2 >"$WORK/ping.log"
stop LINK
number_ok "$(stat_of ab packets)" 500 500 "packets a->b"
# 100 expected, standard deviation 8.9: five of them.
number_ok "$(stat_of ab lost)" 56 144 "lost a->b"
number_ok "$(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$WORK/ping.log")" 265 375 "pings answered (64 % of 500 expected)"
first=$(stat_of ab lost)
link a 10.9.0.1/24 b 10.9.0.2/24 --delay-ms 1 --loss 0.2 --seed 2
in_ns a ping -n -q -c 500 -i 0.002 -W 1 10.9.0.2 >/dev/null
stop LINK
number_ok "$(stat_of ab lost)" "$first" "$first" "lost a->b again with the same seed"

say "== rate: 20 Mbit/s, order kept in spite of jitter"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 5000000
link a 10.9.0.1/24 b 10.9.0.2/24 --delay-ms 5 --jitter-ms 3 --rate-mbit 20 --queue-packets 5000 --seed 3
pin_cc b cubic reno
start_nginx b 10.9.0.2:80 "$WORK/docs"
speed=$(in_ns a curl -sS -o "$WORK/got" -w '%{speed_download}' http://10.9.0.2/file) || fail "curl"
same_bytes "$WORK/docs/file" "$WORK/got"
# At most R x 1448 / 1500 of payload; half of it shows that the link is not what is slow.
number_ok "$(awk -v v="$speed" 'BEGIN { print v * 8 / 1e6 }')" 10 19.31 "download, Mbit/s of payload"
number_ok "$(in_ns a nstat -asz TcpExtTCPOFOQueue | awk '/OFO/ { print $2 }')" 0 0 "segments out of order at the receiver"
stop LINK
cat "$WORK/LINK.log"
number_ok "$(stat_of ba queue_dropped)" 0 0 "dropped by the queue b->a"

say "== a queue of 10 packets drops"
link a 10.9.0.1/24 b 10.9.0.2/24 --delay-ms 20 --rate-mbit 20 --queue-packets 10 --seed 4
in_ns a curl -sS -o "$WORK/got" http://10.9.0.2/file || fail "curl"
same_bytes "$WORK/docs/file" "$WORK/got"
stop LINK
number_ok "$(stat_of ba queue_dropped)" 1 100000 "dropped by the queue b->a"

say "== the switch"
link a 10.9.0.1/24 b 10.9.0.2/24 --delay-ms 1 --cut-file "$WORK/cut"
in_ns a ping -n -q -c 3 -i 0.01 -W 1 10.9.0.2 >/dev/null || fail "no answer before the cut"
: >"$WORK/cut"
wait_for 2 "! ip netns exec $NS_a ping -n -q -c 1 -W 1 10.9.0.2" || fail "answers although the link is cut"
rm "$WORK/cut"
wait_for 5 "ip netns exec $NS_a ping -n -q -c 1 -W 1 10.9.0.2" || fail "no answer after the cut"
stop LINK
number_ok "$(stat_of ab cut)" 1 100 "packets cut a->b"

say "== wrong use"
linkem=$(program TM_LINKEM) || exit 1
"$linkem" "$NS_a" 10.9.0.1 "$NS_b" 10.9.0.2/24 2>"$WORK/err.log"
[ $? -eq 2 ] || fail "an address without prefix length must exit with 2"
"$linkem" "$NS_a-none" 10.9.0.1/24 "$NS_b" 10.9.0.2/24 2>"$WORK/err.log"
[ $? -eq 1 ] || fail "a missing namespace must exit with 1"
grep -q "network namespace $NS_a-none" "$WORK/err.log" || fail "the namespace is not named: $(cat "$WORK/err.log")"
say "all as promised"
