#!/bin/bash
# The example of doc/CORPUS.md, run as it stands there: GNU parallel makes the parts, and the model is that of one pass.
# Usage: parallel_test.sh TM-LEARN SOURCE-DIRECTORY.  Status 77: GNU parallel is not there.
set -u
tm_learn=$(realpath "$1")
root=$(realpath "$2")
if ! parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
    echo "skipped: GNU parallel is not installed"
    exit 77
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
export HOME=$tmp # parallel asks there whether its citation notice was read

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

mkdir corpus bin
cp "$root"/data/captures/https/* corpus/
ln -s "$tm_learn" bin/tm-learn
PATH=$tmp/bin:$PATH

# The block of the document that starts with this line, up to its end.
sed -n '/^    # with GNU parallel$/,/^$/s/^    //p' "$root/doc/CORPUS.md" >example
[ "$(grep -c tm-learn example)" -ge 3 ] || fail "doc/CORPUS.md has no such example"
bash -eu example >out 2>&1 || {
    cat out >&2
    fail "the example failed"
}
tm-learn learn -o pass.db --name https --join none --port 443 corpus/* 2>out || fail "one pass: $(cat out)"
tm-learn show --json models.db https >in-parts || fail "the example left no model"
tm-learn show --json pass.db https >pass
cmp -s in-parts pass || fail "the model differs from that of one pass"
[ "$(find . -name '*.shard' | wc -l)" -ge 8 ] || fail "the example made few shards"
echo "GNU parallel: $(find . -name '*.shard' | wc -l) shards, the model of one pass"
