#!/bin/bash
# A minute of silence on the only carrier, with the server as master: the carrier lives through it, every time and size
# is the schedule's, and when it has ended the client opens the next one unaided.  An application that spoke into the
# silence waits, and gets its answer with what the schedule sends next.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
audit=$(program TM_AUDIT) || exit 1
PID_get='' # set by start

path
"$(program TM_TEST_MODEL)" "$MODELS" silent || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 100
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol --name www.example.org
start_capture c lk0 "$WORK/c.pcap"
start_server server --log-schedule "$WORK/server.jsonl"
start_client client --model silent --users 1 --master server --socks-reply early \
    --log-schedule "$WORK/client.jsonl" --summary-json "$WORK/client.json"

# opened N: the client has opened carrier N.
opened() {
    grep -q "\"t\":\"up\",\"c\":$1," "$WORK/client.jsonl"
}
wait_for 5 "grep -q '\"t\":\"recv\",\"c\":0,\"i\":1' $WORK/client.jsonl" || fail "no answer on the first carrier"
start get in_ns c curl -sS --fail --noproxy '' --max-time 80 --socks5-hostname "$SOCKS" -o "$WORK/got" http://10.8.0.2/file
wait_for 75 'opened 1' || fail "the second carrier was not opened"
say "the second carrier is open: $(in_ns c ss -Htn state established "dport = :4433" | wc -l) live"
wait "$PID_get" || fail "download: $(cat "$WORK/get.log")"
same_bytes "$WORK/docs/file" "$WORK/got"
ends_with_0 client
ends_with_0 server
stop_capture c "$WORK/c.pcap"
number_ok "$(json_number "$WORK/client.json" carriers_died)" 0 0 "carriers that died"
python3 - "$WORK/client.jsonl" <<'PY' || fail "the silence"
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
waits = [l for l in lines if l["t"] == "write" and l["gap"] >= 60_000_000]
opens = [l for l in lines if l["t"] == "open"]
assert waits and all(l["first"] - l["event"] >= 60_000_000 for l in waits), waits
ended = [l["at"] for l in lines if l["t"] == "end" and l["c"] == 0 and l["how"] == "planned"]
assert len(opens) >= 2 and ended and opens[1]["event"] >= ended[0], (opens, ended)
print("silent for", (waits[0]["first"] - waits[0]["event"]) / 1e6, "s; opened", len(opens), "carriers, the second",
      (opens[1]["due"] - ended[0]) / 1e6, "s after the first had ended")
PY
"$audit" conform --capture "$WORK/c.pcap" --log "$WORK/client.jsonl" --log "$WORK/server.jsonl" >"$WORK/report" 2>&1 ||
    { cat "$WORK/report"; fail "does not conform"; }
tail -n 1 "$WORK/report"
say "passed"
