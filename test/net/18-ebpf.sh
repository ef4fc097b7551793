#!/bin/bash
# --ebpf connect: programs that know nothing of the tunnel reach the world through it, or not at all.  A static program, curl, Chromium
# and getent, in a cgroup of the test's own; everything that they want is behind the server.  The client's namespace has a default
# route by another interface, where a capture must stay empty; outside the cgroup the same program is seen there.
#
#   +-------------+ lk0   tm-linkem   lk0 +------------+ w0   veth   w0 +----------------------------+
#   | c    client | --------------------- | s   server | -------------- | w  10.8.0.2, 10.77.0.0/16  |
#   +-------------+                       +------------+                |    fd00:8::2, fd00:77::/64 |
#         | o0 default route, captured                                  +----------------------------+
#   +-------------+
#   | o  outside  |
#   +-------------+
# shellcheck source-path=SCRIPTDIR
if [ -z "${TM_OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
    TM_OWN_MOUNTS=1 exec unshare -m "$0" "$@" # a bpffs of its own, gone with it
fi
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
[ -n "${TM_OWN_MOUNTS:-}" ] || skip "no mount namespace of its own"
need curl getent nginx python3 tcpdump setpriv nsenter awk
client=$(program TM_CLIENT) || exit 1
probe=$(program TM_EBPF_PROGRAM) || exit 1
PID_client='' PID_world='' NS_o='' # set by start, ns

# The programs of `ip netns exec` have no /sys/fs/cgroup: only the network is entered here.
in_net() {
    nsenter --net="/run/netns/$NS_c" "$@"
}

ROOT=$(awk '/ - cgroup2 /{ print $5; exit }' /proc/self/mountinfo)
[ -n "$ROOT" ] || skip "no cgroup2 is mounted"
umount -a -t bpf
mkdir "$WORK/bpf"
mount -t bpf bpf "$WORK/bpf" || skip "no bpffs can be mounted"
"$client" ebpf-check --json >"$WORK/check" 2>"$WORK/check.err" ||
    skip "$("$client" ebpf-check | awk '$2 == "no"' | paste -sd ';')"
python3 -c 'import json, sys; d = json.load(sys.stdin); assert d["schema_version"] == 1 and d["connect"] and d["block"]' \
    <"$WORK/check" || fail "ebpf-check: $(cat "$WORK/check")"

BASE=$ROOT/tm-test-$$
mkdir "$BASE" "$BASE/home" "$BASE/service" || skip "no cgroup can be made below $ROOT"
trap 'status=$?; remove_cgroups "$BASE"/home/* "$BASE/service" "$BASE/home" "$BASE"; umount "$WORK/bpf"; (exit $status); cleanup' EXIT

path --delay-ms 5 --queue-packets 16384 --seed 1
ns o
ip link add o0 netns "$NS_c" type veth peer name o0 netns "$NS_o" || fail "veth"
in_ns c sh -e -c 'ip addr add 10.6.0.1/24 dev o0; ip addr add fd00:6::1/64 dev o0 nodad; ip link set o0 up
    ip route add default via 10.6.0.2; ip -6 route add default via fd00:6::2'
in_ns o sh -e -c 'ip addr add 10.6.0.2/24 dev o0; ip addr add fd00:6::2/64 dev o0 nodad; ip link set o0 up'
in_ns w sh -e -c 'ip route add local 10.77.0.0/16 dev lo; ip -6 route add local fd00:77::/64 dev lo'
in_ns s sh -e -c 'ip route add 10.77.0.0/16 via 10.8.0.2; ip -6 route add fd00:77::/64 via fd00:8::2'
in_ns w ip route add default via 10.8.0.1
for n in s c; do
    mkdir -p "/etc/netns/$(ns_of "$n")"
done
echo 'nameserver 10.8.0.2' >"/etc/netns/$NS_s/resolv.conf"
echo 'nameserver 127.0.0.53' >"/etc/netns/$NS_c/resolv.conf" # a stub, which would ask outside
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/page" 300000
start_nginx w '[::]:80 ipv6only=off' "$WORK/docs"
start world in_ns w python3 "${0%/*}/ebpf_world.py" 10.8.0.2
wait_for 10 "grep -q ^ready $WORK/world.log || ! kill -0 $PID_world" || fail "the world"
enrol --name www.example.org
start_server server --allow 2001:db8::/32
chmod 755 "$WORK"

# start_ebpf NAME [OPTIONS]: a tm-client whose cgroups are below $BASE/home.
start_ebpf() {
    local name=$1 pid=PID_$1
    shift
    # shellcheck disable=SC2016
    start "$name" sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$BASE/home" nsenter --net="/run/netns/$NS_c" \
        "$client" run --state "$CLIENT_STATE" --models "$MODELS" --socks "$SOCKS" --model quick --users 8 \
        --ebpf connect --exec-socket "$WORK/exec" "$@"
    wait_for 20 "grep -q ^ready: $WORK/$name.log || ! kill -0 ${!pid}" || fail "tm-client is not ready"
    grep -q ^ready: "$WORK/$name.log" || fail "tm-client: $(cat "$WORK/$name.log")"
}

# A program of an ordinary user, carried.
carried() {
    in_ns c setpriv --reuid 65534 --regid 65534 --clear-groups "$client" exec --exec-socket "$WORK/exec" -- "$@"
}

# probes: what the carried static program prints, one line "WORDS -> PATTERN" of standard input each.
probes() {
    local line got
    cat >"$WORK/probes"
    sed 's/ *->.*//' "$WORK/probes" | carried "$probe" batch >"$WORK/probed" 2>&1
    while IFS= read -r line; do
        got=$(grep -F -- "${line%% ->*}: " "$WORK/probed")
        grep -qE -- "^${line##*-> } *\$" <<<"${got#*: }" || fail "wanted '$line', got '$got'"
        say "$got"
    done <"$WORK/probes"
}

left_behind() {
    find "$WORK/bpf" "$BASE/home" -mindepth 1 \( -path '*/tm-client/*' -o -name 'tm-client-*' \) -print
}

say "== refused before anything begins"
refused() {
    local status=0 wanted=$1 text=$2
    shift 2
    in_net "$@" >"$WORK/out" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit status $status: $(cat "$WORK/out")"
    grep -q -- "$text" "$WORK/out" || fail "$*: wanted '$text': $(cat "$WORK/out")"
    say "$(tail -n 1 "$WORK/out")"
}
run=("$client" run --state "$CLIENT_STATE" --models "$MODELS" --model quick --socks 127.0.0.1:0 --exec-socket "$WORK/exec")
refused 2 'without --ebpf connect' "${run[@]}" --cgroup "$BASE/service"
refused 1 'is the root cgroup' "${run[@]}" --ebpf connect --cgroup "$ROOT"
refused 1 'is not a cgroup' "${run[@]}" --ebpf connect --cgroup /tmp
refused 1 'cannot open' "${run[@]}" --ebpf connect --cgroup "$BASE/none"
refused 1 'no tm-client run --ebpf connect answers' "$client" exec --exec-socket "$WORK/exec" -- true
refused 1 'CAP_BPF and CAP_NET_ADMIN are missing' setpriv --bounding-set=-all "$client" ebpf-check
refused 1 'CAP_NET_ADMIN is missing' setpriv --bounding-set=-net_admin "$client" ebpf-check
refused 1 'CAP_BPF and CAP_NET_ADMIN' setpriv --bounding-set=-all "${run[@]}" --ebpf connect
[ -z "$(left_behind)" ] || fail "left behind: $(left_behind)"

say "== carried"
QUIET='not icmp6 and not arp and not (ip6[6] == 0 and ip6[40] == 58)' # what the kernel itself says to its neighbours
start capture_o in_ns o tcpdump -i o0 -n -U --immediate-mode -w "$WORK/o.pcap" "$QUIET"
start capture_c in_ns c tcpdump -i lk0 -n -U --immediate-mode -w "$WORK/c.pcap" "$QUIET and not tcp port 4433"
wait_for 10 "grep -q listening $WORK/capture_o.log && grep -q listening $WORK/capture_c.log" || fail "tcpdump"
start_ebpf client --cgroup "$BASE/service"
grep -E 'Cap(Prm|Eff|Bnd|Amb)' "/proc/$PID_client/task/"*/status | grep -v '0000000000000000$' && fail "capabilities are left"
if chrt -f 1 true 2>/dev/null; then
    ps -L -o cls= -p "$PID_client" | grep -q FF || fail "the thread that sends lost its priority: $(ps -L -o cls,ni,comm -p "$PID_client")"
fi
carried curl -sS --noproxy '' --max-time 20 -o - http://web.example/page >"$WORK/got" || fail "curl"
same_bytes "$WORK/docs/page" "$WORK/got"
echo '<title>a page</title><p>carried as it is</p>' >"$WORK/docs/page.html"
if command -v chromium >/dev/null; then # its own resolver and network code; in the test's home, where it may write
    mkdir -m 777 "$WORK/home"
    carried env HOME="$WORK/home" timeout 60 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-dev-shm-usage \
        --disable-background-networking --disable-component-update --disable-sync --disable-extensions --disable-breakpad \
        --dump-dom http://web.example/page.html >"$WORK/dom" 2>"$WORK/chromium.log"
    grep 'carried as it is' "$WORK/dom" || fail "chromium: $(cat "$WORK/dom")"
else
    say "not tried: chromium is not installed"
fi
[ "$(carried getent ahostsv4 web.example | awk '{ print $1; exit }')" = 10.8.0.2 ] || fail "getent"
[ "$(carried getent ahostsv6 web.example | awk '{ print $1; exit }')" = fd00:8::2 ] || fail "getent, IPv6"
[ "$(carried getent ahostsv4 long.example | awk '$2 == "STREAM"' | wc -l)" -eq 61 ] || fail "getent, over TCP"
carried getent ahosts web.nowhere && fail "a name that nobody has"
probes <<'EOT'
dns 192.0.2.53 web.example -> from=192.0.2.53 53 address=10.8.0.2
dns 2001:db8::53 web.example -> from=2001:db8::53 53 address=10.8.0.2
dns 192.0.2.54 web.example connected -> from=192.0.2.54 53 address=10.8.0.2
dns 2001:db8::54 web.example connected -> from=2001:db8::54 53 address=10.8.0.2
dest 10.77.0.1 7000 -> peer=10.77.0.1 7000 said=10.77.0.1 7000
dest fd00:77::1 7001 -> peer=fd00:77::1 7001 said=fd00:77::1 7001
dest 10.77.0.2 7002 mapped -> peer=::ffff:10.77.0.2 7002 said=10.77.0.2 7002
dest fd00:77::2 7003 v6only -> peer=fd00:77::2 7003 said=fd00:77::2 7003
dest 10.77.0.3 7000 nonblock -> peer=10.77.0.3 7000 said=10.77.0.3 7000
dest fd00:77::3 7000 fastopen -> peer=fd00:77::3 7000 said=fd00:77::3 7000
dest 10.77.0.4 7000 fastopen -> peer=10.77.0.4 7000 said=10.77.0.4 7000
dest 10.77.0.5 7000 bind=127.0.0.9 -> peer=10.77.0.5 7000 said=10.77.0.5 7000
dest 10.77.0.6 7000 bind=10.6.0.1 -> peer=10.77.0.6 7000 said=10.77.0.6 7000
dest fd00:77::4 7000 bind=::1 -> peer=fd00:77::4 7000 said=fd00:77::4 7000
dest 10.77.0.7 1 -> error=ECONNRESET \(recv\)
EOT
# In the cgroup of a service, without asking.
# shellcheck disable=SC2016
got=$(sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$BASE/service" nsenter --net="/run/netns/$NS_c" "$probe" dest 10.77.0.8 7000)
[ "$got" = 'peer=10.77.0.8 7000 said=10.77.0.8 7000' ] || fail "--cgroup: $got"
# More at once than the session has streams for: some wait.
carried timeout 240 "$probe" many "${TM_EBPF_MANY:-2000}" 300 >"$WORK/many" 2>&1 || fail "many: $(head -n 5 "$WORK/many")"
say "$(cat "$WORK/many")"

say "== not at all"
probes <<'EOT'
dest 10.77.0.9 7000 dev=o0 -> error=EPERM \(connect\)
dest fd00:77::4 7000 bind=fd00:6::1 -> error=EPERM \(connect\)
dest 169.254.1.1 80 -> error=EPERM \(connect\)
dest fe80::1%o0 80 -> error=EPERM \(connect\)
udp 10.77.0.1 7000 -> error=EPERM \(sendto\)
udp fd00:77::1 7000 -> error=EPERM \(sendto\)
udp 10.77.0.1 443 connected -> error=EPERM \(connect\)
udp 224.0.0.251 5353 -> error=EPERM \(sendto\)
udp 127.0.0.1 9 -> sent
socket 2 1 262 -> error=EPERM \(socket\)
socket 2 2 136 -> error=EPERM \(socket\)
EOT
root_carried() {
    in_ns c "$client" exec --exec-socket "$WORK/exec" -- "$@"
}
[ "$(root_carried "$probe" socket 2 3 1)" = 'error=EPERM (socket)' ] || fail "a raw socket"
root_carried ping -c 1 -W 1 10.6.0.2 >/dev/null 2>&1 && fail "ping"
got=$(in_ns o "$client" exec --exec-socket "$WORK/exec" -- "$probe" dest 10.77.0.1 7000)
[ "$got" = 'error=ECONNREFUSED (connect)' ] || fail "in another network namespace: $got"
# The doors are nobody else's: a connection straight to them is cut off.
# doors: their ports.
doors() {
    in_ns c ss -Hltnp | awk -v pid="pid=$PID_client," 'index($0, pid) && $4 !~ /:1080$/ { sub(".*:", "", $4); print $4 }'
}
[ "$(doors | wc -l)" -eq 2 ] || fail "doors: $(in_ns c ss -Hltnp)"
for port in $(doors); do
    got=$(in_ns c "$probe" dest 127.0.0.1 "$port" 2>&1; in_ns c "$probe" dest ::1 "$port" 2>&1)
    grep -q said <<<"$got" && fail "the door answers: $got"
    say "door: $(paste -sd ' ' <<<"$got")"
done
[ "$(grep -c 'asked over UDP' "$WORK/world.log")" -eq 0 ] || fail "names were asked over UDP"

say "== the end, and what stays"
ends_with_0 client
[ -z "$(left_behind)" ] || fail "after SIGTERM: $(left_behind)"
# It connects only when told to, so that no used connection keeps others from the doors' ports.
# shellcheck disable=SC2016
hold='while :; do [ ! -e "$1" ] || { "$0" dest 10.77.0.1 7000; "$0" udp 10.77.0.1 9; }; echo goes on; sleep 0.1; done'
start_loop() {
    rm -f "$WORK/go"
    start loop in_ns c setpriv --reuid 65534 --regid 65534 --clear-groups "$client" exec --exec-socket "$WORK/exec" -- \
        sh -c "$hold" "$probe" "$WORK/go"
    wait_for 10 "grep -q 'goes on' $WORK/loop.log" || fail "the loop: $(cat "$WORK/loop.log")"
}
start_ebpf client
start_loop
ports=$(doors)
kill -KILL "$PID_client"
# Whoever takes the place of the doors gets nothing.
# shellcheck disable=SC2086
start thief in_ns c python3 -c '
import socket, sys
s = [socket.create_server(("127.0.0.1", int(p))) for p in sys.argv[1:]]
s += [socket.create_server(("::1", int(p)), family=socket.AF_INET6) for p in sys.argv[1:]]
print("listens", flush=True)
while True:
    for one in s:
        one.settimeout(0.05)
        try:
            print("stolen from", one.accept()[1], flush=True)
        except TimeoutError:
            pass' $ports
wait_for 10 "grep -q listens $WORK/thief.log" || fail "the thief: $(cat "$WORK/thief.log")"
touch "$WORK/go"
wait_for 10 "[ \$(grep -c ECONNREFUSED $WORK/loop.log) -ge 3 ]" || fail "not blocked: $(tail -n 4 "$WORK/loop.log")"
grep stolen "$WORK/thief.log" && fail "connections of blocked programs were taken"
stop thief
"$client" ebpf-check --clean >"$WORK/out" 2>&1 && fail "programs are blocked, and nobody says so"
grep 'are blocked there' "$WORK/out" || fail "$(cat "$WORK/out")"
start_ebpf client
grep 'still blocked' "$WORK/client.log" || fail "the next start says nothing"
tail -n 2 "$WORK/loop.log" | grep -q said && fail "the next start lets them out"
stop loop
wait_for 10 "grep -q 'populated 0' $BASE/home/cgroup.events || ! grep -q . $BASE/home/tm-client-*/cgroup.procs" || fail "the loop goes on"
ends_with_0 client
[ -n "$(left_behind)" ] || fail "nothing was left to clean"
"$client" ebpf-check --clean >"$WORK/out" 2>&1 || fail "--clean: $(cat "$WORK/out")"
[ -z "$(left_behind)" ] || fail "after --clean: $(left_behind)"
for n in o c; do
    stop "capture_$n"
    n_packets=$(tcpdump -n -r "$WORK/$n.pcap" 2>/dev/null | tee "$WORK/outside" | wc -l)
    [ "$n_packets" -eq 0 ] || fail "$n_packets packets outside the tunnel: $(head -n 3 "$WORK/outside")"
done
say "packets outside the tunnel: 0"

say "== --on-exit direct, where the capture sees them"
start capture_o in_ns o tcpdump -i o0 -n -U --immediate-mode -w "$WORK/o.pcap" "$QUIET"
wait_for 10 "grep -q listening $WORK/capture_o.log" || fail "tcpdump"
start_ebpf client --on-exit direct --ebpf-let all --resolver 10.8.0.2:53
grep -q "exec at $WORK/exec" "$WORK/client.log" || fail "ready does not say where exec asks"
probes <<'EOT'
udp 10.77.9.9 7000 -> sent
socket 2 2 136 -> made
dns 192.0.2.53 web.example -> from=192.0.2.53 53 address=10.8.0.2
dest 2001:db8::1 80 -> error=ECONNRESET \(recv\)
EOT
grep 'no way to an IPv6 address' "$WORK/client.log" || fail "that the server has no IPv6 there is not noticed"
carried getent ahostsv6 web.example | grep fd00 && fail "an IPv6 address all the same"
start_loop
touch "$WORK/go"
wait_for 10 "grep -q said=10.77.0.1 $WORK/loop.log" || fail "the loop: $(cat "$WORK/loop.log")"
kill -KILL "$PID_client"
wait_for 10 "tcpdump -n -r $WORK/o.pcap 2>/dev/null | grep -q 10.77.0.1" || fail "the capture is blind"
[ -n "$(left_behind)" ] || fail "nothing was left to clean"
start_ebpf client --on-exit direct
ends_with_0 client
[ -z "$(left_behind)" ] || fail "the next start left: $(left_behind)"
stop loop
say "passed"
