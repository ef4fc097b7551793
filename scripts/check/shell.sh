#!/bin/bash
# scripts/check/shell.sh - shellcheck on every shell script, named so or not; each is executable or a library.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$TM_ROOT" || exit 1
mapfile -t scripts < <(
    {
        tree_files '*.sh'
        tree_files '*' | grep -E '^(scripts|\.ci|test|bench)/' | while read -r f; do
            head -c 64 "$f" | head -n 1 | grep -qaE '^#!.*[/ ](ba)?sh( |$)' && echo "$f"
        done
    } | sort -u
)
[ ${#scripts[@]} -gt 0 ] || fail "no scripts found"
bad=0
for f in "${scripts[@]}"; do
    if head -n 1 "$f" | grep -q '^#!' && [ ! -x "$f" ]; then
        echo "$f: starts with #! and is not executable"
        bad=1
    fi
done
shellcheck --external-sources --source-path=SCRIPTDIR --severity=info --exclude=SC1090,SC1091,SC2016,SC2119,SC2120 "${scripts[@]}" || bad=1
exit "$bad"
