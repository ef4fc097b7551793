#!/bin/bash
# install_test.sh BUILD SOURCE CC - the library is installed into an empty folder, and the example is built from there with nothing but
# pkg-config, as others would; it pads with a machine that pads, and not without.
set -eu
build=$1 source=$2 cc=$3
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cmake --install "$build" --component maybenot --prefix "$tmp/usr" >"$tmp/log" 2>&1 || {
    cat "$tmp/log"
    exit 1
}
pc=$(find "$tmp/usr" -name maybenot.pc)
lib=$(cd "$(dirname "$pc")/.." && pwd)
export PKG_CONFIG_PATH=${pc%/*}
read -r -a flags <<<"$(pkg-config --define-variable=prefix="$tmp/usr" --cflags --libs maybenot)"
"$cc" -o "$tmp/example" "$source/tm/maybenot/example.c" "${flags[@]}"

plain=$(LD_LIBRARY_PATH=$lib "$tmp/example") || exit 1
[ "$plain" = "normal 600 padding 0" ] || {
    echo "without machines: $plain"
    exit 1
}
padded=$(LD_LIBRARY_PATH=$lib "$tmp/example" "$(cat "$source/data/corpus/maybenot_machine_fuzz/front-string")")
[[ $padded =~ ^normal\ 600\ padding\ [1-9][0-9]*$ ]] || {
    echo "with FRONT: $padded"
    exit 1
}
exported=$(nm -D --defined-only "$lib/libmaybenot.so" | awk '$2 == "T" { print $3 }' | grep -v '^maybenot_' || true)
[ -z "$exported" ] || {
    echo "also exported: $exported"
    exit 1
}
