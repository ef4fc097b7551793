# shellcheck shell=bash
# test/unit/learner/cli.sh - what the tests of tm-learn as a person calls it share: a place to work, results, messages, exit statuses.
# Those of `tm-client models` share it too.
#
# Source it with the program and the data directory as $1 and $2; `command` is what every call begins with.  It makes $tmp, a directory
# that goes away, and goes there; a test ends with `finish NAME`.
set -u
program=$(realpath -- "${1:?usage: $0 PROGRAM DATA-DIRECTORY}") || exit 1
data=$(realpath -- "${2:?usage: $0 PROGRAM DATA-DIRECTORY}") || exit 1
# shellcheck disable=SC2034  # most tests use these
tm_learn=$program golden=$data/golden/learner.pcap
command=()
failures=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tm-cli.XXXXXX") || exit 1
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
: >out
: >err

# What the last run printed stands under it.
fail() {
    echo "FAIL: $*" >&2
    { cat err && head -n 20 out; } | tr -d '\0' | sed 's/^/    /' >&2
    failures=$((failures + 1))
}

# run STATUS ARGUMENT...: output goes to the files out and err.
run() {
    local want=$1 status
    shift
    "$program" "${command[@]}" "$@" >out 2>err </dev/null
    status=$?
    [ $status -eq "$want" ] || fail "status $status, wanted $want: ${program##*/} ${command[*]} $*"
}

# has FILE 'pattern'
has() {
    grep -aq -- "$2" "$1" || fail "no \"$2\" in $1"
}

# same FILE FILE 'what is wrong when they differ'
same() {
    cmp -s "$1" "$2" || fail "$3"
}

finish() {
    [ $failures -eq 0 ] || {
        echo "$1: $failures failures" >&2
        exit 1
    }
    echo "$1: all as expected"
}
