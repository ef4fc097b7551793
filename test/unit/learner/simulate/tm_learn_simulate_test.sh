#!/bin/bash
# tm-learn simulate as people meet it: cards, workloads, wrong usage.
# Usage: tm_learn_simulate_test.sh TM-LEARN DATA-DIRECTORY
. "$(dirname "$0")/../cli.sh"
command=(simulate)
models=$data/models.db

# json EXPRESSION: true of the JSON in out, called d.
json() {
    python3 -c "import json; d=json.load(open('out')); assert $1, d" 2>>err || fail "not so: $1"
}

# -- a card --------------------------------------------------------------------------------------------------------
run 0 "$models" --model https-chat:8 --pace 1s --for 2m
has out '^https-chat, 8 users, pauses of at most 1.00 s; a path of 40.0 ms and 100 Mb/s; 1 session of '
has out 'capacity  '
has out 'a month'
has out 'added to 10 kB'
has err 'times as fast as life'
run 0 "$models" --model https-chat --users 8 --pace 1s --for 2m --json
cp out first.json
json 'd["schema_version"] == 1 and d["model"] == "https-chat" and d["users"] == 8 and d["sessions"] == 1'
json 'd["up"]["capacity_bps"] > 10000 and d["down"]["wait_p95_us"] > 0 and d["month_bytes"] > 10**10'
json '0.5 < d["useful_share"] < d["filled_share"] <= 1'
run 0 "$models" --model https-chat:8 --pace 1s --for 2m --json
cmp -s out first.json || fail "the same options give another card"
run 0 "$models" --model https-chat:8 --pace 1s --for 2m --json --seed 1
cmp -s out first.json && fail "another seed gives the same card"
run 0 "$models" --model https-chat:8 --pace 1s --for 2m --json --sessions 2
json 'd["sessions"] == 2 and d["counted_us"] == 2 * 90 * 10**6'
for master in client server; do
    for reply in early exact; do
        run 0 "$models" --model constant --for 30s --master $master --socks-reply $reply --rtt 0 --rate 1M --json
        json 'd["rtt_us"] == 0 and d["rate_bps"] == 10**6 and d["object_10kb"]["n"] + d["object_10kb"]["unfinished"] >= 1'
    done
done

# -- a workload ----------------------------------------------------------------------------------------------------
{
    echo '# a page, and a file up'
    echo '{"at_us": 20000000, "up_bytes": 400, "down_bytes": 20000}'
    echo '{"at_us": 30000000, "up_bytes": 9000, "down_bytes": 0}'
    echo '{"at_us": 500000000, "up_bytes": 1, "down_bytes": 1}'
} >work.jsonl
run 0 "$models" --model https-chat:30 --pace 1s --for 2m --workload work.jsonl
has out '2 transfers done, 9.40 kB up, 20.0 kB down'
has out '1 unfinished'
run 0 "$models" --model https-chat:30 --pace 1s --for 2m --workload work.jsonl --json
json 'd["workload"]["n"] == 2 and d["workload"]["unfinished"] == 1 and "object_10kb" not in d'
cp out work.json
run 0 "$models" --model https-chat:30 --pace 1s --for 2m --json
python3 - <<'END' || fail "a workload shows on the wire"
import json
idle, busy = json.load(open("out")), json.load(open("work.json"))
for way in "up", "down":
    for member in "wire_bytes", "wait_p50_us", "wait_p95_us", "interval_p50_us", "interval_p95_us":
        assert idle[way][member] == busy[way][member], (way, member)
END

# -- a mix costs what its parts cost ----------------------------------------------------------------------------------
for m in constant:3 https-chat:8 constant:3+https-chat:8; do
    run 0 "$models" --model $m --pace 1s --for 2m --json
    cp out "$m.json"
done
python3 - <<'END' || fail "a mix is not its parts"
import json
a, b, mix = (json.load(open(f + ".json")) for f in ("constant:3", "https-chat:8", "constant:3+https-chat:8"))
assert mix["model"] == "constant:3+https-chat:8" and mix["kind"] == "mix" and mix["users"] == 11
assert 0.8 < mix["month_bytes"] / (a["month_bytes"] + b["month_bytes"]) < 1.25, (a, b, mix)
END

# -- what is wrong -------------------------------------------------------------------------------------------------
run 2
has err 'no database'
run 2 "$models" https-chat
has err 'one argument too many'
run 2 "$models" --model https-browsing:5+https-chat:2 --users 3
has err 'the model says how many users there are'
run 2 "$models" --model https-browsing:5+https-browsing:2
has err 'https-browsing stands twice in the mix'
run 1 "$models" --model https-browsing:5+nothing
has err 'no model "nothing"'
run 2 "$models" --model https-chat:0
run 2 "$models" --users 1025 --model https-chat
run 2 "$models" --model https-chat --for soon
run 2 "$models" --model https-chat --master both
has err 'client or server'
run 1 "$models" --model nothing
has err 'https-chat'
run 1 "$models"
run 1 missing.db --model https-chat
has err 'missing.db'
echo '{"at_us": 0, "up_bytes": 1}' >bad.jsonl
run 1 "$models" --model https-chat --workload bad.jsonl
has err 'bad.jsonl:1: the transfer has no "down_bytes"'
run 1 "$models" --model https-chat --workload none.jsonl
has err 'none.jsonl'
[ -s out ] && fail "data on standard output though it failed"

finish "tm-learn simulate"
