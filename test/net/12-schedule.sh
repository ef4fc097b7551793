#!/bin/bash
# A schedule file, made by tm-learn from a model that ships, is played over an emulated path with a download running through
# it, and the packets at both ends are compared with the file itself.  First a file that TLS can carry as it is, which the server
# has never seen; then the file as the model gave it, which both ends hold.  What cannot be played is refused with its line.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
audit=$(program TM_AUDIT) || exit 1
learn=$(program TM_LEARN) || exit 1
client=$(program TM_CLIENT) || exit 1
here=${0%/*}
[ -s "${TM_MODELS:-}" ] || fail "TM_MODELS does not name the learned models"
PID_client='' PID_load='' # set by start

path
cp "$TM_MODELS" "$MODELS" || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 30000
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol --name www.example.org

"$learn" sample --schedule "$MODELS" https-browsing -n 12 --seed 7 --pace 300ms >"$WORK/sampled.jsonl" ||
    fail "tm-learn sample"
python3 "$here/playable.py" "$WORK/sampled.jsonl" "$WORK/playable.jsonl" || fail "playable.py"
say "the sample: $(grep -c '"t":"data"' "$WORK/sampled.jsonl") writes of" \
    "$(grep -c '"t":"open"' "$WORK/sampled.jsonl") connections"

# Downloads, one after another, as long as there is a tunnel; $WORK/downloads counts the right ones.
downloads() {
    local n=0
    while socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 60 2>/dev/null; do
        cmp -s "$WORK/docs/file" "$WORK/got" || exit 1
        n=$((n + 1))
        printf '%s\n' "$n" >"$WORK/downloads"
    done
}

# play NAME FILE [OPTIONS]: to the end of the file.
play() {
    local name=$1 file=$2 status=0
    shift 2
    printf '0\n' >"$WORK/downloads"
    start_capture c lk0 "$WORK/$name.c.pcap"
    start_capture s lk0 "$WORK/$name.s.pcap"
    start_client client --schedule "$file" --log-schedule "$WORK/$name.client.jsonl" \
        --summary-json "$WORK/$name.json" "$@"
    start load downloads
    wait_for 180 "! kill -0 $PID_client" || fail "$name: the client does not end"
    wait "$PID_client" || status=$?
    wait "$PID_load" || fail "$name: a download differs"
    [ "$status" -eq 0 ] || fail "$name: exit status $status: $(cat "$WORK/client.log")"
    grep -q '^summary: the schedule was played to its end' "$WORK/client.log" || fail "$name: $(cat "$WORK/client.log")"
    stop_capture c "$WORK/$name.c.pcap"
    stop_capture s "$WORK/$name.s.pcap"
    say "$name: $(grep 'carried as they are' "$WORK/client.log")"
    number_ok "$(cat "$WORK/downloads")" 1 100000 "$name: downloads that arrived whole"
    number_ok "$(json_number "$WORK/$name.json" carriers_died)" 0 0 "$name: carriers that died"
}

# conforms NAME FILE: the captures at both ends with the logs of both, and these with the file.
conforms() {
    local end
    for end in c s; do
        "$audit" conform --schedule "$2" --capture "$WORK/$1.$end.pcap" --log "$WORK/$1.client.jsonl" --log "$WORK/$1.server.jsonl" \
            >"$WORK/$1.$end.report" 2>&1 || { cat "$WORK/$1.$end.report"; fail "$1: the capture at $end does not conform"; }
    done
    say "$1: $(grep '^schedule file' "$WORK/$1.c.report")"
    say "$1: $(tail -n 1 "$WORK/$1.c.report")"
}

say "== a file that the server does not have"
start_server server --log-schedule "$WORK/told.server.jsonl"
play told "$WORK/playable.jsonl" --strict
ends_with_0 server
conforms told "$WORK/playable.jsonl"
writes=$(grep -cE '"t": ?"data"' "$WORK/playable.jsonl")
grep -q "12 of 12 connections opened; of $writes writes $writes as they stand in it, 0 projected, 0 added; 0 wrong" "$WORK/told.c.report" ||
    fail "the log is not as the file"
# The packets do not say when the run began, and the first opening may be late.
began_us=$(python3 -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
print(next(line["event"] for line in lines if line.get("ref") == "origin") + lines[0]["wall_minus_mono_us"])' \
    "$WORK/told.client.jsonl") || fail "when the run began"
python3 "$here/against_file.py" "$WORK/playable.jsonl" 4433 "$WORK/told.c.pcap" "$WORK/told.s.pcap" "$began_us" ||
    fail "what was captured is not what the file says"

say "== a file that both ends have"
start_server server --schedule "$WORK/sampled.jsonl" --log-schedule "$WORK/held.server.jsonl"
play held "$WORK/sampled.jsonl" --plan seeded
ends_with_0 server
conforms held "$WORK/sampled.jsonl"

say "== again and again, stopped, and lost"
cat >"$WORK/short.jsonl" <<'END'
{"t":"schedule","v":1}
{"t":"open","c":0,"user":0,"ref":"origin","gap":0}
{"t":"data","c":0,"i":0,"dir":"up","size":700,"ref":-1,"gap":0}
{"t":"data","c":0,"i":1,"dir":"down","size":1000,"ref":0,"gap":5000}
{"t":"data","c":0,"i":2,"dir":"up","size":300,"ref":1,"gap":100000}
{"t":"close","c":0,"gap":0}
END
start_server server
start_client client --schedule "$WORK/short.jsonl" --strict --repeat --log-schedule "$WORK/again.jsonl"
wait_for 20 "[ \$(grep -c '\"how\":\"planned\"' $WORK/again.jsonl) -ge 5 ]" || fail "the file is not played again"
ends_with_0 client
grep '^summary: the schedule was played again and again' "$WORK/client.log" || fail "$(cat "$WORK/client.log")"
sed 's/"gap":100000/"gap":30000000/' "$WORK/short.jsonl" >"$WORK/long.jsonl"
start_client client --schedule "$WORK/long.jsonl" --strict
ends_with_0 client
grep '^summary: the schedule was stopped before its end' "$WORK/client.log" || fail "$(cat "$WORK/client.log")"
start_client client --schedule "$WORK/long.jsonl" --strict
ends_with_0 server
wait_for 20 "! kill -0 $PID_client" || fail "the client waits for a server that is gone"
wait "$PID_client" && fail "a lost connection is no failure"
grep '1 of its 1 connections were lost before theirs' "$WORK/client.log" || fail "$(cat "$WORK/client.log")"

# refused 'PATTERN' FILE [OPTIONS]: exit status 1, and one line that says why, before anything is sent.
refused() {
    local pattern=$1 file=$2 status=0
    shift 2
    in_ns c timeout 60 "$client" run --state "$CLIENT_STATE" --schedule "$file" --socks "$SOCKS" "$@" \
        >"$WORK/refused.out" 2>"$WORK/refused.err" || status=$?
    [ "$status" -eq 1 ] || fail "exit status $status, wanted 1: $(cat "$WORK/refused.err")"
    grep -qE -- "$pattern" "$WORK/refused.err" || fail "no '$pattern' in: $(cat "$WORK/refused.err")"
    say "refused: $(tail -n 1 "$WORK/refused.err")"
}

# line 'EDIT': the playable file, changed by sed.
line() {
    sed "$1" "$WORK/playable.jsonl" >"$WORK/bad.jsonl"
}

say "== what cannot be played"
line '3s/"size": [0-9]*/"size": 0/'
refused 'bad.jsonl:3: .*a size of 0' "$WORK/bad.jsonl"
line '3s/"size": [0-9]*/"size": 10000000000/'
refused 'bad.jsonl:3: .*a size of 10000000000' "$WORK/bad.jsonl"
line '4s/"gap": [0-9]*/"gap": -5/'
refused 'bad.jsonl:4: a gap of -5 us: time does not run backwards' "$WORK/bad.jsonl"
line '4s/"ref": [-0-9]*/"ref": 7/'
refused 'bad.jsonl:4: .*write 1 waits for write 7, which comes later' "$WORK/bad.jsonl"
line '4s/"c": [0-9]*/"c": 99/'
refused 'bad.jsonl:4: .*connection 99 was not opened' "$WORK/bad.jsonl"
refused 'cannot be read' "$WORK/none.jsonl"
refused '--strict: .*cannot be carried as they are' "$WORK/sampled.jsonl" --strict
start_server server
refused 'does not have this schedule file' "$WORK/playable.jsonl" --plan seeded
ends_with_0 server
say "passed"
