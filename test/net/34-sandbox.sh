#!/bin/bash
# While a tunnel runs, no thread of either end can gain privileges, holds a capability beyond low ports, or reaches system calls outside the
# list; --no-sandbox is the control.  What the walls keep in is tested with attempts in sandbox_test.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx

path
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 100000
start_nginx w '[::]:80 ipv6only=off' "$WORK/docs"
enrol
start_server server
start_client client --model quick --users 2 -L 81:10.8.0.2:80

# each_thread PID WORD PATTERN: what /proc says of every thread matches.
each_thread() {
    local status value
    for status in /proc/"$1"/task/*/status; do
        value=$(sed -n "s/^$2:[[:space:]]*//p" "$status")
        [[ $value =~ ^$3$ ]] || fail "$status: $2 is $value, wanted $3"
    done
}

in_ns c curl -sS --fail --max-time 60 -o "$WORK/got" http://127.0.0.1:81/file || fail "download by a low port"
same_bytes "$WORK/docs/file" "$WORK/got"
for end in client server; do
    pid=PID_$end
    each_thread "${!pid}" NoNewPrivs 1
    each_thread "${!pid}" CapEff '0000000000000[04]00|0000000000800[04]00' # low ports; of the wire thread also CAP_SYS_NICE
    each_thread "${!pid}" CapBnd '0000000000000000'
    grep -q 'all system calls' "$WORK/$end.log" || each_thread "${!pid}" Seccomp 2
    grep -q 'sandbox: .* system call' "$WORK/$end.log" || fail "$end says nothing of its sandbox"
done
ends_with_0 client
start_client client --model quick --users 2 --no-sandbox
pid=PID_client
grep -q '^Seccomp:[[:space:]]*0' /proc/self/status && each_thread "${!pid}" Seccomp 0
grep -q 'sandbox: .* system call' "$WORK/client.log" && fail "--no-sandbox, and there is one"
ends_with_0 client
say "no thread can gain anything"
