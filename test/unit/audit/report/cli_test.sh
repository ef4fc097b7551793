#!/bin/bash
# cli_test.sh TM-AUDIT - tm-audit report on captures of real programs: one page, the same twice, bad input.
. "$(dirname "$0")/../cli.sh"
captures=data/captures
checker=$(dirname "$0")/check_pages.py
command=(report)
no=$work/no.html

has() {
    grep -qF -- "$1" "$work/a.html" || fail "the page lacks \"$1\""
}

ssh=$captures/ssh/vast-example.pcap.gz
smtp=()
for f in "$captures"/smtp/*.pcap; do
    smtp+=(--real "$f")
done
# Two programs, to make sure that there is something to tell; every connection is its own session.
detect=("${smtp[@]}" --cover "$ssh" --port "22,25,587" --block-s 0 --keep-incomplete --allow-side --null 2 --no-controls)
classify=(--real "ssh=$ssh" --keep-incomplete --port "22,25,587")
for f in "$captures"/smtp/*.pcap; do
    classify+=(--real "smtp=$f")
done

"$audit" report -o "$work/a.html" --title "SSH <for> SMTP" "${detect[@]}" classify "${classify[@]}" 2>"$work/err" ||
    fail "report: $(cat "$work/err")"
has "<h1>SSH &lt;for&gt; SMTP</h1>"
has "How well cover is told from real traffic"
has "The controls were not run"
has "Which protocol does it look like?"
has "tm-audit report -o"
if command -v python3 >/dev/null; then
    "$checker" "$work/a.html" || fail "the page is not sound"
fi
"$audit" report "${detect[@]}" --title "SSH <for> SMTP" -o - classify "${classify[@]}" >"$work/b.html" 2>/dev/null ||
    fail "report to standard output"
# The command lines in the pages differ.
sed -i '/^<pre>/d' "$work/a.html" "$work/b.html"
cmp -s "$work/a.html" "$work/b.html" || fail "two runs differ"

"$audit" report --help >"$work/help" || fail "--help"
grep -q -- '--output=FILE' "$work/help" || fail "the help lacks --output"
refuses 2 "-o FILE is needed" --real a.pcap --cover b.pcap
refuses 2 "nothing to report on" -o "$no"
refuses 2 "--real and --cover are needed" -o "$no" --real a.pcap
refuses 2 "--real is needed" -o "$no" classify
refuses 2 "of at least two workloads" -o "$no" interference --run idle=a.pcap
refuses 2 "--entry FILE --exit FILE --labels FILE are needed" -o "$no" correlate
refuses 2 "stand together, once" -o "$no" classify --real a classify --real b
refuses 1 "No such file" -o "$work/none/page.html" --real a.pcap --cover b.pcap
refuses 1 "$work/none.pcap" -o "$no" --real "$work/none.pcap" --cover "$ssh"
[ ! -e "$no" ] || fail "a refused report left a page"
exit "$bad"
