#!/bin/bash
# round_trip.sh TM-LEARN models.db [CONNECTIONS] - samples every model of a database as packets, learns what was sampled,
# and compares that with the model: no marginal that is judged may be farther away than 1.95/sqrt(n), n the sample's
# values, as the model is the truth here (the limit for two samples, with n_eff, is wider).  The sample is learned with the
# options of the model.  Censored marginals (bounded by the rules that find RREs and sessions) are shown.  Prints the
# table; status 1 when one is too far.
set -u
tm_learn=$1 models=$2 n=${3:-10000}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
set -o pipefail

mapfile -t names < <("$tm_learn" list --json "$models" | python3 -c 'import json, sys
for m in json.load(sys.stdin)["models"]:
    print(m["name"])')
[ ${#names[@]} -gt 0 ] || {
    echo "no models in $models" >&2
    exit 1
}
for name in "${names[@]}"; do
    "$tm_learn" sample "$models" "$name" -n "$n" --users 16 --pcap - |
        "$tm_learn" compare --json "$models:$name" - >"$tmp/$name.json" || {
        echo "$name: sampling or comparing failed" >&2
        exit 1
    }
done
python3 - "$n" "$tmp" "${names[@]}" <<'PY'
import json, sys

n, directory, names = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
bad = judged = 0
print(f"{'MODEL':<16} {'PARAMETER':<16} {'N MODEL':>8} {'N SAMPLE':>9} {'D':>8} {'LIMIT N':>8} {'N_EFF':>8} {'P HOLM':>8} VERDICT")
for name in names:
    report = json.load(open(f"{directory}/{name}.json"))
    if report["sides"][1]["connections"] != n:
        print(f"{name}: {report['sides'][1]['connections']} connections were learned of {n}")
        bad += 1
    for p in report["parameters"]:
        if not p["tested"]:
            continue
        limit = 1.95 / p["n"][1] ** 0.5
        verdict = "censored" if p["censored"] else "same" if p["ks"] <= limit and p["same"] else "DIFFERS"
        judged += not p["censored"]
        bad += verdict == "DIFFERS"
        print(f"{name:<16} {p['name']:<16} {p['n'][0]:>8} {p['n'][1]:>9} {p['ks']:>8.5f} {limit:>8.5f} {p['ks_limit']:>8.5f} "
              f"{p['p_holm']:>8.2g} {verdict}")
print(f"{judged} marginals judged, {bad} findings")
sys.exit(1 if bad or not judged else 0)
PY
