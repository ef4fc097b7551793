#!/bin/bash
# cli_test.sh TM_AUDIT - what `tm-audit detect` refuses, and how: exit status, and one line that says what to do.
set -u
audit=${1:?usage: cli_test.sh TM_AUDIT}
data=$(cd "$(dirname "$0")/../../../../data/captures" && pwd) || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# expect STATUS TEXT ARGUMENT...: the status, and a line on stderr that holds the text.
expect() {
    local status=$1 text=$2
    shift 2
    "$audit" detect "$@" >"$work/out" 2>"$work/err"
    local got=$?
    if [ "$got" != "$status" ] || ! grep -qF -- "$text" "$work/err"; then
        echo "FAIL: detect $*: status $got, wanted $status and: $text"
        sed 's/^/    /' "$work/err"
        failed=1
    fi
}

ssh=$data/ssh/joy-kali-normal-ssh.pcap
https=$data/https/joy-firefox58.pcap
: >"$work/empty.pcap"
head -c 20 "$https" >"$work/cut.pcap"

expect 2 "--real and --cover are needed" --real "$ssh"
expect 2 "poster, sizes, times" --real "$ssh" --cover "$https" --groups size
expect 2 "boosted or forest" --real "$ssh" --cover "$https" --learner magic
expect 2 "from 2 to 50" --real "$ssh" --cover "$https" --folds 1
expect 2 "--cover-labels or --cover-log" --real "$ssh" --cover "$https" --cover-labels x --cover-log y
expect 1 "is empty" --real "$work/empty.pcap" --cover "$https"
expect 1 "$work/cut.pcap" --real "$work/cut.pcap" --cover "$https"
expect 1 "$work/none.pcap" --real "$work/none.pcap" --cover "$https"
expect 1 "443" --real "$https" --cover "$https" --port 9
expect 1 "100 sessions and 500 connections a side" --real "$ssh" --cover "$https"
exit "$failed"
