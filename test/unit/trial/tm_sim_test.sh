#!/bin/bash
# tm-sim as a person calls it: what it prints, writes and refuses.  Usage: tm_sim_test.sh TM-SIM DATA-DIRECTORY.
set -u
tm_sim=$(realpath -- "${1:?usage: $0 TM-SIM DATA-DIRECTORY}") || exit 1
data=$(realpath -- "${2:?usage: $0 TM-SIM DATA-DIRECTORY}") || exit 1
failures=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tm-sim.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1

fail() {
    echo "FAIL: $*" >&2
    { cat err && head -n 20 out; } | sed 's/^/    /' >&2
    failures=$((failures + 1))
}

# run STATUS ARGUMENT...: output goes to the files out and err.
run() {
    local want=$1 status
    shift
    "$tm_sim" "$@" >out 2>err </dev/null
    status=$?
    [ "$status" = "$want" ] || fail "tm-sim $*: status $status, wanted $want"
}
said() { grep -q -- "$1" err || fail "$2: stderr lacks '$1'"; }
printed() { grep -q -- "$1" out || fail "$2: stdout lacks '$1'"; }

printf '0,s,100\n30000000,r,700\n31000000,r,700\n36000000,s,100\n66000000,r,500\n' >page.log

# Without machines, over the path it is from, a trace comes out as it went in.
run 0 run --trip 15ms -o - page.log
printf '0,sn,100\n30000000,rn,700\n31000000,rn,700\n36000000,sn,100\n66000000,rn,500\n' | cmp -s - out ||
    fail "the trace without machines differs"
# Written traces can be read again: padding is passed over.
mkdir written
run 0 run --ready front --seed 3 -o written --tail 20s "$data/captures/smtp/arkime-smtp-zip.pcap" page.log
printed '2 traces' "a table of two"
grep -q ',[sr]p,700$' written/page.log || fail "no padding of the largest packet's size in the written trace"
[ -s written/arkime-smtp-zip.log ] || fail "the capture's trace was not written"
run 0 run -o - written/page.log
[ "$(wc -l <out)" -eq 5 ] || fail "a written trace read again has other packets"

# The same seed gives the same, another one something else, however many traces run at a time.
captures=("$data"/captures/smtp/*.pcap)
run 0 run --ready interspace --json --jobs 1 "${captures[@]}"
mv out first
run 0 run --ready interspace --json --jobs 4 "${captures[@]}"
cmp -s first out || fail "the number of jobs changes the results"
run 0 run --ready interspace --json --seed 1 "${captures[@]}"
cmp -s first out && fail "the seed changes nothing"
printed '"schema_version": 1' "JSON"
[ "$(grep -o '"trace"' out | wc -l)" -eq ${#captures[@]} ] || fail "JSON has not all traces"

# Machines by their strings, in both modes; what machine prints is what run takes.
run 0 machine tamaraw
[ "$(wc -l <out)" -eq 1 ] || fail "tamaraw is one machine"
mv out client
run 0 machine tamaraw --side server
mv out server
for mode in network v2; do
    run 0 run --mode "$mode" --machines-client client --machines-server server page.log
    printed ' page.log$' "mode $mode"
done
run 0 machine front --seed 1
mv out first
run 0 machine front --seed 2
cmp -s first out && fail "front draws the same from another seed"
run 0 machine regulator --side server --json
printed '"machines": \["02' "machines as JSON"

# An end that slept hears later, and of several at once; little fits a window without waiting.
run 0 run --trip 15ms --wake 2ms -o - page.log
printf '0,sn,100\n34000000,rn,700\n34000000,rn,700\n39000000,sn,100\n73000000,rn,500\n' | cmp -s - out || fail "--wake"
run 0 run --trip 15ms --window -o - page.log
printf '0,sn,100\n30000000,rn,700\n31000000,rn,700\n36000000,sn,100\n66000000,rn,500\n' | cmp -s - out || fail "--window"

# What is refused.
run 2
run 2 nothing
said 'no such command' "an unknown command"
run 2 run
said 'no trace' "run without a trace"
run 2 run --mode v3 page.log
run 2 run --mode v2 --loss 0.1 page.log
said 'mode v2 knows no' "a path in mode v2"
run 2 run --mode v2 --window page.log
run 2 run --mode v2 --wake 1ms page.log
run 2 run --loss 1 page.log
run 2 run --ready front --machines-client client page.log
run 2 run -o - page.log page.log
run 2 run -o written page.log "$tmp/page.log"
said 'would be written twice' "two traces of one name"
run 2 machine
run 2 machine nothing
run 2 machine tamaraw --budget 5
said 'tamaraw has no --budget' "a number of another defence"
run 2 machine front --budget 0
said 'the budget is 0' "a number out of range"
run 2 machine front --budget 1.5
said 'not a whole number' "a fraction of a packet"
echo nonsense >bad
run 1 run --machines-client bad page.log
said 'bad:1: ' "a bad machine"
printf '0,s\nx,r\n' >bad.log
run 1 run bad.log page.log
said 'bad.log: line 2' "a bad trace"
printed ' page.log$' "the good one beside a bad one"
run 1 run /nonexistent/trace
run 1 run -o /nonexistent/directory page.log
said '/nonexistent/directory/page.log' "a directory that is not there"
"$tm_sim" machine front >/dev/full 2>err && fail "output that could not be written is no error"

# A machine that never stops is cut, and that is said: padding at once after padding.
run 0 machine front --window-min 0.01 --window-max 0.01 --budget 1000000
mv out flood
run 0 run --machines-client flood --max-steps 100 page.log
printed '(cut)' "a run that was cut"

for command in run machine; do
    run 0 "$command" --help
done
run 0 --version
printed '^tm-sim ' "the version"
[ $failures -eq 0 ] && echo "tm-sim: all as it should be"
exit $((failures > 0))
