#!/bin/bash
# tm-learn report: one page, the same twice, sound XML without references; bad input.
# Usage: report_test.sh TM-LEARN DATA-DIRECTORY
. "$(dirname "$0")/../cli.sh"
checker=$data/../test/unit/audit/report/check_pages.py
capture=$data/captures/https/joy-firefox58.pcap
command=(report)

hostile='<b onload="x">&.pcap'
cp "$capture" "$hostile"
"$tm_learn" learn -q -o models.db --name web --port 443 "$data"/captures/https/* 2>err || fail "learn"

run 0 -o a.html models.db web "$hostile"
mv a.html b.html
run 0 -o a.html models.db web "$hostile"
cmp -s a.html b.html || fail "the same input gives two pages"
run 0 -o - models.db web
mv out c.html
run 0 -o d.html models.db constant
[ ! -s err ] || fail "messages"
if command -v python3 >/dev/null; then
    "$checker" a.html c.html d.html || fail "a page is not sound"
fi
grep -q 'KS D' a.html || fail "nothing is compared with the capture"
grep -q 'log2 of the energy' a.html || fail "no wavelet energy beside the capture"
grep -q 'log2 of the energy' c.html && fail "wavelet energy without a capture"
grep -q 'KS D' c.html && fail "something is compared with no capture"
grep -q 'values.pooled' a.html || fail "what was left out is missing"

run 2 models.db web
grep -q 'where the page goes' err || fail "no advice"
run 2 -o x.html models.db
run 1 -o x.html models.db webb
grep -q webb err || fail "no name"
run 1 -o x.html missing.db web
run 1 -o x.html models.db web missing.pcap
grep -q missing.pcap err || fail "no capture's name"
run 1 -o x.html models.db constant "$capture"
grep -q 'does not say which ports' err || fail "constant was learned from nothing"
run 1 -o no/such/x.html models.db web
run 1 -o /dev/full models.db web
grep -q 'cannot write: No space' err || fail "a full disk: $(cat err)"
[ -c /dev/full ] || fail "a device was removed"
[ ! -e x.html ] || fail "a page was left behind"

finish report
