#!/bin/bash
# Learners that write one database at the same time, and a disk that fills under them: what is in the database afterwards
# is whole.  Usage: database_test.sh TM-LEARN DATA-DIRECTORY.  The full disk needs a mount namespace; without, it is left out.
set -u
self=$(realpath "$0")
if [ "${1:-}" = --on-small-disk ]; then
    shift
    small=yes
fi
tm_learn=$(realpath "$1")
data=$(realpath "$2")
golden=$data/golden/learner.pcap
failures=0

fail() {
    echo "FAIL: $*" >&2
    failures=$((failures + 1))
}

learn() {
    local database=$1 name=$2
    shift 2
    "$tm_learn" learn -o "$database" --name "$name" --port 443 --k 1 "$@" >"$log/$name.out" 2>"$log/$name.err" </dev/null
}

names() {
    "$tm_learn" list "$1" | tail -n +2 | cut -d' ' -f1 | tr '\n' ' '
}

log=$PWD
if [ "${small:-}" = yes ]; then
    mount -t tmpfs -o size=1m tmpfs "$3" || exit 1
    cd "$3" || exit 1
    learn models.db old "$golden" || fail "the disk is too small to begin with"
    cp models.db before.db
    dd if=/dev/zero of=ballast bs=1k status=none 2>/dev/null
    learn models.db new "$data"/captures/https/* && fail "a model was written to a full disk"
    grep -q 'models.db' "$log/new.err" || fail "no message about the full disk: $(cat "$log/new.err")"
    [ "$(wc -l <"$log/new.err")" -eq 1 ] || fail "more than one line: $(cat "$log/new.err")"
    rm ballast
    [ "$(names models.db)" = "old " ] || fail "the database on the full disk: $(names models.db)"
    cmp -s models.db before.db || fail "the database changed"
    # A shard on a full disk leaves nothing, and the one that was there stays.
    "$tm_learn" learn -o all.shard --shard 1/1 --port 443 "$golden" 2>"$log/shard.err" || fail "shard: $(cat "$log/shard.err")"
    cp all.shard before.shard
    dd if=/dev/zero of=ballast bs=1k status=none 2>/dev/null
    "$tm_learn" learn -o all.shard --shard 1/1 --port 443 "$data"/captures/https/* 2>"$log/shard.err" && fail "a shard on a full disk"
    grep -q 'all.shard: cannot write: No space' "$log/shard.err" || fail "no message about the shard: $(cat "$log/shard.err")"
    cmp -s all.shard before.shard || fail "the shard changed"
    [ "$(find . -name 'all.shard*' | wc -l)" -eq 1 ] || fail "a part of a shard was left behind"
    rm ballast
    learn models.db new "$golden" || fail "room again, and still no model: $(cat "$log/new.err")"
    [ "$(names models.db)" = "new old " ] || fail "after the full disk: $(names models.db)"
    [ $failures -eq 0 ]
    exit
fi

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
log=$tmp

# -- at the same time: each model is there afterwards, whole ----------------------------------------------------------
pids=()
for i in 1 2 3 4 5 6; do
    learn models.db "m$i" "$golden" &
    pids+=($!)
done
for i in "${!pids[@]}"; do
    wait "${pids[i]}" || fail "learner $((i + 1)): $(cat m$((i + 1)).err)"
done
[ "$(names models.db)" = "m1 m2 m3 m4 m5 m6 " ] || fail "six learners, and there are: $(names models.db)"
[ "$("$tm_learn" list models.db | awk 'NR > 1 { print $3 }' | sort -u | wc -l)" -eq 1 ] || fail "the six models differ"

# The same name twice: the one that came last, whole.
pids=()
for capture in "$golden" "$data/captures/https/joy-firefox58.pcap"; do
    "$tm_learn" learn -o same.db --name same --port 443 --k 1 -q "$capture" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || fail "two learners of one name"
done
[ "$(names same.db)" = "same " ] || fail "two learners of one name left: $(names same.db)"

# -- a full disk --------------------------------------------------------------------------------------------------------
mkdir disk
if unshare -rm true 2>/dev/null; then
    unshare -rm "$self" --on-small-disk "$tm_learn" "$data" "$PWD/disk" ||
        fail "on a full disk"
else
    echo "left out: no mount namespace, so no full disk"
fi
[ $failures -eq 0 ] || exit 1
echo "database: all as expected"
