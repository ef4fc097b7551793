#!/bin/bash
# scripts/check/self.sh - the tree speaks of itself alone: no path of one machine, no package registry, nothing
# downloaded by a build.  Brackets in the patterns keep this file from matching itself.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$TM_ROOT" || exit 1
bad=0

# refuse WHAT PATTERN FILE...: prints the lines that match.
refuse() {
    local what=$1 pattern=$2 found
    shift 2
    [ $# -gt 0 ] || return 0
    found=$(grep -nIE -e "$pattern" /dev/null "$@")
    if [ -n "$found" ]; then
        printf '%s\n' "$found" | cut -c1-200 | sed "s|^|$what: |"
        bad=1
    fi
}

mapfile -t all < <(tree_files '*' | grep -vE '^data/(captures|corpus|golden)/')
mapfile -t built < <(printf '%s\n' "${all[@]}" |
    grep -E '(^|/)(CMakeLists\.txt|CMakePresets\.json|[^/]*\.cmake)$|^scripts/|^\.ci/')

refuse 'a path of one machine' \
    '(^|[^[:alnum:]_.$})/-])(/wor[k]/|/hom[e]/[a-z]|/roo[t]/|/User[s]/|/tmp/buil[d]|/tmp/[b]ash)' "${all[@]}"
refuse 'a package registry' \
    '(pyp[i]\.org|npmj[s]\.(org|com)|crate[s]\.io|prox[y]\.golang|(deb|security|snapshot)\.debia[n]\.org|archive\.ubunt[u]|ghc[r]\.io|docke[r]\.io|artifactor[y]|--(extra-)?inde[x]-url)' \
    "${all[@]}"
# The demonstration's own web server, $WORLD_..., is nobody's.
refuse 'something downloaded by a build' \
    '(https?|ftp|git)[:]//([^$]|\$[^W])|FetchConten[t]_|ExternalProjec[t]_Add|(pip3?|npm|cargo|gem) instal[l]|git clon[e]' "${built[@]}"
exit "$bad"
