#!/bin/bash
# scripts/check/selftest.sh - every check passes on a small sound tree and fails on each planted defect, with the
# words that name it.  So a check that has gone blind is seen.  Works in a temporary directory.
set -u
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib.sh"
tmp=$(mktemp -d)
on_exit 'rm -rf "$tmp"'
passed=0
failed=0

# A sound tree: the scripts, tm/base, and a file in each pure layer.
plant_tree() {
    rm -rf "$tmp/tree" && mkdir -p "$tmp/tree"/{scripts,tm/core,models/store,learner,build/x} && cd "$tmp/tree" || exit 1
    cp -r "$TM_ROOT"/.clang-format "$TM_ROOT"/.clang-tidy .
    cp "$TM_ROOT/scripts/lib.sh" scripts/ && cp -r "$TM_ROOT/scripts/check" scripts/ && cp -r "$TM_ROOT/tm/base" tm/
    grep '^#' "$TM_ROOT/scripts/check/size.allow" >scripts/check/size.allow
    printf 'tm_%s\n' core models fit >scripts/check/pure.conf
    local layer
    for layer in core models fit; do
        dir=$(dir_of $layer)
        printf '#include <stdio.h>\n\n#include "tm/base/buf.h"\n\nint %s_probe(char *to, size_t cap);\nint %s_probe(char *to, size_t cap)\n{\n    return snprintf(to, cap, "%%zu", cap);\n}\n' \
            $layer $layer >"$dir/probe.c"
    done
    printf '[\n' >build/x/compile_commands.json
    printf '{\n  "directory": "%s",\n  "command": "gcc -std=gnu11 -I%s -c %s",\n  "file": "%s"\n}\n]\n' \
        "$PWD" "$PWD" "$PWD/tm/core/probe.c" "$PWD/tm/core/probe.c" >>build/x/compile_commands.json
}

dir_of() {
    case $1 in core) echo tm/core ;; models) echo models ;; fit) echo learner ;; esac
}

# The pure libraries of the tree, with the flags given.
build_libs() {
    local layer
    for layer in core models fit; do
        gcc -std=gnu11 -I. "$@" -c "$(dir_of $layer)/probe.c" -o "build/x/$layer.o" &&
            rm -f "build/x/libtm_$layer.a" && ar rc "build/x/libtm_$layer.a" "build/x/$layer.o" || return 1
    done
}

# verdict NAME GOOD: counts it and prints the failure only.
verdict() {
    if [ "$2" = yes ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%sFAILED%s %s\n' "$TM_RED" "$TM_PLAIN" "$1"
        sed 's/^/       /' "$tmp/out" | head -n 10
    fi
}

# accepts CHECK ARGS...: the tree as it stands passes.
accepts() {
    local good=no
    scripts/check/"$1.sh" "${@:2}" >"$tmp/out" 2>&1 && good=yes
    verdict "$1 refuses a sound tree" $good
}

# refuses CHECK WORDS ARGS...: it fails, and its output holds the words.
refuses() {
    local good=no
    scripts/check/"$1.sh" "${@:3}" >"$tmp/out" 2>&1 || { grep -qF -e "$2" "$tmp/out" && good=yes; }
    verdict "$1 does not see: $2" $good
}

# Lines of a C function `name` with n body lines.
long_function() {
    printf '\nint %s(void);\nint %s(void)\n{\n' "$1" "$1"
    for ((i = 2; i < $2; i++)); do printf '    (void)%d;\n' "$i"; done
    printf '    (void)0;\n    return 0;\n}\n'
}

layers() {
    plant_tree
    build_libs -O2 -D_FORTIFY_SOURCE=2
    accepts layers
    accepts layers build/x

    local layer include
    for include in 'tm/core:"tm/net/wire.h"' 'tm/core:"tm/base/log.h"' 'models:"tm/core/probe.h"' \
        'models:"models/store/store.h"' 'tm/base:"models/probe.h"' 'learner:"tm/core/probe.h"' \
        'tm/core:<openssl/ssl.h>' 'models:<sqlite3.h>' 'tm/core:<uv.h>' 'tm/core:<pcap/pcap.h>'; do
        plant_tree
        mkdir -p tm/net && touch tm/net/wire.h tm/core/probe.h models/probe.h models/store/store.h
        layer=${include%%:*}
        printf '#  include %s\n' "${include#*:}" >>"$layer/planted.c"
        refuses layers "$layer/planted.c:1: $layer may not include"
    done
    plant_tree
    echo '#include "buf.h"' >tm/base/planted.c
    refuses layers 'is not a file from the root'
    echo '#include "tm/base/buf.c"' >tm/base/planted.c
    refuses layers 'includes a .c file'
    mkdir -p tm/odd && echo '#include "tm/base/buf.h"' >tm/odd/planted.c
    refuses layers 'is in no layer'
}

# plant_call LAYER DECLARATION CALL
plant_call() {
    plant_tree
    printf '#include <stdio.h>\n#include <time.h>\n#include <stdlib.h>\n%s\nvoid planted(void);\nvoid planted(void)\n{\n    %s;\n}\n' \
        "$2" "$3" >>"$(dir_of "$1")/probe.c"
}

symbols() {
    local name layer flags
    for name in uv_run SSL_new sqlite3_open pcap_open_live bpf_map_lookup_elem socket send recv open rand getenv tm_log; do
        plant_tree
        printf 'int %s();\nvoid planted(void);\nvoid planted(void)\n{\n    (void)%s();\n}\n' "$name" "$name" >>tm/core/probe.c
        build_libs -w -fno-builtin
        refuses layers "libtm_core.a: core.o: calls $name" build/x
    done
    for layer in core models fit; do
        for flags in -O0 '-O2 -D_FORTIFY_SOURCE=2' '-O1 -fsanitize=address,undefined'; do
            # shellcheck disable=SC2086  # flags are words
            for name in 'time(NULL)' 'clock_gettime(0, NULL)' 'printf("%d", 1)' 'fprintf(stderr, "%d", 1)' 'puts("")'; do
                plant_call $layer '' "(void)$name"
                build_libs $flags -w
                refuses layers "libtm_$layer.a: $layer.o: calls " build/x
            done
        done
    done
    # A name that only begins like one of libc's is ours.
    plant_call core 'int opener(void); int sender(void); int timeline(void);' '(void)(opener() + sender() + timeline())'
    build_libs
    accepts layers build/x
    rm build/x/libtm_fit.a
    refuses layers 'libtm_fit.a: not built' build/x
}

sizes() {
    plant_tree
    accepts size
    yes 'int x;' | head -n 600 >tm/core/long.c
    accepts size
    echo 'int x;' >>tm/core/long.c
    refuses size 'tm/core/long.c: 601 lines'
    echo 'tm/core/long.c 601' >>scripts/check/size.allow
    accepts size
    echo 'int x;' >>tm/core/long.c
    refuses size '602 lines, 601 are allowed'
    yes 'int x;' | head -n 10 >tm/core/long.c
    refuses size 'needs no entry now'

    plant_tree
    yes '/* x */' | head -n 201 >tm/core/long.h
    refuses size 'tm/core/long.h: 201 lines'

    plant_tree
    long_function fits 60 >>tm/core/probe.c
    accepts size
    long_function too_long 61 >>tm/core/probe.c
    refuses size 'tm/core/probe.c:too_long: 61 lines'

    plant_tree
    git init -q . && git add -f scripts/check/size.allow &&
        git -c user.name=x -c user.email=x@localhost -c core.hooksPath=/dev/null commit -q -m x
    yes 'int x;' | head -n 601 >tm/core/long.c
    echo 'tm/core/long.c 601' >>scripts/check/size.allow
    refuses size 'may only shrink'
}

others() {
    plant_tree
    scripts/check/format.sh --fix # tm/base itself is checked by format.sh, not here
    accepts format
    printf 'int  planted( int a ) { return a; }\n' >tm/core/planted.h
    refuses format 'tm/core/planted.h:1'

    plant_tree
    accepts tidy build/x
    printf 'int *planted(int n);\nint *planted(int n)\n{\n    int here = n;\n    return n > 3 ? &here : 0;\n}\n' >>tm/core/probe.c
    refuses tidy 'clang-analyzer-core.StackAddressEscape' build/x
    plant_tree
    printf 'void planted(int *p);\nvoid planted(int *p)\n{\n    if (!p);\n        *p = 1;\n}\n' >>tm/core/probe.c
    refuses tidy 'bugprone-suspicious-semicolon' build/x
    plant_tree
    printf 'int BadName(void);\nint BadName(void)\n{\n    return 0;\n}\n' >>tm/core/probe.c
    refuses tidy 'readability-identifier-naming' build/x
    rm build/x/compile_commands.json
    refuses tidy 'holds no compile_commands.json' build/x

    plant_tree
    accepts shell
    # shellcheck disable=SC2016  # meant as it stands
    printf '#!/bin/sh\nrm -rf $1/x\n' >scripts/planted && chmod +x scripts/planted
    refuses shell SC2086
    printf '#!/bin/bash\necho fine\n' >scripts/planted && chmod -x scripts/planted
    refuses shell 'is not executable'

    plant_tree
    accepts self
    local line
    for line in '/wor''k/main/x' '/hom''e/ann/x' '/tmp/buil''d-x' 'see /roo''t/.cache'; do
        printf 'The file is at %s\n' "$line" >planted.md
        refuses self 'a path of one machine: planted.md:1'
    done
    for line in 'pyp''i.org' 'deb.debia''n.org' 'crate''s.io' '--inde''x-url'; do
        printf 'from %s\n' "$line" >planted.md
        refuses self 'a package registry: planted.md:1'
    done
    rm planted.md
    for line in 'file(DOWNLOAD https:''//example.org/x.tar.gz)' 'FetchConten''t_Declare(x)'; do
        printf '%s\n' "$line" >tm/core/CMakeLists.txt
        refuses self 'something downloaded by a build: tm/core/CMakeLists.txt:1'
    done
}

layers
symbols
sizes
others
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
