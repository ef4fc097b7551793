#!/bin/bash
# scripts/check/tidy.sh BUILD_DIR [FILE...] - clang-tidy 14 with .clang-tidy on every source of the product (not
# of test/) that BUILD_DIR compiles (a tree configured by cmake is enough), or on the files named.  About 0.8 s of
# processor time a file.
set -u
. "$(dirname "$0")/../lib.sh"
[ $# -ge 1 ] || {
    echo "usage: $0 BUILD_DIR [FILE...]" >&2
    exit 2
}
build=$(cd "$1" && pwd) || exit 1
shift
cd "$TM_ROOT" || exit 1
[ -f "$build/compile_commands.json" ] || fail "$build holds no compile_commands.json: configure it with cmake"

if [ $# -gt 0 ]; then
    files=("$@")
else
    mapfile -t files < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | grep -v "^$TM_ROOT/test/" | sort -u)
fi
[ ${#files[@]} -gt 0 ] || fail "$build compiles nothing"

# One file a process, and once: the analyzer of 14 mistakes va_list in the second, and some sources are compiled for two libraries.
tmp=$(mktemp -d)
on_exit 'rm -rf "$tmp"'
python3 -c 'import json, sys
by_file = {}
for entry in json.load(open(sys.argv[1])):
    by_file.setdefault(entry["file"], entry)
json.dump(list(by_file.values()), open(sys.argv[2], "w"))' "$build/compile_commands.json" "$tmp/compile_commands.json" || fail "compile_commands.json"
# Its count of suppressed warnings goes to
# stderr, as do errors that stop it: keep the latter only.
printf '%s\0' "${files[@]}" |
    xargs -0 -P "$(nproc)" -n 1 clang-tidy-14 -p "$tmp" --quiet 2> >(grep -vE '^[0-9]+ warnings?|^Suppressed|^Use -header|^$' >&2) |
    sed "s|^$TM_ROOT/||"
[ "${PIPESTATUS[1]}" = 0 ]
