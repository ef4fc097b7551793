#!/bin/bash
# Seeing it: --metrics on a unix socket and on loopback, in both forms, by parsers that are not ours; the page in headless Chromium; who may
# look, and what nobody may. A download runs meanwhile with everybody looking all the time: offsets stay exact by the capture, and
# nothing of it stands in what is shown.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx python3 tcpdump
audit=$(program TM_AUDIT) || exit 1
client=$(program TM_CLIENT) || exit 1
PID_get='' PID_idle='' # set by start

path
"$(program TM_TEST_MODEL)" "$MODELS" short ssh36 || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/a-page-that-nobody-may-know-of" 400000
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol --name www.example.org

say "== what is not for this machine alone is refused"
for where in 0.0.0.0:9100 10.9.0.1:9100 example.org:9100 '*:9100' '[::]:9100'; do
    status=0
    "$client" run --state "$CLIENT_STATE" --model short --metrics "$where" 2>"$WORK/err" || status=$?
    [ "$status" -eq 2 ] || fail "--metrics $where: exit status $status"
    grep -q 'this machine alone' "$WORK/err" || fail "--metrics $where: $(cat "$WORK/err")"
    "$client" run --state "$CLIENT_STATE" --model short --ui "$where" 2>"$WORK/err" && fail "--ui $where"
done
in_ns c "$client" run --state "$CLIENT_STATE" --models "$MODELS" --model short --metrics unix:/nowhere/at/all 2>"$WORK/err" &&
    fail "a socket in no directory"
grep -q 'make the directory first' "$WORK/err" || fail "says: $(cat "$WORK/err")"

say "== both ends, a download, and everybody looks"
SOCKET=$WORK/metrics.sock
start_server server --metrics 127.0.0.1:9100 --metrics-clients --ui '[::1]:9101'
start_capture c lk0 "$WORK/c.pcap"
start_client client --model short:3+ssh36:1 --metrics "unix:$SOCKET" --ui 127.0.0.1:9101 --log-schedule "$WORK/client.jsonl"
page=$(sed -n 's/^page: //p' "$WORK/client.log")
[[ $page =~ ^http://127\.0\.0\.1:9101/[0-9a-f]{32}/$ ]] || fail "the page's address: $(cat "$WORK/client.log")"
[ "$(stat -c %a "$SOCKET")" = 660 ] || fail "mode of the socket: $(stat -c %a "$SOCKET")"

# get OUT URL [curl options]: the body in $WORK/OUT, the status code printed.
get() {
    local out=$1 url=$2
    shift 2
    in_ns c curl -sS --noproxy '*' --max-time 10 -o "$WORK/$out" -w '%{http_code}' "$@" "$url"
}
is() {
    [ "$1" = "$2" ] || fail "$3: $1, wanted $2"
    say "$3: $1"
}
metrics() {
    get "$1" http://localhost/metrics --unix-socket "$SOCKET" -D "$WORK/$1.head" "${@:2}"
}

start looking in_ns c bash -c "while curl -sS --noproxy '*' --max-time 5 '${page}data.json' >>'$WORK/looked' &&
    curl -sS --noproxy '*' --max-time 5 '${page}curves.json' >>'$WORK/looked' &&
    curl -sS --max-time 5 --unix-socket '$SOCKET' http://localhost/metrics >>'$WORK/looked'; do :; done"
start get in_ns c curl -sS --fail --noproxy '' --max-time 60 --socks5-hostname "$SOCKS" -o "$WORK/got" \
    --limit-rate 80k http://10.8.0.2/a-page-that-nobody-may-know-of
wait_for 20 "[ -s $WORK/got ]" || fail "no download: $(cat "$WORK/get.log")"

say "== by parsers that are not ours"
is "$(metrics old)" 200 "metrics"
grep -q '^Content-Type: text/plain; version=0.0.4' "$WORK/old.head" || fail "type: $(cat "$WORK/old.head")"
is "$(metrics new -H 'Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1')" 200 "OpenMetrics"
grep -q '^Content-Type: application/openmetrics-text; version=1.0.0' "$WORK/new.head" || fail "type: $(cat "$WORK/new.head")"
[ "$(tail -n 1 "$WORK/new")" = '# EOF' ] || fail "no end"
is "$(in_ns s curl -sS --noproxy '*' -o "$WORK/server" -w '%{http_code}' -H 'Accept: application/openmetrics-text' http://127.0.0.1:9100/metrics)" 200 "the server's"
grep -q '^trafficmimic_client_sessions{client="[0-9a-f]*"} 1$' "$WORK/server" || fail "no metrics of the client"
grep -q '^trafficmimic_client' "$WORK/new" && fail "the client tells of clients"
cat >"$WORK/parse.py" <<'PY'
import sys
try:
    from prometheus_client import openmetrics, parser
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_new
    from prometheus_client.parser import text_string_to_metric_families as parse_old
except ImportError:
    sys.exit(77)

def value(families, name, **labels):
    found = [s.value for f in families for s in f.samples if s.name == name and s.labels == labels]
    assert len(found) == 1, (name, labels, found)
    return found[0]

old = list(parse_old(open(sys.argv[1]).read()))
for path in sys.argv[2:]:
    text = open(path).read()
    new = list(parse_new(text))
    assert all(f.type != "unknown" for f in new), [f.name for f in new if f.type == "unknown"]
    assert all(not f.unit or f.name.endswith("_" + f.unit) for f in new)
    names = {f.name for f in new}
    for f in new:
        for s in f.samples:
            assert set(s.labels) <= {"direction", "kind", "cause", "state", "le", "client", "program", "version", "name",
                                     "digest", "master", "plan"}, s.labels
    wire = value(new, "trafficmimic_wire_bytes_total", direction="sent")
    parts = [value(new, "trafficmimic_content_bytes_total", direction="sent", kind=k) for k in ("useful", "control", "padding")]
    assert all(p > 0 for p in parts) and wire * 0.9 < sum(parts) <= wire, (wire, parts)
    parts = [value(new, "trafficmimic_content_bytes_total", direction="received", kind=k) for k in ("useful", "control", "padding")]
    assert all(p > 0 for p in parts) and sum(parts) <= value(new, "trafficmimic_wire_bytes_total", direction="received"), parts
    assert value(new, "trafficmimic_buffers_exact_total") == value(new, "trafficmimic_buffers_sent_total") > 0
    assert value(new, "trafficmimic_queue_delay_seconds_count") > 0
    assert value(new, "trafficmimic_in_control") == 1
    assert value(new, "process_open_fds") > 5 and value(new, "process_resident_memory_bytes") > 1e6
    print(path.rsplit("/")[-1], len(new), "families", sum(len(f.samples) for f in new), "samples")
by_name = {f.name for f in old}
assert {"trafficmimic_wire_bytes", "trafficmimic_model_info", "process_cpu_seconds"} <= by_name, by_name
PY
# Debian's own interpreter has Debian's library.
python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3
status=0
"$python" "$WORK/parse.py" "$WORK/old" "$WORK/new" "$WORK/server" || status=$?
[ "$status" -ne 77 ] || say "not parsed by others: python3-prometheus-client is not installed"
[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || fail "the metrics cannot be parsed"
if command -v promtool >/dev/null; then
    promtool check metrics <"$WORK/old" || fail "promtool"
    say "promtool: no complaint"
fi

say "== who may look, and how"
is "$(get out "$page")" 200 "the page"
is "$(get out "${page}page.js")" 200 "its script"
is "$(get out "http://127.0.0.1:9101/")" 404 "without a token"
is "$(get out "http://127.0.0.1:9101/00000000000000000000000000000000/data.json")" 404 "with another token"
is "$(get out "${page}../page.js" --path-as-is)" 404 "beside it"
is "$(get out "$page" -H 'Host: www.example.org')" 421 "by a name that somebody else made (DNS rebinding)"
is "$(get out "$page" -X POST)" 405 "POST"
is "$(get out "$page" -X GET -d content)" 413 "with content"
is "$(get out "$page" -H "X: $(head -c 9000 /dev/zero | tr '\0' x)")" 431 "a large head"
is "$(get out http://localhost/ --unix-socket "$SOCKET")" 404 "beside the metrics"
in_ns c curl -sSI --noproxy '*' "$page" | grep -qi "^content-security-policy: default-src 'none'; script-src 'self'" || fail "no policy"
is "$(in_ns s curl -sS -g --noproxy '*' -o "$WORK/out" -w '%{http_code}' "$(sed -n 's/^page: //p' "$WORK/server.log")data.json?since=1")" 200 "the server's page"
# Half-open ones hold all places for five seconds at most, and nothing else.
start idle in_ns s python3 -c '
import socket, time
idle = [socket.create_connection(("::1", 9101)) for _ in range(8)]
began = time.monotonic()
for s in idle:
    s.settimeout(20)
    try:
        assert s.recv(1) == b""
    except ConnectionResetError:
        pass
print("all were ended after", round(time.monotonic() - began, 1), "s")'

say "== in a browser"
if command -v chromium >/dev/null; then
    in_ns c timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
        --disable-component-update --disable-sync --user-data-dir="$WORK/chromium" --virtual-time-budget=4000 --dump-dom "$page" \
        >"$WORK/dom" 2>"$WORK/chromium.log" || fail "chromium: $(tail -n 3 "$WORK/chromium.log")"
    grep -q 'data-drawn="yes"' "$WORK/dom" || fail "the page was not drawn: $(head -c 2000 "$WORK/dom")"
    grep -q 'class="state good" role="status">in control for' "$WORK/dom" || fail "the page does not say that the model is in control"
    grep -q 'short:3+ssh36:1 (mix' "$WORK/dom" || fail "the page does not say which model"
    number_ok "$(grep -o '<path class="curve played"' "$WORK/dom" | wc -l)" 5 5 "curves of what was played"
    number_ok "$(grep -o '<path class="area payload"' "$WORK/dom" | wc -l)" 2 2 "areas of payload"
    grep -q 'Refused to' "$WORK/chromium.log" && fail "the page is against its own policy: $(grep 'Refused to' "$WORK/chromium.log")"
else
    say "not looked at in a browser: chromium is not installed"
fi

say "== slow ones"
wait "$PID_idle" || fail "half-open connections are not ended: $(cat "$WORK/idle.log")"
cat "$WORK/idle.log"
is "$(in_ns s curl -sS -g --noproxy '*' -o /dev/null -w '%{http_code}' "$(sed -n 's/^page: //p' "$WORK/server.log")")" 200 "the page behind them"

say "== nothing is told that must not be, and nothing changed on the wire"
wait "$PID_get" || fail "download: $(cat "$WORK/get.log")"
same_bytes "$WORK/docs/a-page-that-nobody-may-know-of" "$WORK/got"
stop looking
number_ok "$(grep -c '"schema_version"' "$WORK/looked")" 10 1e6 "looks meanwhile"
seed=$(head -n 1 "$WORK/client.jsonl" | sed 's/.*"seed":"\([0-9a-f]*\)".*/\1/')
[ ${#seed} -eq 32 ] || fail "no seed in the log"
grep -qE "$seed|10\.8\.0\.2|10\.9\.0\.2|nobody-may-know|www\.example" "$WORK/looked" "$WORK/server" && fail "it tells what it must not"
ends_with_0 client
[ ! -e "$SOCKET" ] || fail "the socket was left behind"
ends_with_0 server
stop_capture c "$WORK/c.pcap"
"$audit" conform --capture "$WORK/c.pcap" --log "$WORK/client.jsonl" --ignore-strangers >"$WORK/report" ||
    fail "conform: $(cat "$WORK/report")"
grep -E '^conform: ([0-9]+)/\1 offsets exact' "$WORK/report" || fail "offsets: $(cat "$WORK/report")"
say "passed"
