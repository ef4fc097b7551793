#!/bin/bash
# scripts/evaluate from a recording to its table, as small as it gets: a model is learned, played over the recording's path, attacked, and the
# table stands in the document with its n, its AUC and no claim.  A second run plays nothing again; a run that is told to end leaves no
# namespace; what cannot be compared is refused before anything is played.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need curl nginx python3 tcpdump
here=${0%/*}
evaluate=$here/../../scripts/evaluate
client=$(program TM_CLIENT) || exit 1
learn=$(program TM_LEARN) || exit 1
build=${client%/tm/app/tm-client}
[ "$learn" = "$build/learner/tm-learn" ] || fail "the programs are not of one build directory: $client, $learn"
recording=$WORK/recording doc=$WORK/doc.md

python3 "$here/make_recording.py" "$recording" || fail "no recording"
"$learn" learn -q -o "$WORK/models.db" --name smtp --port 25,587 --key pair/26 "$recording/smtp.train.pcap" || fail "nothing learned"
printf 'above\n<!-- begin: written by scripts/evaluate -->\nold\n<!-- end: written by scripts/evaluate -->\nbelow\n' >"$doc"

# play OUT OPTION...: 5 s of 10 users, and 3 s of a download.
play() {
    local out=$1
    shift
    "$evaluate" "$recording" --models "$WORK/models.db" --build "$build" --out "$out" --only smtp --window 5 --connections 60 --sessions 10 \
        --load-seconds 3 --detect-options '--trees 20 --null 2 --no-controls --groups poster,sizes' "$@"
}

# refused 'WORDS' COMMAND...: status 1, and the words on stderr.
refused() {
    local words=$1 status=0
    shift
    "$@" >"$WORK/refused.out" 2>"$WORK/refused.log" || status=$?
    [ "$status" = 1 ] || fail "$*: status $status, wanted 1"
    grep -qF -- "$words" "$WORK/refused.log" || fail "$*: no word of: $words"
    say "refused: $(tail -n 1 "$WORK/refused.log")"
}

mkdir "$WORK/empty"
printf 'no marks\n' >"$WORK/plain.md"
refused "$WORK/empty is no recording" "$evaluate" "$WORK/empty" --build "$build" --out "$WORK/none"
refused "https-browsing: not in the recording" play "$WORK/none" --only https-browsing
refused "https-chat: not in $WORK/models.db" play "$WORK/none" --only https-chat
refused "has no lines" play "$WORK/none" --document "$WORK/plain.md"

play "$WORK/out" --document "$doc" >"$WORK/evaluate.out" 2>"$WORK/evaluate.log" || fail "evaluate: $(tail -n 5 "$WORK/evaluate.log")"
[ "$(head -n 1 "$doc") $(tail -n 1 "$doc")" = "above below" ] || fail "the document lost what stood around the marks"
! grep -qx old "$doc" || fail "the document still has the old table"
number='[0-9]+ / [0-9]+' auc='[01]\.[0-9]{3} \[[01]\.[0-9]{3}, [01]\.[0-9]{3}\]'
grep -qE "^\| smtp \| smtp \| $number \| $number \| $auc \| $auc \| - \| - \| - \| too few \|$" "$doc" || fail "no row of AUCs in $(cat "$doc")"
grep -qE "^\| smtp \| $number \| [0-9.]+ % \[" "$doc" || fail "no row of the attack that names"
grep -qE '^\| smtp \| 10 \| [0-9]+ \| [0-9]+ \| ([0-9]+) of \1 \|' "$doc" || fail "no row of what was played, every offset exact"
say "$(grep -E '^\| smtp \| smtp \| .* too few' "$doc")"
python3 - "$WORK/out/table.json" <<'PY' || fail "table.json"
import json, sys
row, = json.load(open(sys.argv[1]))["rows"]
idle, found = row["idle"], row["detect"]
assert idle["users"] == 10 and idle["connections"] >= 20 and idle["foreign"] == 0, idle
assert idle["conform"]["offsets"] > 0 and idle["conform"]["is_exact"], idle["conform"]
assert found["verdict"] == "too few" and found["cover"]["used"]["sessions"] <= 10, found["verdict"]
assert found["real"]["given"] == {"connections": 32, "sessions": 8}, found["real"]
assert row["loaded"]["payload_kbps"] > 0 and 0 < row["loaded"]["useful_share"] < 1, row["loaded"]
PY

stamp=$(stat -c %Y.%i "$WORK/out/smtp/idle/done.json" "$WORK/out/smtp/loaded/done.json")
cp "$doc" "$WORK/before.md"
play "$WORK/out" --document "$doc" >"$WORK/again.out" 2>"$WORK/again.log" || fail "evaluate again: $(tail -n 5 "$WORK/again.log")"
[ "$stamp" = "$(stat -c %Y.%i "$WORK/out/smtp/idle/done.json" "$WORK/out/smtp/loaded/done.json")" ] || fail "it was played again"
cmp -s "$doc" "$WORK/before.md" || fail "the same steps gave another table"

start stopped "$evaluate" "$recording" --models "$WORK/models.db" --build "$build" --out "$WORK/stopped" --only smtp --window 60
# shellcheck disable=SC2154  # set by start
wait_for 20 "ip netns list | grep -q tmev$PID_stopped-" || fail "it makes no namespace"
kill -TERM "$PID_stopped"
wait "$PID_stopped"
[ $? = 143 ] || fail "told to end, it did not end with status 143"
! ip netns list | grep -q "tmev$PID_stopped-" || fail "it left namespaces: $(ip netns list)"
say "passed"
