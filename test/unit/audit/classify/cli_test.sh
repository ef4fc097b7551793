#!/bin/bash
# cli_test.sh TM-AUDIT - tm-audit classify on captures of real programs: shares add up, the same twice, bad input.
. "$(dirname "$0")/../cli.sh"
captures=data/captures
command=(classify)

args=(--real "https=$captures/https/joy-firefox58.pcap" --real "https=$captures/https/vast-vlan.pcap.gz"
    --real "ssh=$captures/ssh/vast-example.pcap.gz" --real "ssh=$captures/ssh/joy-kali-password-attack-hydra.pcap"
    --real "ssh=$captures/ssh/zeek-ssh.pcap")
for f in "$captures"/smtp/*.pcap; do
    args+=(--real "smtp=$f")
done
args+=(--keep-incomplete --port "443,22,25,587")

"$audit" classify "${args[@]}" --json >"$work/a.json" 2>"$work/err" || fail "json: $(cat "$work/err")"
"$audit" classify "${args[@]}" --json -q >"$work/b.json" 2>"$work/quiet" || fail "json, quiet"
cmp -s "$work/a.json" "$work/b.json" || fail "two runs differ"
[ ! -s "$work/quiet" ] || fail "--quiet is not: $(cat "$work/quiet")"
"$audit" classify "${args[@]}" --json --seed 2 -q >"$work/c.json" || fail "seed 2"
cmp -s "$work/a.json" "$work/c.json" && fail "another seed, the same intervals"
for key in '"schema_version": 1' '"accuracy": \[' '"balanced": \[' '"majority": 0\.' '"confusion": \[\[' \
    '"condition_kept": ' '"name": "smtp"'; do
    grep -q "$key" "$work/a.json" || fail "no $key in the JSON"
done
# Small as the captures are, programs that differ this much are named better than by guessing.
low=$(sed -n 's/.*"balanced": \[[0-9.]*, \([0-9.]*\),.*/\1/p' "$work/a.json")
awk -v low="$low" 'BEGIN { exit !(low > 1 / 3) }' || fail "not above chance: low end of the balanced rate is $low"

# The same rows by way of CSV give the same answer.
for class in https ssh smtp; do
    files=()
    for a in "${args[@]}"; do
        case $a in "$class="*) files+=("${a#*=}") ;; esac
    done
    "$audit" features --class "$class" --groups poster --keep-incomplete --port 443,22,25,587 -q \
        -o "$work/$class.csv" "${files[@]}" || fail "features of $class"
done
"$audit" classify --real "$work/https.csv" --real "$work/ssh.csv" --real "$work/smtp.csv" --json -q >"$work/d.json" ||
    fail "from CSV"
cmp -s "$work/a.json" "$work/d.json" || fail "CSV and captures differ"

# Real connections as cover: named as the real are, and the text says how many are needed.
"$audit" classify "${args[@]}" --cover "smtp:again=$work/smtp.csv" -q >"$work/text" || fail "with cover"
grep -q '^smtp:again: Too few for a claim\|^smtp:again: Named smtp' "$work/text" || fail "no finding for the cover"
grep -q 'Features: pkt_up_mean' "$work/text" || fail "features are not named"
grep -q 'guessing: 33.3' "$work/text" || fail "no chance beside the rate"

"$audit" classify --help >"$work/help" || fail "--help"
refuses 2 "real is needed"
refuses 2 "CLASS=FILE" --real "a=$work/smtp.csv" --cover "$work/smtp.csv"
refuses 2 "files come with" --real "a=$work/smtp.csv" "$work/smtp.csv"
refuses 2 "from 0 to 15" --real "a=$work/smtp.csv" --k 16
refuses 2 "split needs" --real "a=$work/smtp.csv" --split train
refuses 1 "No such file" --real "a=$work/none.pcap"
refuses 1 "session(s)" --real "ssh=$captures/ssh/suricata-ssh-newkeys.pcap" --keep-incomplete --port 22
: >"$work/empty.pcap"
refuses 1 "empty" --real "a=$work/empty.pcap"
head -1 "$work/smtp.csv" >"$work/head.csv"
refuses 1 "no " --real "a=$work/head.csv"
export ARGP_HELP_FMT=rmargin=300
expect 0 "each is its own (0)" --help
expect 0 "0: as captured (1000)" --help
exit "$bad"
