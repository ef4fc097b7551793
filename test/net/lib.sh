# shellcheck shell=bash
# test/net/lib.sh - helpers of the namespace tests; sourced by test/net/NN-what.sh.
#
# A test makes its own network namespaces (names carry the process id), starts what it needs in them, and
# leaves nothing behind: the exit trap ends what was started, by process id, then whatever still runs in the
# namespaces, then the namespaces and the work directory.  Nothing sleeps for a guessed time: wait_for polls
# a condition and has a bound.  Without CAP_NET_ADMIN or /dev/net/tun the test is skipped (exit status 77).
#
#   . "${0%/*}/lib.sh"
#   ns a; ns b                          # namespaces $NS_a and $NS_b, loopback up
#   link a 10.9.0.1/24 b 10.9.0.2/24 --delay-ms 10
#   in_ns b CMD...                      # runs there
#   start NAME in_ns b CMD...           # in the background; $PID_NAME, output in $WORK/NAME.log
#
# Programs come from the environment (ctest sets them): TM_LINKEM, TM_AUDIT, TM_CLIENT, TM_SERVER, TM_LEARN.

set -u
WORK=
NS_ALL=()
PIDS=()

say() {
    printf '%s\n' "$*"
}

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}

# Ends a process that we started, politely, then not.
stop_pid() {
    local pid=$1
    kill -TERM "$pid" 2>/dev/null || return 0
    wait_for 3 "! kill -0 $pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    return 0
}

cleanup() {
    local status=$? i n pid
    trap - EXIT INT TERM
    for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
        stop_pid "${PIDS[i]}"
    done
    for n in "${NS_ALL[@]}"; do
        for pid in $(ip netns pids "$n" 2>/dev/null); do
            kill -KILL "$pid" 2>/dev/null
        done
        ip netns del "$n" 2>/dev/null
        rm -rf "/etc/netns/$n"
    done
    if [ "$status" -ne 0 ] && [ "$status" -ne 77 ] && [ -n "$WORK" ]; then
        for i in "$WORK"/*.log; do
            [ -s "$i" ] && { printf -- '--- %s\n' "${i##*/}"; tail -n 20 "$i"; } >&2
        done
    fi
    [ -n "$WORK" ] && [ -z "${TM_KEEP:-}" ] && rm -rf "$WORK"
    exit "$status"
}

# wait_for SECONDS 'shell condition': polls every 20 ms; status 1 when the time is over.
wait_for() {
    local until=$((SECONDS + $1 + 1))
    while ! eval "$2" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.02
    done
}

# remove_cgroups DIR...: those that exist, in this order, with the processes in them.
remove_cgroups() {
    local dir pid
    for dir in "$@"; do
        [ -d "$dir" ] || continue
        while read -r pid; do
            kill -KILL "$pid" 2>/dev/null
        done <"$dir/cgroup.procs"
        wait_for 5 "[ -z \"\$(cat $dir/cgroup.procs)\" ]"
        rmdir "$dir" 2>/dev/null
    done
}

need() {
    local c
    for c in "$@"; do
        command -v "$c" >/dev/null || skip "$c is not installed"
    done
}

# The value of a variable that must name a program of ours: x=$(program TM_X) || exit 1
program() {
    local path=${!1:-}
    if [ -z "$path" ] || [ ! -x "$path" ]; then
        fail "$1 does not name a program (run by ctest, or set it)"
    fi
    printf '%s\n' "$path"
}

# ns NAME: the namespace $NS_NAME.
ns() {
    local full=tm$$$1
    ip netns add "$full" || fail "cannot make the namespace $full"
    NS_ALL+=("$full")
    printf -v "NS_$1" '%s' "$full"
    ip -n "$full" link set lo up || fail "loopback of $full"
}

# in_ns NAME CMD...
in_ns() {
    local v=NS_$1
    shift
    ip netns exec "${!v}" "$@"
}

# host_name NAME ADDRESS HOST: HOST is ADDRESS for programs started in the namespace from now on.
host_name() {
    local v=NS_$1
    mkdir -p "/etc/netns/${!v}" || fail "mkdir /etc/netns/${!v}"
    [ -e "/etc/netns/${!v}/hosts" ] || printf '127.0.0.1 localhost\n::1 localhost\n' >"/etc/netns/${!v}/hosts"
    printf '%s %s\n' "$2" "$3" >>"/etc/netns/${!v}/hosts"
}

# start NAME CMD...: in the background.  `in_ns X CMD` is replaced by its ip command, so that the id is CMD's.
start() {
    local name=$1 v
    shift
    if [ "$1" = in_ns ]; then
        v=NS_$2
        shift 2
        set -- ip netns exec "${!v}" "$@"
    fi
    : >"$WORK/$name.log" # now, or a waiter would find what a former one of that name wrote
    "$@" >"$WORK/$name.log" 2>&1 &
    printf -v "PID_$name" '%s' "$!"
    PIDS+=("$!")
}

# Ends what `start NAME` began, and waits for it.
stop() {
    local v=PID_$1
    stop_pid "${!v}"
}

# link A ADDR/PLEN B ADDR/PLEN OPTIONS...: joins two namespaces; the emulator is LINK (stop LINK: statistics in
# $WORK/LINK.log).  Several links: LINK_NAME=name link ...
link() {
    local a=NS_$1 b=NS_$3 addr_a=$2 addr_b=$4 name=${LINK_NAME:-LINK} pid linkem
    shift 4
    linkem=$(program TM_LINKEM) || exit 1
    start "$name" "$linkem" "${!a}" "$addr_a" "${!b}" "$addr_b" "$@"
    pid=PID_$name
    wait_for 5 "grep -q ^ready $WORK/$name.log || ! kill -0 ${!pid}" || fail "the link is not ready"
    grep -q ^ready "$WORK/$name.log" || fail "the link: $(cat "$WORK/$name.log")"
    say "link $addr_a - $addr_b: $*"
}

# pin_cc NAME ALGORITHM...: the congestion control of all sockets made in the namespace from now on; the first
# that the kernel lets a namespace have (net.ipv4.tcp_allowed_congestion_control of the host); reported.
pin_cc() {
    local where=$1 alg
    shift
    for alg in "$@"; do
        if in_ns "$where" sysctl -qw "net.ipv4.tcp_congestion_control=$alg" 2>/dev/null; then
            say "congestion control in $where: $(in_ns "$where" sysctl -n net.ipv4.tcp_congestion_control)"
            return
        fi
    done
    fail "none of these congestion controls is allowed in a namespace: $*"
}

# start_nginx NAME 'ADDR:PORT [OPTIONS]' DOCROOT [DIRECTIVES]: a web server with a throw-away prefix.
start_nginx() {
    local prefix=$WORK/nginx-$1 v=NS_$1 user port=${2%% *}
    need nginx
    mkdir -p "$prefix/tmp" || fail "mkdir $prefix"
    user=$(id -un)
    cat >"$prefix/nginx.conf" <<CONF
user $user; daemon off; worker_processes 1; pid $prefix/pid; error_log $prefix/error.log;
events { worker_connections 512; }
http {
    access_log off; sendfile on; tcp_nodelay on; keepalive_timeout 65;
    default_type application/octet-stream;
    client_body_temp_path $prefix/tmp; proxy_temp_path $prefix/tmp; fastcgi_temp_path $prefix/tmp;
    uwsgi_temp_path $prefix/tmp; scgi_temp_path $prefix/tmp;
    server { listen $2 reuseport; root $3; ${4:-} }
}
CONF
    start "nginx_$1" ip netns exec "${!v}" nginx -p "$prefix" -c "$prefix/nginx.conf"
    wait_for 10 "ip netns exec ${!v} ss -Hltn 'sport = :${port##*:}' | grep -q LISTEN" ||
        fail "nginx does not listen on $2: $(cat "$prefix/error.log" "$WORK/nginx_$1.log")"
}

# socks_get NAME SOCKS_ADDR:PORT URL FILE [curl options]: a download through a SOCKS proxy, names resolved there.
socks_get() {
    local where=$1 proxy=$2 url=$3 file=$4
    shift 4
    in_ns "$where" curl -sS --fail --noproxy '' --socks5-hostname "$proxy" -o "$file" "$@" "$url"
}

# same_bytes FILE FILE: equal sha256; prints it.
same_bytes() {
    local a b
    a=$(sha256sum <"$1") || fail "cannot read $1"
    b=$(sha256sum <"$2") || fail "cannot read $2"
    [ "$a" = "$b" ] || fail "$1 and $2 differ: $(stat -c %s "$1") and $(stat -c %s "$2") bytes"
    say "sha256 equal: ${a%% *} ($(stat -c %s "$1") bytes)"
}

# random_file FILE BYTES
random_file() {
    head -c "$2" /dev/urandom >"$1" || fail "cannot write $1"
}

# start_capture NAME DEVICE FILE [BYTES]: tcpdump of TCP in namespace NAME, so many bytes of a packet (128).  Immediate mode, because tcpdump throws away
# what still waits in its ring (up to a second) when it is stopped.
start_capture() {
    need tcpdump
    start "capture_$1" in_ns "$1" tcpdump -i "$2" -n -s "${4:-128}" -B 65536 -U --immediate-mode -w "$3" tcp
    wait_for 10 "grep -q listening $WORK/capture_$1.log" || fail "tcpdump: $(cat "$WORK/capture_$1.log")"
}

# stop_capture NAME FILE: when the file has not grown for 0.3 s (so stop the traffic before); says what the kernel dropped.
stop_capture() {
    local old=-1 new until=$((SECONDS + 20))
    new=$(stat -c %s "$2")
    while [ "$new" != "$old" ]; do
        [ "$SECONDS" -lt "$until" ] || fail "the traffic captured in $1 does not end"
        old=$new
        sleep 0.3
        new=$(stat -c %s "$2")
    done
    stop "capture_$1"
    say "capture in $1: $(grep -E 'captured|dropped' "$WORK/capture_$1.log" | paste -sd ' ')"
}

# number_ok VALUE LOW HIGH WHAT: LOW <= VALUE <= HIGH, decimal fractions allowed.
number_ok() {
    awk -v v="$1" -v lo="$2" -v hi="$3" 'BEGIN { exit !(v != "" && v + 0 >= lo && v + 0 <= hi) }' ||
        fail "$4 is $1, wanted $2 to $3"
    say "$4: $1 (wanted $2 to $3)"
}

if [ "$(id -u)" -ne 0 ]; then
    skip "network namespaces need root"
fi
need ip sysctl ss
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
(exec 3<>/dev/net/tun) 2>/dev/null || skip "/dev/net/tun cannot be opened"
ip netns add "tm$$probe" 2>/dev/null || skip "no CAP_NET_ADMIN or CAP_SYS_ADMIN: cannot make a network namespace"
ip netns del "tm$$probe"
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tm-net.XXXXXX") || fail "mktemp"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
