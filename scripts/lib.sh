# shellcheck shell=bash
# scripts/lib.sh - what the scripts share: words with the elapsed time, packages, children that stop with us.
# Source it with `set -u`; it sets TM_ROOT, the top of the tree, and runs no command of its own.

TM_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TM_CHILD= # process group of the command that `run` waits for

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    TM_BOLD=$'\e[1m' TM_RED=$'\e[31m' TM_GREEN=$'\e[32m' TM_DIM=$'\e[2m' TM_PLAIN=$'\e[0m'
else
    # shellcheck disable=SC2034  # the scripts that source this use them
    TM_BOLD='' TM_RED='' TM_GREEN='' TM_DIM='' TM_PLAIN=''
fi

# Elapsed time of the script as M:SS.
elapsed() {
    printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

# A heading: what is done now.
step() {
    printf '%s[%s]%s %s%s%s\n' "$TM_DIM" "$(elapsed)" "$TM_PLAIN" "$TM_BOLD" "$*" "$TM_PLAIN"
}

# A detail under it.
say() {
    printf '       %s\n' "$*"
}

# Something is wrong, and the script goes on.
warn() {
    printf '%s[%s] %s%s\n' "$TM_RED" "$(elapsed)" "$*" "$TM_PLAIN" >&2
}

# Something is wrong, and the script ends.
fail() {
    warn "$*"
    exit 1
}

# run COMMAND...: runs it in a session of its own, so that stop_child ends it with all its children.
# Needs `trap stop_child EXIT` (on_exit below does it).
run() {
    local rc=0
    setsid "$@" </dev/null &
    TM_CHILD=$!
    wait "$TM_CHILD" || rc=$?
    TM_CHILD=
    return "$rc"
}

stop_child() {
    if [ -n "$TM_CHILD" ]; then
        kill -TERM -- "-$TM_CHILD" 2>/dev/null
        TM_CHILD=
    fi
}

# on_exit [COMMAND]: whatever ends the script, stops the child and evaluates COMMAND.
on_exit() {
    # shellcheck disable=SC2064  # the command is meant to be fixed now
    trap "stop_child; ${1:-:}" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# The names among "$@" that are not installed, one a line.
missing_packages() {
    local p
    for p in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
    done
}

# As root: apt-get with no questions.  A policy file keeps packages from starting daemons that nobody asked
# for (nginx would take port 80); it exists only while apt-get runs.
apt_install() {
    local policy=/usr/sbin/policy-rc.d as_root=() rc=0
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive POLICY="$policy" sh -c '
        if [ ! -e "$POLICY" ]; then
            trap "rm -f $POLICY" EXIT
            trap "exit 1" INT TERM HUP
            printf "#!/bin/sh\nexit 101\n" >"$POLICY" && chmod 755 "$POLICY"
        fi
        apt="apt-get -q -y -o DPkg::Lock::Timeout=120"
        $apt --no-install-recommends install "$@" || { $apt update && $apt --no-install-recommends install "$@"; }
    ' sh "$@" </dev/null >"$TM_APT_LOG" 2>&1 || rc=$?
    return "$rc"
}

# need_packages PACKAGE...: installs what is missing; ends the script when it cannot.
need_packages() {
    local missing
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        warn "this is not Debian: the equivalents of these packages are needed: $*"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} = 0 ]; then
        say "all $# packages are there"
        return 0
    fi
    if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
        fail "packages are missing and this is neither root nor a user with sudo; as root, run:
       apt-get install ${missing[*]}"
    fi
    step "installing ${#missing[@]} Debian packages: ${missing[*]}"
    TM_APT_LOG=$(mktemp)
    if ! apt_install "${missing[@]}"; then
        tail -n 20 "$TM_APT_LOG" >&2
        rm -f "$TM_APT_LOG"
        fail "apt-get could not install: ${missing[*]}"
    fi
    rm -f "$TM_APT_LOG"
}

# tree_files NAME-PATTERN...: our files whose names match, relative to TM_ROOT, build trees left out.
tree_files() {
    local p args=()
    for p in "$@"; do
        args+=(-o -name "$p")
    done
    (cd "$TM_ROOT" &&
        find . \( -name .git -o -name build -o -name 'build-*' \) -prune -o \
            -type f \( "${args[@]:1}" \) -print | sed 's|^\./||' | LC_ALL=C sort)
}
