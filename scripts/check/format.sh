#!/bin/bash
# scripts/check/format.sh [--fix] - every .c and .h as clang-format 14 writes it.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$TM_ROOT" || exit 1
how=(--dry-run -Werror)
[ "${1:-}" != --fix ] || how=(-i)
tree_files '*.c' '*.h' | xargs -r -d '\n' clang-format-14 --style=file "${how[@]}"
