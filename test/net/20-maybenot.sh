#!/bin/bash
# Model maybenot: a file arrives byte-exact under each ready defence; the events that machines were told of are the cells on the wire,
# counted in a capture as TLS records of a cell's size; status says that the wire follows what is carried; bad machines are refused.
# 20-maybenot.sh [DEFENCE...]
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx tshark python3
sim=$(program TM_SIM) || exit 1
client=$(program TM_CLIENT) || exit 1
CELL=1448

path --delay-ms 5 --queue-packets 16384 --seed 1
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
mkdir "$WORK/docs"
random_file "$WORK/docs/file" 100000
start_nginx w 10.8.0.2:80 "$WORK/docs"
enrol
start_server server

# The papers' defences, with budgets and windows that a test can wait for.
declare -A OPTIONS=(
    [front]='--budget 200 --window-min 0.1 --window-max 0.2'
    [tamaraw]='--chunk 10'
    [regulator]='--budget 200'
    [interspace]=''
    [break-pad]=''
)

# ask PROGRAM STATE FILE
ask() {
    in_ns "$1" "$2" status --state "$3" --json >"$4" || fail "status of $2: $(cat "$4")"
}

# quiet DEFENCE: both ends' status, at a time when nothing is sent; status 1 if there was something.
quiet() {
    local before
    before=$(stat -c %s "$WORK/wire.pcap")
    sleep 0.15
    [ "$(stat -c %s "$WORK/wire.pcap")" = "$before" ] || return 1
    ask c "$client" "$CLIENT_STATE" "$WORK/$1.client.json"
    ask s "$TM_SERVER" "$SERVER_STATE" "$WORK/$1.server.json"
    [ "$(stat -c %s "$WORK/wire.pcap")" = "$before" ] || return 1
    grep -q '"streams_open":0' "$WORK/$1.client.json"
}

# check DEFENCE...: what both ends counted against the records in the capture, where each is a connection.
check() {
    tshark -r "$WORK/wire.pcap" -d "tcp.port==${SERVER##*:},tls" -Y 'tcp.len > 0 && !tcp.analysis.retransmission' -T fields -E separator='|' \
        -e tcp.stream -e ip.src -e tcp.len -e tls.record.opaque_type -e tls.record.length >"$WORK/packets" 2>/dev/null || fail "tshark"
    python3 - "$CELL" "$WORK" "$@" <<'END'
import json, sys
cell, work, names = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
at = {"10.9.0.1": "client", "10.9.0.2": "server"}
records = {(name, me): 0 for name in names for me in at.values()}
payload = dict(records)
for line in open(f"{work}/packets"):
    stream, src, n, opaque, lengths = line.rstrip("\n").split("|")
    key = names[int(stream)], at[src]
    payload[key] += int(n)
    if opaque:  # the ClientHello has no such record
        records[key] += lengths.split(",").count(str(cell - 5))
def equal(what, a, b):
    if a != b:
        sys.exit(f"{what}: {a} and {b}")
for name in names:
    end = {me: json.load(open(f"{work}/{name}.{me}.json")) for me in at.values()}
    paddings = 0
    for me, other, handshake in (("client", "server", 2), ("server", "client", 1)):
        m, e, far = end[me]["machines"], end[me]["events"], end[other]["events"]
        normal, padding = m["cells_sent_normal"], m["cells_sent_padding"]
        who = f"{name}: {me}"
        equal(f"{who}: records in the capture, cells sent", records[name, me], normal + padding)
        equal(f"{who}: payload in the capture, with the handshake", payload[name, me], cell * (handshake + normal + padding))
        equal(f"{who}: TunnelSent", e["tunnel_sent"], normal + padding)
        equal(f"{who}: NormalSent", e["normal_sent"], normal + m["cells_waiting_normal"])
        equal(f"{who}: PaddingSent", e["padding_sent"], padding + m["padding_replaced"] + m["cells_waiting_padding"] + m["padding_dropped"])
        equal(f"{who}: the other's TunnelRecv", far["tunnel_recv"], normal + padding)
        equal(f"{who}: the other's NormalRecv", far["normal_recv"], normal)
        equal(f"{who}: the other's PaddingRecv", far["padding_recv"], padding)
        equal(f"{who}: whether anything was blocked", e["blocking_begin"] > 0, name in ("tamaraw", "regulator"))
        equal(f"{who}: actions refused", m["actions_refused"], 0)
        if name != "break-pad":  # whose gaps may come out as a burst of more than the queue holds
            equal(f"{who}: padding without room", m["padding_dropped"], 0)
        if m["started"] == 0:
            sys.exit(f"{who}: no machine runs")
        paddings += padding
        print(f"{who}: {normal} cells with data, {padding} of padding, {m['padding_replaced']} replaced, {e['blocking_begin']} blocks")
    if paddings == 0:
        sys.exit(f"{name}: no padding")
END
}

[ $# -gt 0 ] || set -- front tamaraw regulator interspace break-pad
start_capture c lk0 "$WORK/wire.pcap" 2000
for name; do
    read -ra options <<<"${OPTIONS[$name]}"
    for side in client server; do
        "$sim" machine "$name" --side $side "${options[@]}" >"$WORK/$side.machines" || fail "tm-sim machine $name"
    done
    start_client client --model maybenot --machines-client "$WORK/client.machines" --machines-server "$WORK/server.machines"
    grep -q 'NOT payload-independent' "$WORK/client.log" || fail "tm-client says: $(cat "$WORK/client.log")"
    socks_get c "$SOCKS" http://10.8.0.2/file "$WORK/got" --max-time 20 -w "$name: 100 kB in %{time_total} s\n" || fail "$name: download"
    same_bytes "$WORK/docs/file" "$WORK/got"
    wait_for 20 "quiet $name" || fail "$name: it does not come to rest"
    in_ns c "$client" status --state "$CLIENT_STATE" >"$WORK/status.txt" || fail "status"
    grep -q 'NOT payload-independent: the wire follows' "$WORK/status.txt" || fail "status says: $(cat "$WORK/status.txt")"
    grep -q 'exact offset' "$WORK/status.txt" && fail "status tells of a schedule: $(cat "$WORK/status.txt")"
    ends_with_0 client
done
stop_capture c "$WORK/wire.pcap"
cat "$WORK/status.txt"
check "$@" || fail "what the ends count is not on the wire"

# refused STATUS WANTED OPTION...: this exit status, and this in what it says.
refused() {
    local expected=$1 wanted=$2 status=0
    shift 2
    in_ns c timeout 10 "$client" run --state "$CLIENT_STATE" --models "$MODELS" --socks "$SOCKS" --model maybenot "$@" >"$WORK/refused" 2>&1 ||
        status=$?
    [ $status -eq "$expected" ] || fail "$*: exit status $status: $(cat "$WORK/refused")"
    grep -q -- "$wanted" "$WORK/refused" || fail "$*: it says $(cat "$WORK/refused")"
}
printf '%s\n02garbage\n' "$(cat "$WORK/client.machines")" >"$WORK/bad"
refused 1 '--machines-client .*/bad: machine [0-9]*: ' --machines-client "$WORK/bad"
refused 1 '--machines-server .*/bad: machine [0-9]*: ' --machines-server "$WORK/bad"
for ((i = 0; i < 17; i++)); do
    printf '02eNpjYEAHjOgCAAA0AAI=\n'
done >"$WORK/many"
refused 1 'more than 16 machines' --machines-server "$WORK/many"
refused 1 'cannot read' --machines-client "$WORK/none"
refused 2 'a number from 0 to 1' --max-padding-frac 1.5
ends_with_0 server
say "passed"
