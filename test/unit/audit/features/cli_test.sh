#!/bin/bash
# tm-audit features as a person calls it: results, messages and exit statuses.  $1: tm-audit, $2: audit_feature_files.
. "$(dirname "$0")/../cli.sh"
files=$(realpath -- "$2") || exit 1
here=$(cd "$(dirname "$0")" && pwd)
command=(features)

"$files" "$work" || exit 1
cd "$work" || exit 1

expect 0 "class,session,load,start_us,pkt_up_mean,pkt_down_mean,bytes_up,bytes_down,duration_ms" --groups poster -q web.train.pcap
same "lines of a table" "$(wc -l <<<"$out")" 8
same "first row" "$(sed -n 2p <<<"$out")" "web,web.train.pcap#0,0,1763710010000000,300,766.666687,600,2300,2021"
expect 0 "features: 7 connections of 1 sessions in 1 classes from 1 files; left out: 0 incomplete, 0 of another split; 1 captured beside the client" \
    --labels labels.csv -o o.csv web.train.pcap
same "session and loads of the labels" "$(cut -d, -f1-3 o.csv | sort | uniq -c | tr -s ' \n' ' ')" \
    " 1 class,session,load 4 web,web-1,0 3 web,web-1,1 "
expect 0 "features: 18 connections of 3 sessions in 2 classes from 3 files" --labels labels.csv -o all.csv web.train.pcap web.heldout.pcap mail.pcap
expect 0 "features: 8 connections of 1 sessions in 1 classes from 2 files; left out: 0 incomplete, 7 of another split" \
    --labels labels.csv --split heldout -o o.csv web.train.pcap web.heldout.pcap
expect 0 "features: 3 connections of 3 sessions in 1 classes from 1 files; left out: 0 incomplete, 0 of another split" --port 25 -o o.csv mail.pcap
expect 0 "features: 3 connections of 2 sessions in 1 classes" --block-s 20 --class x -o o.csv mail.pcap
same "given class" "$(sed -n 2p o.csv | cut -d, -f1,2)" "x,mail.pcap#0"

# Tables are read again, and nothing is lost on the way.
"$audit" features -q --labels labels.csv -o first.csv web.train.pcap mail.pcap
"$audit" features -q -o second.csv first.csv
cmp -s first.csv second.csv || fail "a table read and written again differs"
gzip -k web.train.pcap
same "gzip'd capture" "$("$audit" features -q --class a web.train.pcap.gz | cut -d, -f3-)" "$("$audit" features -q --class a web.train.pcap | cut -d, -f3-)"
same "standard input" "$("$audit" features -q --class a - <web.train.pcap | cut -d, -f3-)" "$("$audit" features -q --class a web.train.pcap | cut -d, -f3-)"

# The summary as an object.
expect 0 '{"schema_version": 1, "output": "o.csv", "format": "csv", "columns": 5, "floor_us": 1000, "connections": 7, "sessions": 1, "classes": [{"name": "web", "connections": 7, "sessions": 1}], "files": 1, "captured_at": {"unknown": 0, "client": 1, "middle": 0, "server": 0}, "left_out": {"incomplete": 0, "other_split": 0}, "unlabelled": 0}' \
    --json --groups poster --labels labels.csv -o o.csv web.train.pcap
expect_line 0 '"connections": 18, "sessions": 3, "classes": [{"name": "web", "connections": 15, "sessions": 2}, {"name": "mail", "connections": 3, "sessions": 1}], "files": 3' \
    --json --labels labels.csv -o o.csv web.train.pcap web.heldout.pcap mail.pcap
expect_line 0 '"format": "npz", "columns": 100,' --json --max-len 100 -o o.npz web.train.pcap
refuses 2 "--json prints a summary on standard output" --json web.train.pcap

if command -v python3 >/dev/null; then
    all=(--labels labels.csv web.train.pcap web.heldout.pcap mail.pcap)
    expect 0 "18 connections" -o all.csv "${all[@]}"
    expect 0 "18 connections" --max-len 100 -o o.npz "${all[@]}"
    "$here/check_npz.py" o.npz all.csv || fail "the sequences are not those of the table"
    expect 0 "18 connections" --groups tam -o tam.npz "${all[@]}"
    "$here/check_npz.py" tam.npz all.csv tam || fail "the matrices are not those of the table"
    # The check itself can fail: a byte of an element, then of another file's rows.
    { head -c 300 o.npz && printf '\x55' && tail -c +302 o.npz; } >bent.npz
    "$here/check_npz.py" bent.npz all.csv 2>bent.err && fail "a changed byte was not seen"
    "$here/check_npz.py" o.npz <(sed '2s/^web/mail/' all.csv) 2>bent.err && fail "another class was not seen"
fi

# A file cut in its middle is used up to there.
head -c 1500 web.train.pcap >cut.pcap
expect 0 "warning: cut.pcap: cut or damaged after packet" -o o.csv cut.pcap
expect 0 "1 connections of 1 sessions in 1 classes from 1 files; left out: 1 incomplete" -o o.csv cut.pcap

: >empty.pcap
printf 'not a capture, and long enough to be one of something else\n' >text.pcap
head -c 20 web.train.pcap >short.pcap
rm -f o.csv
expect_line 1 "empty.pcap: is empty" -o o.csv empty.pcap
expect_line 1 "text.pcap: not a readable pcap or pcapng capture" text.pcap
expect_line 1 "short.pcap: ends inside its file header" short.pcap
expect_line 1 "missing.pcap: cannot open: No such file" missing.pcap
expect_line 1 "unknown.pcap: link type" unknown.pcap
expect_line 1 "nothing.pcap: holds no TCP packet" nothing.pcap
expect_line 1 "mail.pcap: no connection on the ports asked for; ports in it, the busiest first: 25 (--port)" --port 443,22 mail.pcap
expect_line 1 "opened-before.pcap: no connection with its opening (SYN) in it" opened-before.pcap
expect_line 1 "no connection is left of 3: 3 are incomplete" --port 25 opened-before.pcap
expect 0 "3 connections" --port 25 --keep-incomplete -o kept.csv opened-before.pcap
expect_line 1 "no connection is left of 7: 0 are incomplete" --labels labels.csv --split heldout web.train.pcap
if [ -e o.csv ] || [ -e o.csv.part ]; then
    fail "a failed run left a file behind"
fi

printf 'from_us,prefix,class,split,path,session,load\n0,10.1.0.0/29,web,train,20ms,web-1\n' >bad.csv
expect_line 1 "bad.csv:2: 6 fields; wanted 7" --labels bad.csv web.train.pcap
expect_line 1 "web.train.pcap: not a file of labels" --labels web.train.pcap web.train.pcap
expect_line 1 "none.csv: No such file" --labels none.csv web.train.pcap
sed 's/^web,web-1,0,[0-9]*,[^,]*/web,web-1,0,5,x/' first.csv >bad2.csv
expect_line 1 "bad2.csv:2: not a number: \"x\"" bad2.csv
expect_line 1 "first.csv: has no column tam_up_0; write it again with the groups wanted" --groups tam first.csv
expect_line 1 "no/such/o.csv: cannot be written" -o no/such/o.csv web.train.pcap

# Interfaces of different link types in one pcapng, Ethernet and raw IP, are no fault; that nothing was captured on either is.
{
    printf '\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0'
    printf '\x01\0\0\0\x14\0\0\0\x01\0\0\0\0\0\x04\0\x14\0\0\0'
    printf '\x01\0\0\0\x14\0\0\0\x65\0\0\0\0\0\x04\0\x14\0\0\0'
} >mixed.pcapng
expect_line 1 "mixed.pcapng: holds no TCP packet" mixed.pcapng

expect 2 "name at least one capture"
expect 2 "--split needs --labels" --split train web.train.pcap
expect 2 "--groups sizes,colours: poster, sizes, times, cumul, all or tam are wanted" --groups sizes,colours web.train.pcap
expect 2 "--port \"0\": ports from 1 to 65535" --port 0 web.train.pcap
expect 2 "--floor-us x: a whole number" --floor-us x web.train.pcap
expect 2 "--max-len 0: a whole number from 1" --max-len 0 web.train.pcap
expect 2 "an NPZ cannot be written to standard output" --npz web.train.pcap
expect 2 "an NPZ holds sequences, or matrices" --groups sizes -o o.npz web.train.pcap
export ARGP_HELP_FMT=rmargin=300
expect 0 "each is its own (0)" --help
expect 0 "0: as captured (1000)" --help
exit "$bad"
