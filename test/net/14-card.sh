#!/bin/bash
# A card keeps its word: a download through the programs takes about as long as tm-learn simulate says that it will, for the same
# model, users, pace, seed and path.  Within a tenth on a machine that runs other tests beside; `scripts/usefulness --only downloads` holds eight to a twentieth.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3
SEED=7
BYTES=5000000

path
cp "$TM_MODELS" "$MODELS" || fail "the learned models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" "$BYTES"
start_nginx w '[::]:80 ipv6only=off' "$WORK/docs"
enrol
start_server server
start_client client --preset default --seed "$SEED" --log-schedule "$WORK/client.jsonl"
begun='"ref":"origin"' # the first opening waits for nothing else: its event is the start of the schedule
wait_for 5 "grep -q '$begun' $WORK/client.jsonl" || fail "no opening in the log"
took=$(socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 120 -w '%{time_total}') || fail "download"
over_s=${EPOCHREALTIME/,/.}
at_us=$(python3 -c 'import json, sys
lines = [json.loads(line) for line in open(sys.argv[1]) if line.endswith("\n")]
begin_us = min(line["event"] for line in lines if line.get("ref") == "origin") + lines[0]["wall_minus_mono_us"]
print(int((float(sys.argv[2]) - float(sys.argv[3])) * 1e6) - begin_us)' "$WORK/client.jsonl" "$over_s" "$took") || fail "when the download began"
same_bytes "$WORK/docs/file" "$WORK/got"
ends_with_0 client
ends_with_0 server

printf '{"at_us": %d, "up_bytes": 80, "down_bytes": %d}\n' "$at_us" "$((BYTES + 250))" >"$WORK/work.jsonl"
"$(program TM_CLIENT)" models --models "$MODELS" --json >"$WORK/models.json" || fail "tm-client models"
read -r model users pace_us < <(python3 -c 'import json, sys
p = {p["preset"]: p for p in json.load(open(sys.argv[1]))["presets"]}["default"]
print(p["model"], p["users"], p["pace_us"])' "$WORK/models.json")
[[ $model == *:* ]] && said=() || said=(--users "$users") # a mix counts its users itself
"$(program TM_LEARN)" simulate "$MODELS" --model "$model" "${said[@]}" --pace "${pace_us}us" --seed "$SEED" --rtt 42ms \
    --workload "$WORK/work.jsonl" --for 3m --json >"$WORK/card.json" 2>/dev/null || fail "tm-learn simulate"
python3 - "$took" "$WORK/card.json" <<'END' || fail "the card is not kept"
import json, sys
took, card = float(sys.argv[1]), json.load(open(sys.argv[2]))
said = card["workload"]["whole_p50_us"] / 1e6
print(f"the download took {took:.1f} s, the simulation {said:.1f} s")
assert abs(took / said - 1) < 0.1
END
say "passed"
