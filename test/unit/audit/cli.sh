# shellcheck shell=bash
# test/unit/audit/cli.sh - what the tests of tm-audit as a person calls it share: results, messages, exit statuses.
#
# Source it with the program's path as $1; `command` is what every call begins with.  It makes $work, a directory that goes away;
# a test ends with `exit "$bad"`.
set -u
audit=$(realpath -- "${1:?usage: $0 TM-AUDIT...}") || exit 1
command=()
bad=0
out=
work=$(mktemp -d "${TMPDIR:-/tmp}/tm-audit.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAILED: $1"
    # shellcheck disable=SC2034  # tests end with it
    bad=1
}

# same 'what' GOT WANTED
same() {
    [ "$2" = "$3" ] || fail "$1: \"$2\", wanted \"$3\""
}

# expect STATUS 'text that must be in what is printed' ARGUMENT...: what was printed stays in $out.
expect() {
    local status=$1 text=$2 got
    shift 2
    out=$("$audit" "${command[@]}" "$@" 2>&1)
    got=$?
    if [ "$got" -ne "$status" ] || [[ $out != *"$text"* ]]; then
        fail "tm-audit ${command[*]} $*: status $got, wanted $status and \"$text\":
$out"
    fi
}

# The same, and it is one line.
expect_line() {
    expect "$@"
    [ "$(wc -l <<<"$out")" -eq 1 ] || fail "more than one line: $out"
}

# refuses STATUS 'text that must be in the messages' ARGUMENT...: nothing goes to standard output.
refuses() {
    local status=$1 text=$2 got
    shift 2
    "$audit" "${command[@]}" "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -eq "$status" ] || fail "status $got, wanted $status: $*"
    grep -qF -- "$text" "$work/err" || fail "no \"$text\" in the answer to: $* ($(cat "$work/err"))"
    [ ! -s "$work/out" ] || fail "wrote to standard output: $*"
}
