#!/bin/bash
# tm-learn as people meet it: what it prints, its exit status, and what it leaves alone when it fails.
# Usage: tm_learn_test.sh TM-LEARN DATA-DIRECTORY
. "$(dirname "$0")/cli.sh"

# The last command failed with one line on stderr that holds $1, nothing on stdout, and the database as it was.
failed_with() {
    has err "$1"
    [ "$(wc -l <err)" -eq 1 ] || fail "more than one line on stderr"
    [ ! -s out ] || fail "something on stdout"
    cmp -s models.db before.db || fail "the database was touched"
}

# -- learning ------------------------------------------------------------------------------------------------------
run 0 learn --k 1 -o models.db --name web --port 443 "$golden"
has err 'web: 5 connections in 3 sessions'
has err 'left out 1 connection with fewer than 6 packets'
has err 'left out 1 connection without an exchange'
has err 'few; a model this small repeats itself'
has err 'warning: with --k 1 .*do not give it away'
run 0 list models.db
has out '^web  *swing  *[0-9a-f]\{16\}  5 .*'
run 0 show models.db web
has out '^req_bytes  *9  *1 B'
has out '^inter_session_us  *1  *6.67 min'
has out 'option.rre_gap_us  *2000000'
has out 'connections  *5'
run 0 list --json models.db
python3 -c 'import json,sys; d=json.load(open("out")); assert d["schema_version"]==1 and d["models"][0]["connections"]==5' ||
    fail "list --json"
digest=$(python3 -c 'import json; print(json.load(open("out"))["models"][0]["digest"])')
run 0 show --json models.db web
python3 -c 'import json
m=json.load(open("out"))["models"][0]
p={x["name"]: x for x in m["parameters"]}
assert len(p)==11 and p["req_bytes"]["max"]==2900 and p["rsp_bytes"]["n"]==8 and p["num_pairs"]["mean"]==1.8, p
assert m["provenance"]["connections"]=="5"' || fail "show --json"
joint=$data/corpus/model_load_fuzz/joint.db
run 0 show "$joint" pages
has out "^deck *6 connections (3 first of an RRE, 3 later), 34 writes"
run 0 show --json "$joint" pages
python3 -c 'import json,sys
m=json.load(open("out"))["models"][0]
assert m["kind"]=="joint" and m["deck"]["connections"]==6 and m["recombine"]["share_max"]==100
assert [p["name"] for p in m["parameters"]]==["num_conn","inter_conn_us"]' || fail "show --json of a joint model"
run 0 list "$joint"
has out "^pages  *joint "
run 0 show models.db constant
has out 'size  *1448 bytes'

# The same packets from gzip, from standard input, in several files, in any order: the same digest.
digest_of() {
    "$tm_learn" list --json "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["models"][0]["digest"])'
}
gzip -c "$golden" >packed
run 0 learn --k 1 -o gz.db --name x --port 443 packed
[ "$(digest_of gz.db)" = "$digest" ] || fail "gzip changes the digest"
if command -v zstd >/dev/null; then
    zstd -q -c "$golden" >packed.too
    run 0 learn --k 1 -o zstd.db --name x --port 443 packed.too
    [ "$(digest_of zstd.db)" = "$digest" ] || fail "zstd changes the digest"
fi
mkdir -p folder/below
cp "$golden" folder/below/a.pcap
echo 'notes' >folder/notes.txt
cp "$golden" folder/.hidden.pcap
run 0 learn --k 1 -o dir.db --name x --port 443 folder
[ "$(digest_of dir.db)" = "$digest" ] || fail "a directory changes the digest"
has err 'passed over 1 file that is no capture'
"$tm_learn" learn --k 1 -o stdin.db --name x --port 443 - <"$golden" 2>err || fail "standard input"
[ "$(digest_of stdin.db)" = "$digest" ] || fail "standard input changes the digest"
run 0 learn --k 1 -o ab.db --name x --port 443 "$golden" "$data"/captures/https/suricata-tls13-draft19.pcap
run 0 learn --k 1 -o ba.db --name x --port 443 "$data"/captures/https/suricata-tls13-draft19.pcap "$golden"
[ "$(digest_of ab.db)" = "$(digest_of ba.db)" ] || fail "the order of files changes the digest"
run 0 learn --k 1 -o none.db --name x --port 443 --join none "$golden" "$data"/captures/https/suricata-tls13-draft19.pcap
[ "$(digest_of ab.db)" = "$(digest_of none.db)" ] || fail "captures of different years are joined"
[ "$(digest_of ab.db)" != "$digest" ] || fail "a second file does not change the digest"
"$tm_learn" show ab.db >a; "$tm_learn" show ba.db >b
cmp -s a b || fail "the order of files shows"

# Rare values are pooled, and what is too rare altogether is left out or refused.
run 1 learn -o few.db --name x --port 443 "$golden"
has err '5 observations of num_pairs: too few, a value stands for 8 at least'
[ ! -e few.db ] || fail "too few observations made a database"
run 0 learn -o pooled.db --name x --port 443 --k 3 "$golden"
has err 'left out inter_session_us: 1 observation, too few'
has err 'left out [0-9]* of what is measured and not played: fewer than 3 observations'
run 0 show --json pooled.db
python3 -c 'import json
m=json.load(open("out"))["models"][0]
p={x["name"]: x for x in m["parameters"]}
v=m["provenance"]
assert p["req_bytes"]["n"]==9 and p["inter_session_us"]["n"]==0, p
assert p["req_bytes"]["max"] < 2900, p
assert v["option.k"]=="3" and v["users"]=="2", v
assert int(v["values.pooled"]) > 0 and int(v["values.dropped"]) > 0, v' || fail "pooling"

# A model says nothing about where it comes from.
for secret in 192.0.2 198.51 2001:db8 learner.pcap golden 2023 1700000000; do
    strings -a models.db | grep -q -F "$secret" && fail "the database holds $secret"
done

# -- other commands ------------------------------------------------------------------------------------------------
run 0 connections --port 443 "$golden"
[ "$(grep -c '^1' out)" -eq 5 ] || fail "connections"
run 0 connections --json --port 443 "$golden"
python3 -c 'import json; assert len(json.load(open("out"))["connections"])==5' || fail "connections --json"
run 0 --version
has out '^tm-learn [0-9]'
run 0 --help
has out 'learn a model from captures'
for verb in learn merge finish audit list show connections; do
    run 0 $verb --help
    has out "Usage: tm-learn $verb"
done

# What a model tells of those it was learned from: everything, when every value is kept.
run 1 audit --train "$golden" models.db web
has out 'learned from 5 connections of 2 users'
has out 'tells too much; do not give it away'
run 1 audit --json --train "$golden" --heldout "$data"/captures/https/joy-firefox58.pcap models.db web
python3 -c 'import json
x=json.load(open("out"))
assert x["schema_version"]==1 and x["train"]["connections"]==5 and not x["few_ok"] and not x["draws_ok"], x
assert x["distance"]["drawn"]["median"] < x["distance"]["heldout"]["median"], x' || fail "audit --json"
run 1 audit --train "$golden" models.db constant
has err 'constant is built in'
run 1 audit --train missing.pcap models.db web
has err 'missing.pcap'

# -- classes, rules, snapshot length ---------------------------------------------------------------------------------
run 0 learn --k 1 -o classes.db --name ours --port 443 --class far='host 198.51.100.2' --class six=ip6 --other rest "$golden"
has err 'ours: 5 connections'
has err 'far: 1 connections'
has err 'six: 1 connections'
has err 'rest: 1 connections' # that of port 80
[ "$(digest_of classes.db | wc -l)" -eq 1 ] || fail "list --json of classes"
run 0 list classes.db
[ "$(grep -c ' swing ' out)" -eq 4 ] || fail "four models"
run 0 learn --k 1 -o one.db --class ours='tcp port 443' "$golden"
run 0 show --json one.db ours
has out '"option.class": "by filter"'
for rules in default paper code; do
    run 0 learn --k 1 -q -o rules.db --name $rules --rules $rules --port 443 "$golden"
done
python3 - "$tm_learn" <<'PY' >out 2>err || fail "rules"
import json, subprocess, sys
models = {m["name"]: m for m in json.loads(subprocess.run([sys.argv[1], "show", "--json", "rules.db"],
                                                           capture_output=True, check=True).stdout)["models"]}
p = {n: {x["name"]: x for x in m["parameters"]} for n, m in models.items()}
assert p["code"]["server_think_us"]["n"] == 0 and p["default"]["server_think_us"]["n"] == 8
assert p["code"]["num_conn"]["n"] == 5 and p["default"]["num_conn"]["n"] == 4  # a user is a pair of hosts
assert models["paper"]["provenance"]["option.conn_end"] == "close"
assert models["code"]["provenance"]["option.conn_end"] == "payload"
assert p["paper"]["inter_rre_us"]["n"] == 0 and p["default"]["inter_rre_us"]["n"] == 1  # 10 s are one RRE on paper
assert p["default"]["inter_conn_us"]["cut_above"] == 30000000 and p["default"]["req_bytes"]["cut_above"] is None
PY
# Openings without end, a thousand to one connection: a bounded table, a line about where, and the model is that of the rest.
python3 - <<'PY' >flood.pcap
import struct, sys
def packet(t, source, port, flags, seq=0, ack=0, length=0, is_up=True):
    ends = (struct.pack(">I", source), bytes([10, 128, 0, 1]))
    ports = (port, 443)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + length, 0, 0, 64, 6, 0) + b"".join(ends if is_up else ends[::-1])
    tcp = struct.pack(">HHIIBBHHH", *(ports if is_up else ports[::-1]), seq, ack, 0x50, flags, 1000, 0, 0)
    return struct.pack("<IIII", t // 1000000, t % 1000000, 40, 40 + length) + ip + tcp
sys.stdout.buffer.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
for i in range(20000):
    t = 10**15 + i * 1000
    sys.stdout.buffer.write(packet(t, i, 1024, 2))
    if i % 1000 == 0:
        talk = ((True, 2, 0, 0, 0), (False, 18, 0, 1, 0), (True, 24, 1, 1, 100), (False, 24, 1, 101, 900), (True, 17, 101, 901, 0),
                (False, 17, 901, 102, 0), (True, 16, 102, 902, 0))
        for n, (is_up, flags, seq, ack, length) in enumerate(talk):
            sys.stdout.buffer.write(packet(t + 10 * n, 2**24 + i, 1025, flags, seq, ack, length, is_up))
PY
run 0 learn -o flood.db --name web --port 443 --max-flows 50 flood.pcap
has err 'warning: flood.pcap: by packet [0-9]* the table of open connections is full'
[ "$(grep -c 'is full' err)" -eq 1 ] || fail "more than one line about the flood"
run 0 show flood.db web
has out 'connections  *20$'
has out 'connections.ended_early  *199[0-9][0-9]'
# Pauses are played from where they were learned from.
for rules in default code; do
    run 0 sample --schedule -n 50 rules.db $rules
    sed -n 's/.*"ref":"\(over\|ended\)".*/\1/p' out | sort -u >refs
    case $rules in
    code) [ "$(cat refs)" = over ] || fail "pauses from the last byte are played from: $(cat refs)" ;;
    *) [ "$(cat refs)" = ended ] || fail "pauses from the closing are played from: $(cat refs)" ;;
    esac
done
if command -v editcap >/dev/null; then
    for f in "$data"/captures/https/*; do editcap -F pcap -s 96 "$f" "short-$(basename "$f")" 2>/dev/null || :; done
    run 0 learn --k 1 -o long.db --name x --port 443 "$data"/captures/https/*
    run 0 learn --k 1 -o short.db --name x --port 443 short-*
    has err 'no record layout of [0-9]* TLS connections'
    python3 - "$tm_learn" <<'PY' >out 2>err || fail "snapshot length"
import json, subprocess, sys
a, b = (json.loads(subprocess.run([sys.argv[1], "show", "--json", f], capture_output=True, check=True).stdout)["models"][0]
        for f in ("long.db", "short.db"))
assert a["parameters"] == b["parameters"] and a["digest"] != b["digest"]
tls = lambda m: {x["name"]: x["n"] for x in m["measured"] if x["name"].startswith("tls_")}
assert all(n > 0 for n in tls(a).values()) and not any(tls(b).values()), (tls(a), tls(b))
PY
fi

# -- wrong usage: status 2 -----------------------------------------------------------------------------------------
run 2
run 2 lern
has err 'no such command'
run 2 learn -o x.db --name web "$golden"
has err 'no port'
run 2 learn -o x.db --port 443 "$golden"
has err 'no name'
run 2 learn --name web --port 443 "$golden"
has err 'no database'
run 2 learn -o x.db --name web --port 443
has err 'no capture'
run 2 learn -o x.db --name web --port 70000 "$golden"
run 2 learn -o x.db --name web --port 443,, "$golden"
run 2 learn -o x.db --name '-web' --port 443 "$golden"
run 2 learn -o x.db --name 'a b' --port 443 "$golden"
run 2 learn -o x.db --name web --port 443 --rre-gap 2x "$golden"
has err 'not a time'
run 2 learn -o x.db --name web --port 443 --max-pairs 0 "$golden"
run 2 learn -o x.db --name web --port 443 --key host "$golden"
run 2 learn -o x.db --name web --port 443 --key pair/33 "$golden"
run 2 learn -o x.db --name web --port 443 --points 15 "$golden"
run 2 learn -o x.db --name web --port 443 --join some "$golden"
has err 'following, all or none'
run 2 learn -o x.db --name web --port 443 - -
run 2 learn -o x.db --name web --port 443 --k 0 "$golden"
run 2 audit models.db web
has err 'no training capture'
run 2 audit --train "$golden" models.db
run 2 audit --train "$golden" --max-rare 200 models.db web
run 2 learn -o x.db --class 'tcp port 443' "$golden"
run 2 learn -o x.db --class a=tcp --class a=udp "$golden"
has err 'two models of one name'
run 2 learn -o x.db --name web --class a=tcp "$golden"
run 2 learn -o x.db --name web --port 443 --rules swing "$golden"
run 2 learn -o x.db --name web --port 443 --conn-end fin "$golden"
run 2 list
run 2 list a b
[ ! -e x.db ] || fail "wrong usage made a database"

# -- failures: status 1, one line, the database untouched -----------------------------------------------------------
cp models.db before.db
run 1 learn -o models.db --name web --port 443 missing.pcap
failed_with 'missing.pcap: cannot open: No such file'
run 1 learn -o models.db --name web --port 443 "$golden" missing.pcap
failed_with 'missing.pcap'
: >empty.pcap
run 1 learn -o models.db --name web --port 443 empty.pcap
failed_with 'empty.pcap: is empty'
head -c 20 "$golden" >cut.pcap
run 1 learn -o models.db --name web --port 443 cut.pcap
failed_with 'cut.pcap: ends inside its file header'
echo 'this is a letter and not a capture of packets' >letter.pcap
run 1 learn -o models.db --name web --port 443 letter.pcap
failed_with 'letter.pcap: not a readable pcap'
mkdir empty
run 1 learn -o models.db --name web --port 443 empty
failed_with 'empty: is a directory without a capture in it'
{ head -c 20 "$golden"; printf '\151\0\0\0'; } >wifi.pcap
run 1 learn -o models.db --name web --port 443 wifi.pcap
failed_with 'wifi.pcap: link type IEEE802_11 .*is not supported'
run 1 learn -o models.db --name web --port 8080 "$golden"
failed_with 'no connection on port 8080 in the captures; the busiest ports are 443, '
run 1 learn -o models.db --class 'web=tcp prot 443' "$golden"
failed_with 'filter "tcp prot 443": .*pcap-filter'
run 1 learn --k 1 -o models.db --name web --port 443 --class none='host 192.0.2.77' "$golden"
failed_with 'no usable connection in class none'
run 1 learn -o models.db --name web --port 443 --min-packets 1000 "$golden"
failed_with 'no usable connection on port 443: 7 with fewer than 1000 packets'
run 1 learn -o letter.pcap --name web --port 443 "$golden"
failed_with 'letter.pcap'
run 1 learn -o missing/models.db --name web --port 443 "$golden"
failed_with 'missing/models.db: cannot write'
if [ "$(id -u)" -ne 0 ]; then
    chmod 500 . && run 1 learn -o new.db --name web --port 443 "$golden"
    chmod 700 .
fi
run 1 list missing.db
failed_with 'missing.db'
run 1 show models.db webb
failed_with 'webb'
run 1 list letter.pcap
failed_with 'letter.pcap'

# A capture cut in the middle: what was before is used, with a warning.
head -c 5000 "$golden" >half.pcap
run 0 learn --k 1 -o half.db --name web --port 443 half.pcap
has err 'warning: half.pcap: cut or damaged after packet 48 .*what was read before is used'
run 0 show half.db
has out 'captures.damaged  *1'

# A capture put together in the wrong order: read as it is, with a warning.
{ cat "$golden"; tail -c +25 "$golden"; } >twice.pcap
run 0 learn --k 1 -o twice.db --name web --port 443 twice.pcap
has err 'twice.pcap: time goes back: .* the first is packet 108, by up to'

finish tm-learn
