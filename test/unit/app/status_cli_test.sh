#!/bin/bash
# status_cli_test.sh TM_CLIENT - tm-client status where nothing runs: what it says, and that --watch ends when it should,
# waits between its questions, and asks more rarely when nobody answers.  With a program that runs: test/net/13-status.sh.
set -u
client=${1:?usage: status_cli_test.sh TM_CLIENT}
work=$(mktemp -d "${TMPDIR:-/tmp}/tm-status.XXXXXX") || exit 1
pid=
# shellcheck disable=SC2317  # the trap's
cleanup() {
    [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# expect STATUS ARGUMENTS...: output in $work/out and $work/err.
expect() {
    local wanted=$1 status=0
    shift
    "$client" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit status $status: $(cat "$work/out" "$work/err")"
}

# within SECONDS 'condition': polled.
within() {
    local until=$((SECONDS + $1 + 1))
    while ! eval "$2"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.05
    done
}

# Clock ticks (100 a second) that the watcher has computed.
ticks() {
    awk '{ print $14 + $15 }' "/proc/$pid/stat"
}

mkdir -m 700 "$work/state"
expect 1 status --state "$work/state"
grep -q '^NOT IN CONTROL: tm-client does not run: nothing answers at .*/state/status; no user data leaves$' "$work/out" ||
    fail "it says: $(cat "$work/out")"
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "figures of a program that does not run"
grep -q '^tm-client: not in control: ' "$work/err" || fail "nothing on standard error"
expect 1 status --state "$work/none"
expect 1 status --state "$work/state" --json
grep -q '^{"schema_version":1,"program":"tm-client","in_control":false,"reason":"tm-client does not run' "$work/out" ||
    fail "JSON: $(cat "$work/out")"
expect 2 status --state
expect 2 status --state "$work/state" --wtach

# Nobody reads any more: it ends by itself, also between two lines.
"$client" status --state "$work/state" --watch 2>/dev/null | head -n 1 >"$work/out"
[ "$(wc -l <"$work/out")" -eq 1 ] || fail "no line"

# Not a busy loop; questions become rarer, after 0, 2, 6, 14 s; SIGTERM ends it while it waits.
"$client" status --state "$work/state" --watch >"$work/out" 2>"$work/err" &
pid=$!
within 10 "[ \$(wc -l <$work/out) -ge 1 ]" || fail "no first line"
began=$(ticks)
within 10 "[ \$(wc -l <$work/out) -ge 3 ]" || fail "no third line"
[ $(($(ticks) - began)) -le 50 ] || fail "$(($(ticks) - began)) ticks of computing in about six seconds"
sleep 1
[ "$(wc -l <"$work/out")" -eq 3 ] || fail "it does not ask more rarely: $(wc -l <"$work/out") lines"
kill -TERM "$pid"
within 5 "! kill -0 $pid 2>/dev/null" || fail "SIGTERM does not end it"
status=0
wait "$pid" || status=$?
pid=
[ "$status" -eq 1 ] || fail "ended by SIGTERM with status $status"
echo "passed"
