# shellcheck shell=bash
# test/net/tunnel.sh - helpers of the tests that run a tunnel over an emulated path; sourced after lib.sh.
#
#   +------------+ lk0     20 ms each way, jitter 2 ms     lk0 +------------+ w0   veth   w0 +----------+
#   | c   client | 10.9.0.1 ---------- tm-linkem ---- 10.9.0.2 | s   server | -------------- | w    web |
#   +------------+                                             +------------+ 10.8.0.1    .2 +----------+
#                                                                           fd00:8::1    ::2
#
#   path                                # the three namespaces, joined; w cannot be reached from c
#   enrol [SETUP OPTIONS]               # state in $SERVER_STATE and $CLIENT_STATE; models from $MODELS
#   start_server NAME [OPTIONS]         # log in $WORK/NAME.log; it may reach the private networks of these namespaces
#   start_client NAME [OPTIONS]         # ready: the first carrier is up; SOCKS on 127.0.0.1:1080 of c
#   ends_with_0 NAME                    # SIGTERM, exit status 0
# shellcheck disable=SC2034,SC2119,SC2120  # used by the tests; arguments are optional
NS_c='' NS_s='' NS_w='' # set by ns
SERVER_STATE=$WORK/state-server
CLIENT_STATE=$WORK/state-client
SERVER=10.9.0.2:4433
SOCKS=127.0.0.1:1080
MODELS=$WORK/models.db

ns_of() {
    local v=NS_$1
    printf '%s\n' "${!v}"
}

# path [LINK OPTIONS]
path() {
    local n
    ns c
    ns s
    ns w
    [ $# -gt 0 ] || set -- --delay-ms 20 --jitter-ms 2 --queue-packets 16384 --seed 1
    link c 10.9.0.1/24 s 10.9.0.2/24 "$@"
    ip link add w0 netns "$NS_s" type veth peer name w0 netns "$NS_w" || fail "veth"
    for n in s:1 w:2; do
        ip netns exec "$(ns_of "${n%:*}")" sh -e -c "ip addr add 10.8.0.${n#*:}/24 dev w0
            ip addr add fd00:8::${n#*:}/64 dev w0 nodad; ip link set w0 up" || fail "w0 in ${n%:*}"
    done
    for n in c s w; do
        pin_cc "$n" cubic reno
    done
    in_ns c ip route get 10.8.0.2 >/dev/null 2>&1 && fail "the client's namespace reaches the web's"
    wait_for 5 "ip netns exec $NS_s ping -q -c 1 -W 1 fd00:8::2" || fail "no IPv6 between s and w"
}

# start_server NAME [OPTIONS]
start_server() {
    local name=$1 pid=PID_$1 program
    shift
    program=$(program TM_SERVER) || exit 1
    start "$name" in_ns s "$program" run --state "$SERVER_STATE" --allow 10.0.0.0/8 --allow fd00::/8 "$@"
    wait_for 10 "grep -q ^ready: $WORK/$name.log || ! kill -0 ${!pid}" || fail "tm-server is not ready"
    grep -q ^ready: "$WORK/$name.log" || fail "tm-server: $(cat "$WORK/$name.log")"
}

# start_client NAME --model M [OPTIONS]
start_client() {
    local name=$1 pid=PID_$1 program
    shift
    program=$(program TM_CLIENT) || exit 1
    start "$name" in_ns c "$program" run --state "$CLIENT_STATE" --models "$MODELS" --socks "$SOCKS" "$@"
    wait_for 30 "grep -q ^ready: $WORK/$name.log || ! kill -0 ${!pid}" || fail "tm-client is not ready"
    grep -q ^ready: "$WORK/$name.log" || fail "tm-client: $(cat "$WORK/$name.log")"
}

# Sets up the server, joins; nothing runs afterwards.
enrol() {
    local server client
    server=$(program TM_SERVER) || exit 1
    client=$(program TM_CLIENT) || exit 1
    in_ns s "$server" setup --state "$SERVER_STATE" --listen "$SERVER" --models "$MODELS" "$@" \
        >"$WORK/link" 2>"$WORK/setup.err" || fail "setup: $(cat "$WORK/setup.err")"
    start_server enrolling
    in_ns c timeout 60 "$client" join "$(cat "$WORK/link")" --state "$CLIENT_STATE" >"$WORK/join.out" 2>&1 ||
        fail "join: $(cat "$WORK/join.out")"
    ends_with_0 enrolling
}

# ends_with_0 NAME: SIGTERM ends what `start NAME` began with exit status 0 (sanitizers included).
ends_with_0() {
    local v=PID_$1 status=0
    kill -TERM "${!v}" || fail "$1 had ended before: $(cat "$WORK/$1.log")"
    wait_for 10 "! kill -0 ${!v}" || fail "$1 does not end"
    wait "${!v}" || status=$?
    [ "$status" -eq 0 ] || fail "$1 ended with status $status: $(cat "$WORK/$1.log")"
}

# json_number FILE KEY
json_number() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"
}
