#!/bin/bash
# tm-audit as a person calls it: results, messages and exit statuses.  $1: tm-audit, $2: audit_story_files.
. "$(dirname "$0")/cli.sh"
files=$(realpath -- "$2") || exit 1

mkdir "$work/good" "$work/early" "$work/other"
"$files" "$work/good" && "$files" "$work/early" early && "$files" "$work/other" other || exit 1
cd "$work/good" || exit 1

expect 0 "conform: 5/5 offsets exact (100.000 %), carriers 1/1 opened and closed as planned, lateness first byte p50 4 us p99 5 us max 5 us" \
    conform --capture capture.pcap --log client.jsonl --log server.jsonl
expect 0 "conform: 5/5 offsets exact" conform --capture capture.pcap --log client.jsonl
expect 0 "conform: 5/5 offsets exact" conform --capture capture.pcap --log server.jsonl
expect 0 '"is_exact":true' conform --json --capture capture.pcap --log client.jsonl
printf '{"p50_us":36,"p99_us":591,"max_us":1548,"n":2000}\n' >bare.json
expect 0 "max 5 us (bare timer p50 36 us p99 591 us max 1548 us)" \
    conform --capture capture.pcap --log client.jsonl --log server.jsonl --bare bare.json
expect 1 "carrier 0 write 3: up, early by 995 us: expected 597 bytes before it is due, seen 997" \
    conform --capture ../early/capture.pcap --log client.jsonl
expect 1 "conform: 4/5 offsets exact (80.000 %)" conform --capture ../early/capture.pcap --log client.jsonl
expect 0 "conform: 5/5" conform --tolerance-us 1000 --capture ../early/capture.pcap --log client.jsonl
expect 1 '"is_exact":false' conform --json --capture ../early/capture.pcap --log client.jsonl

: >empty
printf 'not a capture, and long enough to be one of something else\n' >text
head -c 20 capture.pcap >short.pcap
expect_line 1 "none of the 1 carriers of the log is in it: a log of another run" \
    conform --capture ../other/capture.pcap --log client.jsonl
expect_line 1 "text" conform --capture text --log client.jsonl
expect_line 1 "short.pcap" conform --capture short.pcap --log client.jsonl
expect_line 1 "missing.pcap" conform --capture missing.pcap --log client.jsonl
expect_line 1 "empty: is empty" conform --capture capture.pcap --log empty
expect_line 1 "text:1: not a line of a schedule log" conform --capture capture.pcap --log text
expect_line 1 "missing: No such file or directory" conform --capture capture.pcap --log missing
expect_line 1 "a second log of the client" conform --capture capture.pcap --log client.jsonl --log client.jsonl
cat >file.jsonl <<'END'
{"t":"schedule","v":1}
{"t":"open","c":0,"user":0,"ref":"origin","gap":0}
{"t":"data","c":0,"i":0,"dir":"up","size":517,"ref":-1,"gap":0}
{"t":"close","c":0,"gap":0}
END
expect_line 1 "the log is not of a run of file.jsonl as it is now" \
    conform --capture capture.pcap --log client.jsonl --schedule file.jsonl
expect_line 1 "give the client's log" conform --capture capture.pcap --log server.jsonl --schedule file.jsonl
expect_line 1 "text:1: " conform --capture capture.pcap --log client.jsonl --schedule text
expect_line 1 "missing: No such file or directory" conform --capture capture.pcap --log client.jsonl --schedule missing
expect_line 1 'no number "p50_us"' conform --capture capture.pcap --log client.jsonl --bare text

expect 0 "src=0 user=0 index=0 write=4 down size=3000 ref=3 gap=2000" invariant client.jsonl
expect 0 "carrier=0 write=4 down size=3000 ref=3 gap=2000" invariant server.jsonl
expect_line 0 "identical: 5 writes of 1 carriers" invariant --compare client.jsonl server.jsonl
sed 's/"size":400,/"size":401,/' client.jsonl >changed.jsonl
expect_line 1 'different: src=0 user=0 index=0: "write=3 up size=400 ref=2 gap=50000" in the first, "write=3 up size=401' \
    invariant --compare client.jsonl changed.jsonl
head -n 1 client.jsonl >nothing.jsonl
expect_line 1 "no write of any carrier in common" invariant --compare client.jsonl nothing.jsonl
expect_line 1 "empty: is empty" invariant --compare client.jsonl empty

expect_line 2 "no such command" nothing-of-the-kind
expect 2 "Usage"
expect 2 "needed" conform
expect 2 "needed" conform --capture capture.pcap
expect 2 "whole number" conform --capture capture.pcap --log client.jsonl --tolerance-us x
expect 2 "takes two logs" invariant --compare client.jsonl
expect 2 "one log is wanted" invariant
expect 2 "one log too many" invariant a b c
expect 0 "conform" --help
expect 0 "tm-audit " --version
exit "$bad"
