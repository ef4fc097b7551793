#!/bin/bash
# scripts/check/size.sh - files over 600 lines, headers over 200, functions over 60, unless size.allow names them.
# An entry there that is no longer needed, too generous, or not in the committed list is an error as well.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$TM_ROOT" || exit 1
ALLOW=scripts/check/size.allow
bad=0

# "PATH LINES" and "PATH:FUNCTION LINES" of everything too large.  clang-format puts the braces of a function
# body alone into column 0, and no other braces there.
too_large() {
    tree_files '*.c' '*.h' | xargs -r -d '\n' awk '
        FNR == 1 { if (last) print_file(); last = FILENAME; open = 0; name = "" }
        { n_lines = FNR }
        /^[a-zA-Z_].*\(/ && !open { name = $0; sub("\\(.*", "", name); sub(".*[ *]", "", name) }
        /^{$/ { open = FNR }
        /^}/ && open { if (FNR - open - 1 > 60) print FILENAME ":" name, FNR - open - 1; open = 0 }
        END { print_file() }
        function print_file() {
            if (n_lines > 600 || (last ~ /\.h$/ && n_lines > 200)) print last, n_lines
        }'
    tree_files '*.sh' '*.py' CMakeLists.txt | xargs -r -d '\n' awk '
        FNR > 600 && !(FILENAME in seen) { seen[FILENAME] = 1 }
        { n[FILENAME] = FNR }
        END { for (f in seen) print f, n[f] }'
}

entries() {
    grep -vE '^(#|$)' || true
}

# grown OLD-LIST: entries of the list that OLD-LIST lacks or has with a smaller number.
grown() {
    entries <"$ALLOW" | awk -v old="$1" '
        BEGIN { n = split(old, line, "\n"); for (i = 1; i <= n; i++) { split(line[i], f, " "); had[f[1]] = f[2] } }
        !($1 in had) || $2 > had[$1] + 0'
}

large=$(too_large)
while read -r name lines; do
    [ -n "$name" ] || continue
    allowed=$(entries <"$ALLOW" | awk -v name="$name" '$1 == name { print $2 }')
    if [ -z "$allowed" ]; then
        echo "$name: $lines lines are too many"
        bad=1
    elif [ "$lines" -gt "$allowed" ]; then
        echo "$name: $lines lines, $allowed are allowed by $ALLOW"
        bad=1
    fi
done <<<"$large"

while read -r name lines; do
    now=$(awk -v name="$name" '$1 == name { print $2 }' <<<"$large")
    if [ "${now:-0}" -lt "$lines" ]; then
        echo "$ALLOW: $name needs ${now:-no entry} now, not $lines: lower it"
        bad=1
    fi
done < <(entries <"$ALLOW")

if committed=$(git show "HEAD:$ALLOW" 2>/dev/null); then
    growth=$(grown "$(entries <<<"$committed")")
    if [ -n "$growth" ]; then
        echo "$ALLOW may only shrink; new or larger: $growth"
        bad=1
    fi
fi
exit "$bad"
