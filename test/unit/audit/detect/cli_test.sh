#!/bin/bash
# cli_test.sh TM_AUDIT - what `tm-audit detect` refuses, and how: exit status, and one line that says what to do.
. "$(dirname "$0")/../cli.sh"
data=$(cd "$(dirname "$0")/../../../../data/captures" && pwd) || exit 1
command=(detect)

ssh=$data/ssh/joy-kali-normal-ssh.pcap
https=$data/https/joy-firefox58.pcap
: >"$work/empty.pcap"
head -c 20 "$https" >"$work/cut.pcap"

refuses 2 "--real and --cover are needed" --real "$ssh"
refuses 2 "poster, sizes, times" --real "$ssh" --cover "$https" --groups size
refuses 2 "boosted or forest" --real "$ssh" --cover "$https" --learner magic
refuses 2 "from 2 to 50" --real "$ssh" --cover "$https" --folds 1
refuses 2 "--cover-labels or --cover-log" --real "$ssh" --cover "$https" --cover-labels x --cover-log y
refuses 2 "--split needs --labels" --real "$ssh" --cover "$https" --split heldout
printf 'from_us,prefix,class,split,path,session,load\n0,0.0.0.0/0,ssh,train,lan,ssh-1,0\n' >"$work/labels.csv"
refuses 1 "of another split" --real "$ssh" --cover "$https" --labels "$work/labels.csv" --split heldout --keep-incomplete
refuses 1 "is empty" --real "$work/empty.pcap" --cover "$https"
refuses 1 "$work/cut.pcap" --real "$work/cut.pcap" --cover "$https"
refuses 1 "$work/none.pcap" --real "$work/none.pcap" --cover "$https"
refuses 1 "443" --real "$https" --cover "$https" --port 9
refuses 1 "100 sessions and 500 connections a side" --real "$ssh" --cover "$https"
export ARGP_HELP_FMT=rmargin=300
expect 0 "each is its own (10)" --help
expect 0 "0: as captured (1000)" --help
exit "$bad"
