# shellcheck shell=bash
# scripts/world.sh - where a demonstration runs: two network namespaces joined by the link emulator when this user
# may make them, else the loopback; and processes that are started there and stopped by their id.
# Source it after lib.sh, with TM_WORK (a directory for logs) and TM_BUILD set.
#
#   world_make                  sets WORLD_KIND (namespaces | loopback), WORLD_CAPTURE (the client's device, or empty
#                               when this user may not capture), WORLD_SERVER, _PORT, _WEB, _DECOY, _SOCKS
#   at client|server CMD...     runs there
#   start NAME client|server CMD...   in the background; $PID_NAME, output in $TM_WORK/NAME.log
#   world_end                   ends all that was started, and the namespaces

WORLD_KIND=
WORLD_CAPTURE=
WORLD_NS=()
WORLD_PIDS=()
WORLD_LINK=(--delay-ms 20 --jitter-ms 2 --rate-mbit 50)

# wait_until SECONDS 'CONDITION': polls; status 1 when the time is over.
wait_until() {
    local end=$((SECONDS + $1 + 1))
    until eval "$2" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

at() {
    local side=$1
    shift
    if [ "$WORLD_KIND" = namespaces ]; then
        ip netns exec "tmdemo$$$side" "$@"
    else
        "$@"
    fi
}

start() {
    local name=$1 side=$2
    shift 2
    [ "$WORLD_KIND" != namespaces ] || [ "$side" = here ] || set -- ip netns exec "tmdemo$$$side" "$@"
    "$@" >"$TM_WORK/$name.log" 2>&1 </dev/null &
    printf -v "PID_$name" '%s' "$!"
    WORLD_PIDS+=("$!")
}

# Ends what `start NAME` began, politely, then not; its exit status.
stop() {
    local v=PID_$1
    stop_pid "${!v:-}"
}

stop_pid() {
    [ -n "${1:-}" ] && kill -TERM "$1" 2>/dev/null || return 0
    wait_until 5 "! kill -0 $1" || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

# A TCP port of the loopback that nobody uses, below those that the kernel gives to connections.
free_port() {
    local p
    for _ in {1..50}; do
        p=$(shuf -i 20000-31999 -n 1)
        [ -n "$(ss -Htan "sport = :$p")" ] || break
    done
    echo "$p"
}

# May this user make namespaces, enter them, and make devices?
can_make_namespaces() {
    local probe=tmdemo$$probe rc=1
    (exec 3<>/dev/net/tun) 2>/dev/null || return 1
    ip netns add "$probe" 2>/dev/null || return 1
    ip netns exec "$probe" true 2>/dev/null && rc=0
    ip netns del "$probe" 2>/dev/null
    return "$rc"
}

make_namespaces() {
    local side
    for side in client server; do
        ip netns add "tmdemo$$$side" || return 1
        WORLD_NS+=("tmdemo$$$side")
        ip -n "tmdemo$$$side" link set lo up || return 1
    done
    start link here "$TM_BUILD/test/net/tm-linkem" "tmdemo$$client" 10.9.0.1/24 "tmdemo$$server" 10.9.0.2/24 \
        "${WORLD_LINK[@]}"
    # shellcheck disable=SC2154  # set by start
    wait_until 5 "grep -q ^ready '$TM_WORK/link.log' || ! kill -0 $PID_link"
    grep -q ^ready "$TM_WORK/link.log"
}

# shellcheck disable=SC2034  # the script that sources this uses them
world_make() {
    if can_make_namespaces; then
        WORLD_KIND=namespaces WORLD_CAPTURE=lk0
        WORLD_SERVER=10.9.0.2 WORLD_PORT=443 WORLD_WEB=10.9.0.2:80 WORLD_DECOY=127.0.0.1:8443 WORLD_SOCKS=127.0.0.1:1080
        make_namespaces
        return
    fi
    WORLD_KIND=loopback WORLD_SERVER=127.0.0.1
    WORLD_PORT=$(free_port) WORLD_WEB=127.0.0.1:$(free_port) WORLD_DECOY=127.0.0.1:$(free_port)
    WORLD_SOCKS=127.0.0.1:$(free_port)
    if timeout 5 tcpdump -i lo -d tcp >/dev/null 2>&1; then # opens the device, as a capture would
        WORLD_CAPTURE=lo
    fi
}

world_end() {
    local i n pid
    for ((i = ${#WORLD_PIDS[@]} - 1; i >= 0; i--)); do
        stop_pid "${WORLD_PIDS[i]}"
    done
    WORLD_PIDS=()
    for n in "${WORLD_NS[@]}"; do
        for pid in $(ip netns pids "$n" 2>/dev/null); do
            kill -KILL "$pid" 2>/dev/null
        done
        ip netns del "$n" 2>/dev/null
    done
    WORLD_NS=()
}
