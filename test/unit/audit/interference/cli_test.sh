#!/bin/bash
# tm-audit interference as a person calls it: results, messages and exit statuses.  $1: tm-audit, $2: audit_story_files.
. "$(dirname "$0")/../cli.sh"
files=$(realpath -- "$2") || exit 1
command=(interference)

mkdir "$work/good" "$work/early" "$work/other"
"$files" "$work/good" && "$files" "$work/early" early && "$files" "$work/other" other || exit 1
cd "$work/good" || exit 1
idle=(--run idle=capture.pcap)
log=(--log client.jsonl)
early=(--run bulk=../early/capture.pcap)
server=$(sed -n 's/.*"t":"up".*"remote":"\([^"]*\)".*/\1/p' client.jsonl)

expect 0 "5 of 5 equal, of 1 connections" "${idle[@]}" "${log[@]}" "${early[@]}" "${log[@]}"
expect 0 "verdict (no-claim): equal offsets; too few connections for any attack: 1 pairs in 1 groups, 10 groups are needed" \
    "${idle[@]}" "${log[@]}" "${early[@]}" "${log[@]}"
expect 0 '"offsets":{"compared":5,"equal":5,' --json "${idle[@]}" "${log[@]}" "${early[@]}" "${log[@]}"
expect 0 "4 of 4 equal" --server "$server" "${idle[@]}" "${early[@]}"
sed 's/"size":3000/"size":2999/' client.jsonl >less.jsonl
expect 1 "first difference: capture.pcap against ../early/capture.pcap: src=0 user=0 index=0 write=4" \
    "${idle[@]}" "${log[@]}" "${early[@]}" --log less.jsonl
expect 1 '"verdict":"offsets-differ"' --json "${idle[@]}" "${log[@]}" "${early[@]}" --log less.jsonl

: >empty
head -c 20 capture.pcap >short.pcap
expect 1 "empty" "${idle[@]}" --run bulk=empty --server "$server"
expect 1 "short.pcap" "${idle[@]}" --run bulk=short.pcap --server "$server"
expect 1 "missing.pcap" "${idle[@]}" --run bulk=missing.pcap --server "$server"
expect 1 "no connection to the server in it" "${idle[@]}" "${early[@]}" --server 192.0.2.77:1
expect 1 "none of the log's carriers is in it" "${idle[@]}" "${log[@]}" --run bulk=../other/capture.pcap "${log[@]}"
expect 1 "the client's log is wanted" "${idle[@]}" --log server.jsonl "${early[@]}" --log server.jsonl

expect 2 "at least two workloads" "${idle[@]}" --server "$server"
expect 2 "NAME=FILE is wanted" --run capture.pcap
expect 2 "as many --run of bulk as of idle" "${idle[@]}" "${idle[@]}" "${early[@]}" --server "$server"
expect 2 "--log for every --run, or for none" "${idle[@]}" "${log[@]}" "${early[@]}"
expect 2 "--server, or a --log for every --run" "${idle[@]}" "${early[@]}"
expect 2 "belongs to the --run before it" "${log[@]}" "${idle[@]}" "${early[@]}"
expect 2 "ADDR:PORT is wanted" --server here "${idle[@]}" "${early[@]}"
expect 2 "whole number" --seed -1 "${idle[@]}" "${early[@]}" --server "$server"
exit "$bad"
