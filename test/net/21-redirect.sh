#!/bin/bash
# --ebpf redirect: what goes past TCP between programs and the doors keeps its order, its bounds and its end; what changes for
# programs is what the man page says; nothing stays when the owner is killed; and what is missing is said.  Then a tunnel whose
# programs go that way.  TM_REDIRECT_MIB=1024 and TM_REDIRECT_SHORT=10000 take longer.
#
#   tm-redirect-program: a namespace and a cgroup of its own, both ends      c, s, w: as in tunnel.sh
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 setpriv nsenter unshare awk
ends=$(program TM_REDIRECT_PROGRAM) || exit 1
client=$(program TM_CLIENT) || exit 1
PID_client='' # set by start
BPFTOOL=$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool) || skip "bpftool is not installed"
ROOT=$(awk '/ - cgroup2 /{ print $5; exit }' /proc/self/mountinfo)
[ -n "$ROOT" ] || skip "no cgroup2 is mounted"
"$client" ebpf-check --json >"$WORK/check" 2>"$WORK/check.err"
python3 -c 'import json, sys; sys.exit(not json.load(sys.stdin)["redirect"])' <"$WORK/check" ||
    skip "$("$client" ebpf-check | awk '$2 == "no"' | paste -sd ';')"

BASE=$ROOT/tm-test-$$
mkdir "$BASE" "$BASE/own" || skip "no cgroup can be made below $ROOT"
trap 'status=$?; remove_cgroups "$BASE"/own/* "$BASE/own" "$BASE"; (exit $status); cleanup' EXIT

# in_own CMD...: with cgroups below $BASE/own.
in_own() {
    # shellcheck disable=SC2016
    sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$BASE/own" "$@"
}

# Kernel programs of ours that are attached below $BASE.
attached() {
    "$BPFTOOL" cgroup tree "$BASE" 2>/dev/null | grep tmb_
}

left_behind() {
    find "$BASE/own" -mindepth 1 -type d
    attached
}

say "== both ends, beside plain TCP"
in_own "$ends" all >"$WORK/ends" 2>&1
status=$?
cat "$WORK/ends"
[ "$status" -eq 0 ] || fail "exit status $status: $(grep -v passed "$WORK/ends" | paste -sd ';')"
[ -z "$(left_behind)" ] || fail "left behind: $(left_behind)"

say "== the owner is killed in the middle of a stream"
got=$(in_own "$ends" owner-killed 2>/dev/null)
say "$got"
grep -q 'owner-killed: passed' <<<"$got" || fail "the stream did not go on"
[ -z "$(attached)" ] || fail "still attached: $(attached)"
rmdir "$BASE"/own/tm-client-* || fail "the cgroup stays in use"

say "== what is missing is said"
refused() {
    local text=$1
    shift
    "$@" ebpf-check >"$WORK/out" 2>&1
    grep -q "^redirect *no .*$text" "$WORK/out" || fail "$*: wanted '$text': $(cat "$WORK/out")"
    say "$(grep '^redirect' "$WORK/out")"
}
refused 'CAP_PERFMON' setpriv --bounding-set=-perfmon,-sys_admin "$client"
refused 'CAP_PERFMON' setpriv --bounding-set=-all "$client"
refused 'not allowed' unshare --user --map-root-user "$client"
grep -q '^load *yes' <(setpriv --bounding-set=-perfmon,-sys_admin "$client" ebpf-check) ||
    fail "without CAP_PERFMON, --ebpf connect cannot work either"

say "== a tunnel"
path --delay-ms 5 --queue-packets 16384 --seed 1
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/page" 2000000
start_nginx w '10.8.0.2:80' "$WORK/docs"
enrol --name www.example.org
start_server server
chmod 755 "$WORK"
start_ebpf() {
    # shellcheck disable=SC2016
    start client sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$BASE/own" nsenter --net="/run/netns/$NS_c" \
        "$client" run --state "$CLIENT_STATE" --models "$MODELS" --socks "$SOCKS" --model shuffle \
        --ebpf redirect --on-exit direct --exec-socket "$WORK/exec"
    wait_for 20 "grep -q ^ready: $WORK/client.log || ! kill -0 $PID_client" || fail "tm-client is not ready"
    grep -q ^ready: "$WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
}
carried() {
    in_ns c setpriv --reuid 65534 --regid 65534 --clear-groups "$client" exec --exec-socket "$WORK/exec" -- "$@"
}
start_ebpf
attached | grep -q tmb_pair || fail "nothing is attached"
grep -E 'Cap(Prm|Eff|Bnd|Amb)' "/proc/$PID_client/task/"*/status | grep -v '0000000000000000$' && fail "capabilities are left"
for i in 1 2 3; do
    carried curl -sS --noproxy '' --max-time 30 http://10.8.0.2/page >"$WORK/got" || fail "curl"
    same_bytes "$WORK/docs/page" "$WORK/got"
done
ends_with_0 client
[ -z "$(left_behind)" ] || fail "after SIGTERM: $(left_behind)"
n=$(sed -n 's/.*redirect: connections=\([0-9]*\) bytes=\([0-9]*\).*/\1 \2/p' "$WORK/client.log")
say "connections and bytes past TCP: $n"
if [ "${n% *}" -lt 3 ] || [ "${n#* }" -lt 1000000 ]; then
    fail "the tunnel's programs did not go past TCP"
fi
start_ebpf
kill -KILL "$PID_client"
wait_for 5 "! kill -0 $PID_client" || fail "it lives"
[ -z "$(attached)" ] || fail "still attached after a kill: $(attached)"
say "passed"
