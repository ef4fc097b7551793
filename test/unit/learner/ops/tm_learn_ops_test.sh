#!/bin/bash
# sample, compare, diff, export and import as people meet them.
# Usage: tm_learn_ops_test.sh TM-LEARN DATA-DIRECTORY
. "$(dirname "$0")/../cli.sh"
models=$data/models.db

# json EXPRESSION: true of the JSON in out, called d.
json() {
    python3 -c "import json; d=json.load(open('out')); assert $1, d" 2>>err || fail "not so: $1"
}

digests() {
    "$tm_learn" list --json "$1" | python3 -c 'import json,sys
for m in json.load(sys.stdin)["models"]: print(m["name"], m["digest"])'
}

# -- export and import: the same models, whatever the way ----------------------------------------------------------
run 0 export "$models"
cp out all.json
json 'd["schema_version"] == 1 and len(d["models"]) >= 8'
run 0 import all.json -o copy.db
has err 'models written to copy.db'
[ "$(digests copy.db)" = "$(digests "$models")" ] || fail "import changes a digest"
run 0 export copy.db
cmp -s out all.json || fail "export, import, export is not the same text"
"$tm_learn" show "$models" >shown && "$tm_learn" show copy.db >shown2
cmp -s shown shown2 || fail "provenance was lost"
run 0 export "$models" smtp constant
cp out two.json
json '[m["name"] for m in d["models"]] == ["smtp", "constant"]'
run 0 import -q two.json -o two.db
[ ! -s err ] || fail "--quiet is not"
run 0 import two.json -o copy.db
[ "$(digests copy.db | wc -l)" -eq $(($(digests "$models" | wc -l) + 1)) ] || fail "the same model was not taken as such"
python3 - <<'PY'
import json
d = json.load(open("two.json"))
for m in d["models"]:
    m["provenance"] = {}
d["models"][1]["size_bytes"] = 99
json.dump(d, open("changed.json", "w"))
del d["models"][1]["digest"]
json.dump(d, open("renewed.json", "w"))
PY
cp copy.db before.db
# Two good models before a bad one are not written either.
python3 - <<'PY'
import json
d = json.load(open("two.json"))
good, bad = d["models"]
d["models"] = [dict(good, name="first"), dict(good, name="second"), dict(bad, name="third", size_bytes=0)]
json.dump(d, open("third.json", "w"))
d["models"][2] = dict(bad, name="third", provenance={"key": "v" * 5000})
json.dump(d, open("long.json", "w"))
PY
run 1 import third.json -o copy.db
has err 'third'
run 1 import long.json -o copy.db
cmp -s copy.db before.db || fail "an import with a bad third model changed the database"
run 1 import changed.json -o copy.db
has err 'digest'
run 1 import renewed.json -o copy.db
has err 'has another model constant already: give --replace'
run 1 import "$models" -o copy.db
run 1 import nothing.json -o copy.db
has err 'nothing.json: cannot be read'
cmp -s copy.db before.db || fail "an import that failed changed the database"
run 0 import renewed.json -o copy.db --replace
run 0 show copy.db constant
has out '99 bytes'
run 1 export "$models" nobody
has err 'https-browsing'
run 2 export
run 2 import all.json

# -- diff ----------------------------------------------------------------------------------------------------------
run 0 diff "$models:smtp" two.db:smtp
has out 'The statistics are the same'
run 0 diff "$models:smtp" "$models:https-chat"
has out '^num_pairs: differs, D 0'
has out 'option.port  *25,587  |  443'
run 0 diff --json "$models:smtp" "$models:https-chat"
json 'not d["same"] and len(d["parameters"]) == 11 and d["provenance"]["option.port"] == ["25,587", "443"]'
run 0 diff two.db:constant copy.db:constant
has out '^size_bytes: differs, 1448 and 99'
run 1 diff "$models" "$models:smtp"
has err 'name one: https-browsing'

# -- sample --------------------------------------------------------------------------------------------------------
run 0 sample "$models" smtp -n 50 --pcap smtp.pcap --labels smtp.csv
run 0 sample "$models" smtp -n 50 --pcap - --seed 0
cmp -s out smtp.pcap || fail "the same seed gives another capture"
run 0 sample "$models" smtp -n 50 --pcap - --seed 1
cmp -s out smtp.pcap && fail "another seed gives the same capture"
head -n 1 smtp.csv | grep -q '^from_us,prefix,class,split,path,session,load$' || fail "labels without their head"
run 0 connections --port 25 --json smtp.pcap
json 'len(d["connections"]) == 50 and all(c["opening"] and c["end"] and c["inferred_bytes"] == 0 for c in d["connections"])'
cp out connections.json
run 0 sample "$models" smtp -n 50 --json
cp out lines.json
python3 - <<'PY' || fail "the capture has other connections than the lines"
import json
lines = [json.loads(l) for l in open("lines.json")]
head, lines = lines[0], lines[1:]
assert head["schema_version"] == 1 and head["model"] == "smtp" and head["connections"] == 50, head
assert all(c["up_bytes"] == sum(w["size"] for w in c["writes"] if w["dir"] == "up") for c in lines)
def key(start, up, down):
    return (start, up, down)
base = 1000000000 * 1000000
got = sorted(key(c["start_us"] - base, c["up_bytes"], c["down_bytes"]) for c in json.load(open("connections.json"))["connections"])
want = sorted(key(c["open_us"], c["up_bytes"], c["down_bytes"]) for c in lines)
assert got == want
PY
run 0 sample "$models" smtp -n 50 --schedule
python3 - <<'PY' || fail "the schedule has other writes than the lines"
import json
s = [json.loads(l) for l in open("out")]
conns = [json.loads(l) for l in open("lines.json")][1:]
assert s[0]["t"] == "schedule" and s[0]["v"] == 1
data = [(l["c"], l["i"], l["dir"], l["size"], l["ref"], l["gap"]) for l in s if l["t"] == "data"]
assert data == [(c["c"], i, w["dir"], w["size"], w["ref"], w["gap_us"]) for c in conns for i, w in enumerate(c["writes"])]
assert [l["gap"] for l in s if l["t"] == "close"] == [c["close_gap_us"] for c in conns]
assert s[1] == {"t": "open", "c": 0, "user": 0, "session": 0, "ref": "origin", "gap": 0, "at": 0}, s[1]
PY
cp out schedule.jsonl
run 0 sample --from schedule.jsonl --pcap again.pcap --port 25
run 0 sample "$models" smtp -n 50 --pcap smtp.pcap
cmp -s again.pcap smtp.pcap || fail "the schedule file plays otherwise than its model"
run 2 sample --from schedule.jsonl --json --measured-rtt
has err 'the model.s, and --from plays none'
run 0 sample "$models" smtp -n 50 --users 50 --measured-rtt --pcap measured.pcap --labels measured.csv
[ "$(tail -n +2 measured.csv | cut -d, -f5 | sort -u | wc -l)" -gt 5 ] || fail "all sessions have one round trip"
run 1 sample "$models" constant --json --measured-rtt
has err 'constant has no round trips'
run 0 sample --from schedule.jsonl --schedule
tail -n +2 out >played
tail -n +2 schedule.jsonl | cmp -s - played || fail "a schedule file is not read as it was written"
run 0 sample --from schedule.jsonl --json -n 5
[ "$(wc -l <out)" -eq 6 ] || fail "-n does not limit a schedule file"
sed 's/"size":[0-9]*/"size":0/' schedule.jsonl >bad.jsonl
run 1 sample --from bad.jsonl --json
has err '^tm-learn: bad.jsonl:3: a size of 0: 1 to 268435456 bytes are possible$'
run 2 sample --from schedule.jsonl "$models" smtp --json
run 0 sample "$models" constant -n 3 --json
[ "$(wc -l <out)" -eq 4 ] || fail "three connections are not three lines and a head"
run 2 sample "$models" smtp
has err 'one of --json, --schedule and --pcap'
run 2 sample "$models" smtp --json --pcap x
run 2 sample "$models" smtp --json --labels x
run 2 sample "$models" smtp --json --rate fast
run 2 sample "$models" smtp --json --rtt 0
run 1 sample "$models" nobody --json
has err 'https-browsing'
run 1 sample "$models" smtp --pcap no/such/dir
has err 'no/such/dir: cannot be written'

# -- compare -------------------------------------------------------------------------------------------------------
run 0 sample "$models" smtp -n 400 --pcap smtp.pcap
run 0 compare "$models:smtp" smtp.pcap
has out '^1: .*models.db:smtp (swing model, [0-9]* connections)'
has out '^2: smtp.pcap (capture, 400 connections)'
has out '6 of 6 parameters are the same within chance'
has out '^Not judged, because .*: .*num_conn'
has out '^Wavelet energy'
has out '^rsp_bytes ~ next  *-*0'
has out '^Rank correlations differ by at most'
run 0 compare --json "$models:smtp" smtp.pcap
json 'd["sides"][0]["rank_correlation"] != d["sides"][1]["rank_correlation"]'
json 'd["same"] == 6 and d["different"] == 0 and d["sides"][1]["wavelet_log2_energy"][0]["width_us"] == 1000'
json 'all(abs(v) < 0.6 for side in d["sides"] for v in side["rank_correlation"].values() if v is not None)'
json 'len(d["sides"][0]["rank_correlation"]) == 10'
run 0 compare --json "$models:smtp" "$models:smtp"
json 'd["same"] == 6 and all(p["ks"] == 0 and p["p"] == 1 for p in d["parameters"] if p["tested"])'
run 0 compare --json "$models:smtp" "$models:https-chat"
json 'd["different"] == 6 and all(p["p_holm"] < 1e-6 for p in d["parameters"] if p["tested"] and not p["censored"])'
run 0 compare --json --port 25 "$models:https-chat" smtp.pcap
json 'd["different"] == 6'
run 0 compare --json "$models:constant" "$models:smtp" -n 100
json 'd["different"] >= 5 and d["sides"][0]["what"] == "constant model, sampled"'
run 1 compare "$models:https-chat" smtp.pcap
has err 'name the service'
run 1 compare "$models:smtp" nothing.pcap
run 2 compare "$models:smtp"

finish operations
