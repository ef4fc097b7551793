#!/bin/bash
# scripts/check/layers.sh [BUILD_DIR] - the layers point one way (doc/ARCHITECTURE.md):
#   1. every quoted include is written from the root and allowed by layers.conf, libraries likewise;
#   2. with BUILD_DIR: the pure libraries (pure.conf) have no undefined symbol of the network, the clock, files or the log.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$TM_ROOT" || exit 1
bad=0

check_includes() {
    tree_files '*.c' '*.h' | grep -E '^(tm|models|page|learner|audit|trial|bench)/' |
        xargs -r -d '\n' grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
        awk -v conf=scripts/check/layers.conf '
        function complain(what) { print place ": " what; bad = 1 }
        # The longest folder of the table that holds the path.
        function layer_of(path,    d) {
            for (d = path; sub("/[^/]*$", "", d); )
                if (d in allow) return d
            return ""
        }
        # Does `path` lie in, or is it, one of the words?
        function listed(path, words, mark,    n, i, w, part) {
            n = split(words, part, " ")
            for (i = 1; i <= n; i++) {
                w = part[i]
                if (mark != "") { if (substr(w, 1, 1) != mark) continue; w = substr(w, 2) }
                if (path == w || index(path, w "/") == 1 || (w ~ "/$" && index(path, w) == 1)) return 1
            }
            return 0
        }
        BEGIN {
            while ((getline line < conf) > 0) {
                if (line ~ /^#/ || line !~ /:/) continue
                dir = line; sub(":.*", "", dir); sub("[^:]*:", "", line)
                split(line, half, "|")
                allow[dir] = half[1]; libs[dir] = half[2]; all_libs = all_libs " " half[2]
            }
        }
        {
            file = $0; sub(":.*", "", file)
            rest = substr($0, length(file) + 2)
            place = file ":" rest; sub(":[^:]*$", "", place)
            place = file ":" (rest + 0)
            layer = layer_of(file)
            if (layer == "") { complain("is in no layer of layers.conf"); next }
            if (match(rest, "\"[^\"]*\"")) {
                path = substr(rest, RSTART + 1, RLENGTH - 2)
                if (system("test -f \"" path "\"") != 0) complain("\"" path "\" is not a file from the root")
                else if (path ~ /\.c$/) complain("includes a .c file")
                else if (!listed(path, allow[layer], "") || listed(path, allow[layer], "!"))
                    complain(layer " may not include " path)
            } else if (match(rest, "<[^>]*>")) {
                path = substr(rest, RSTART + 1, RLENGTH - 2)
                if (listed(path, all_libs, "") && !listed(path, libs[layer], ""))
                    complain(layer " may not include <" path ">")
            } else complain("an include of neither form")
        }
        END { exit bad }'
}

# Undefined symbols that no pure layer may have.  Fortified names (__printf_chk) count as their plain ones.
FORBIDDEN='^(uv_.*|SSL_.*|sqlite3_.*|pcap_.*|bpf_.*|tm_log.*'
FORBIDDEN+='|socket|socketpair|connect|bind|listen|accept4?|send|sendto|sendmsg|sendmmsg|recv|recvfrom|recvmsg|recvmmsg'
FORBIDDEN+='|open|open64|openat|openat64|creat|close|read|write|fopen|fopen64|poll|ppoll|select|epoll_.*|timerfd_.*|ioctl'
FORBIDDEN+='|clock_gettime|gettimeofday|time|clock|nanosleep|clock_nanosleep|usleep|sleep|setitimer'
FORBIDDEN+='|rand|srand|rand_r|random|srandom|drand48|getrandom|getentropy|RAND_.*|getenv|secure_getenv|setenv'
FORBIDDEN+='|v?f?printf|v?dprintf|puts|putchar|fputs|fputc|putc|fwrite|perror|stdout|stderr|syslog|vsyslog'
FORBIDDEN+='|pthread_.*|thrd_.*)$'

check_symbols() {
    local build=$1 pure lib path found rc=0
    mapfile -t pure < <(grep -v '^#' scripts/check/pure.conf)
    for lib in "${pure[@]}"; do
        path=$(find "$build" -name "lib$lib.a" -type f | head -n 1)
        if [ -z "$path" ]; then
            echo "lib$lib.a: not built in $build"
            rc=1
            continue
        fi
        found=$(nm -u "$path" | awk -v forbidden="$FORBIDDEN" '
            /:$/ { member = $1; next }
            $1 == "U" {
                name = plain = $2
                if (sub("_chk$", "", plain)) sub("^__", "", plain)
                sub("^__isoc99_", "", plain)
                if (plain ~ forbidden) print member " calls " name
            }')
        if [ -n "$found" ]; then
            sed "s|^|lib$lib.a: |" <<<"$found"
            rc=1
        fi
    done
    return "$rc"
}

check_includes || bad=1
if [ $# -gt 0 ]; then
    check_symbols "$1" || bad=1
fi
exit "$bad"
