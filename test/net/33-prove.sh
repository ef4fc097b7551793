#!/bin/bash
# tm-client prove from a fresh setup, in its shortest form.  Four tests run at the same time, each with a pattern and a control of its own:
# through a constant tunnel with a capture, without the right to capture, and capturing on the wrong interface; and through a tunnel that
# shuffles, which is to be found.  Then what may be wrong with what a test left, and no tunnel.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need setpriv
client=$(program TM_CLIENT) || exit 1
server=$(program TM_SERVER) || exit 1
audit=$(program TM_AUDIT) || exit 1
second=$WORK/state-second

path
cp "${TM_MODELS:?}" "$MODELS" || fail "models"
enrol --name www.example.org

# prove NAME STATE WRAPPER [OPTIONS]: in the background, by way of a program; its exit status in $WORK/NAME.status.
prove() {
    local name=$1 state=$2 wrapper=$3
    shift 3
    # shellcheck disable=SC2086  # the wrapper is a program with its options
    start "$name" in_ns c sh -c 'out=$1; shift; "$@"; echo $? >"$out"' sh "$WORK/$name.status" $wrapper \
        "$client" prove --state "$state" --seconds 10 --json -o "$WORK/$name.html" --keep "$WORK/$name.kept" "$@"
}

# says FILE STATUS WANTED TEXT...: the status is as wanted, and the file has every text.
says() {
    local file=$1 status=$2 wanted=$3 text
    shift 3
    [ "$status" = "$wanted" ] || fail "${file##*/}: exit status $status, wanted $wanted: $(cat "$file")"
    for text in "$@"; do
        grep -q -- "$text" "$file" || fail "${file##*/} does not say '$text': $(cat "$file")"
    done
    say "${file##*/}: exit status $status, $(grep -o '"verdict": "[^"]*"' "$file" | head -n 1)"
}

# finished NAME: waits for a test that prove began.
finished() {
    wait_for 200 "[ -s $WORK/$1.status ]" || fail "$1 does not end"
}

# finds_nothing NAME STATE WRAPPER [OPTIONS]: chance finds something in one test of a hundred; a leak is found again.
finds_nothing() {
    finished "$1"
    [ "$(cat "$WORK/$1.status")" -eq 1 ] || return
    say "$1 found something: $(cat "$WORK/$1.log")"
    rm "$WORK/$1.status"
    prove "$@"
}

# ends NAME WANTED TEXT...: of a test that prove began.
ends() {
    local name=$1 wanted=$2
    shift 2
    finished "$name"
    says "$WORK/$name.log" "$(cat "$WORK/$name.status")" "$wanted" "$@"
}

# judged NAME TRIAL WANTED TEXT...: the attacks again, on a trial's log that was changed.
judged() {
    local name=$1 trial=$2 wanted=$3 status=0
    shift 3
    "$audit" prove --json --trial "$trial" --capture "$WORK/sighted.kept/wire.pcap" \
        --control-log "$WORK/sighted.kept/control.jsonl" >"$WORK/$name.log" 2>&1 || status=$?
    says "$WORK/$name.log" "$status" "$wanted" "$@"
}

say "== no tunnel"
status=0
in_ns c "$client" prove --state "$CLIENT_STATE" --json >"$WORK/none" 2>&1 || status=$?
says "$WORK/none" "$status" 3 'no tunnel runs' '"verdict": "no verdict"'
status=0
in_ns c "$client" prove --state "$CLIENT_STATE" --seconds 9 >"$WORK/none" 2>&1 || status=$?
says "$WORK/none" "$status" 2 'seconds'

say "== four tests at once"
start_server server
"$server" invite --state "$SERVER_STATE" --name www.example.org >"$WORK/link2" || fail "invite"
in_ns c timeout 60 "$client" join "$(cat "$WORK/link2")" --state "$second" >"$WORK/join2.log" 2>&1 || fail "join"
start_client client --model constant --users 10 --log-schedule "$WORK/played.jsonl"
SOCKS=127.0.0.1:1081 CLIENT_STATE=$second start_client shuffling --model shuffle
sighted=("$CLIENT_STATE" env --log-schedule "$WORK/played.jsonl")
blind=("$CLIENT_STATE" 'setpriv --bounding-set -net_raw --inh-caps -net_raw')
prove sighted "${sighted[@]}"
prove blind "${blind[@]}"
prove astray "$CLIENT_STATE" env --interface lo
prove leaky "$second" env --socks 127.0.0.1:1081
finds_nothing sighted "${sighted[@]}"
finds_nothing blind "${blind[@]}"
ends sighted 0 '"verdict": "nothing found"' '"captured_on": "lk0"' '"ja4": "t13d02'
ends blind 0 '"verdict": "nothing found"' 'no right to capture' '"captured_on": ""'
ends astray 3 '"verdict": "no verdict"' 'it is not the interface that leads there'
ends leaky 1 '"verdict": "found"' 'not payload-independent' 'busy was told from idle'
grep -o '"conform": {[^}]*}' "$WORK/sighted.log"
[ "$(grep -o '"offsets": [1-9][0-9]*' "$WORK/sighted.log" | cut -d : -f 2)" = \
    "$(grep -o '"exact": [0-9]*' "$WORK/sighted.log" | cut -d : -f 2)" ] || fail "offsets differ from the schedule"

say "== pages"
for name in sighted blind astray leaky; do
    grep -q 'What remains to be seen' "$WORK/$name.html" || fail "$name: no page"
    grep -qE '<script|src=|href=|url\(' "$WORK/$name.html" && fail "$name: the page reaches out"
done
[ -e "$WORK/sighted.kept/state" ] && fail "the control's keys were left behind"
"$client" status --state "$CLIENT_STATE" >/dev/null || fail "the tunnel suffered"

say "== what a test may lack"
kept=$WORK/sighted.kept/trial.jsonl
# every other busy slot and every other idle one is called busy: what was told says nothing of what was done
awk '/"phase":"control"/ && /"on":/ { is = /"on":true/; n[is]++; sub(/"on":(true|false)/, n[is] % 2 ? "\"on\":true" : "\"on\":false") } 1' \
    "$kept" >"$WORK/other.jsonl"
judged control-missed "$WORK/other.jsonl" 3 'the control was not caught'
sed -E '/"phase":"model","from"/ s/"up":[0-9]+,"down":[0-9]+/"up":0,"down":0/' "$kept" >"$WORK/still.jsonl"
judged no-traffic "$WORK/still.jsonl" 3 'no traffic'
grep -v '"phase":"control","from"' "$kept" >"$WORK/half.jsonl"
judged half "$WORK/half.jsonl" 3 'slots are too few'
judged broken "$WORK/sighted.kept/control.jsonl" 3 'control.jsonl:1'

ends_with_0 client
ends_with_0 shuffling
ends_with_0 server
