#!/bin/bash
# pages_test.sh PROGRAM - the pages of ordinary, hostile, extreme and missing results that PROGRAM writes pass check_pages.py.
set -eu
pages=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v python3 >/dev/null || {
    echo "skipped: python3 is not installed"
    exit 0
}
"$pages" "$work"
found=("$work"/*.html)
[ ${#found[@]} -ge 5 ] || {
    echo "only ${#found[@]} pages were written"
    exit 1
}
"$(dirname "$0")/check_pages.py" "${found[@]}"
