#!/bin/bash
# units_systemd_test.sh TM_CLIENT TM_SERVER FOLDER - systemd finds nothing wrong with the units in FOLDER, and counts them as little exposed.
set -u
client=${1:?usage: units_systemd_test.sh TM_CLIENT TM_SERVER FOLDER}
server=${2:?}
folder=${3:?}
work=$(mktemp -d "${TMPDIR:-/tmp}/tm-units.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
command -v systemd-analyze >/dev/null || {
    echo "skipped: systemd-analyze is not installed"
    exit 77
}

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# They name programs that are not installed here.
mkdir "$work/system" "$work/user"
for f in "$folder"/*.service "$folder"/*.socket "$folder"/user/*; do
    to=$work/system
    [[ $f == */user/* ]] && to=$work/user
    sed -e "s#/usr/bin/tm-client#$client#" -e "s#/usr/bin/tm-server#$server#" "$f" >"$to/${f##*/}" || fail "$f"
done
for f in "$work"/system/* "$work"/user/*; do
    where=--system
    [[ $f == */user/* ]] && where=--user
    XDG_RUNTIME_DIR=$work systemd-analyze verify "$where" --man=no --recursive-errors=no "$f" >"$work/said" 2>&1 || fail "$f: $(cat "$work/said")"
    grep -F "${f##*/}" "$work/said" && fail "$f: $(cat "$work/said")"
done
# Of 10; 2.0 and less is green.
for u in tm-server tm-client; do
    systemd-analyze security --offline=true --threshold=20 "$work/system/$u.service" >"$work/said" 2>&1 || fail "$u: $(tail -n 1 "$work/said")"
    tail -n 1 "$work/said"
done
echo "passed"
