#!/bin/sh
# Compare tm-learn's connections and payload bytes with tshark's, for every capture below a folder.
#
# tshark's side: its own TCP streams and how complete it says they are; per direction the union of the sequence ranges
# that segments cover.  Every difference is printed with the rule of learner/exchange.c that explains it; one without a
# rule fails.
# Usage: scripts/check/tshark.sh TM-LEARN [DIR]      (DIR holds https/, ssh/, smtp/ and other/, or some of them)
set -eu

tm_learn=${1:?usage: tshark.sh TM-LEARN [DIR]}
dir=${2:-$(dirname "$0")/../../data/captures}
command -v tshark >/dev/null || {
    echo "tshark.sh: skipped: tshark is not installed" >&2
    exit 77
}
[ -d "$dir" ] || {
    echo "tshark.sh: skipped: no folder $dir" >&2
    exit 77
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# stream, direction (0 up), client, its port, server, its port, first sequence number, length, completeness (1 SYN,
# 2 SYN-ACK, 4 ACK, 8 data, 16 FIN, 32 RST), then 0 or 1: with or after a reset; after the sender's FIN; a SYN after a
# reset; a FIN before bytes that were seen.  One line a segment.
tshark_segments() {
    tshark -2 -n -r "$1" -Y "tcp && ($2)" -o tcp.relative_sequence_numbers:FALSE \
        -T fields -E separator=/t -E occurrence=f \
        -e tcp.stream -e ip.src -e ipv6.src -e tcp.srcport -e ip.dst -e ipv6.dst -e tcp.dstport -e tcp.seq_raw \
        -e tcp.len -e tcp.flags.syn -e tcp.flags.reset -e tcp.flags.ack -e tcp.flags.fin -e tcp.completeness 2>/dev/null |
        awk -F'\t' -v ports="$3" '
            function set(flag) { return flag ~ /1|True/ }
            BEGIN { n = split(ports, p, ","); for (i = 1; i <= n; i++) is_port[p[i]] = 1; wrap = 4294967296 }
            {
                src = $2 $3; dst = $5 $6
                if (set($10)) client[$1] = set($12) ? dst FS $7 : src FS $4
                up = is_port[$7] && (!is_port[$4] || $4 >= $7)
                if ($1 in client) up = client[$1] == src FS $4
                key = $1 FS (up ? 0 : 1)
                seq = $8 + set($10)
                if (!(key in first)) first[key] = seq
                at = seq - first[key]
                if (at > wrap / 2) at -= wrap
                if (at < -wrap / 2) at += wrap
                if (up) who = src FS $4 FS dst FS $7; else who = dst FS $7 FS src FS $4
                again = set($10) && ($1 in reset)
                if (set($10)) { delete reset[$1]; delete fin[key] }
                if (set($11)) reset[$1] = 1
                late = (key in fin) && at + $9 > fin[key]
                old = set($13) && !(key in fin) && at + $9 < last[key]
                if (set($13) && !old && !(key in fin)) fin[key] = at + $9
                if (at + $9 > last[key]) last[key] = at + $9
                print $1, (up ? 0 : 1), who, at, $9, $14 + 0, ($1 in reset), late + 0, again + 0, old + 0
            }' OFS='\t'
}

# client, port, server, port, up bytes, down bytes, bytes after a reset, bytes after a FIN, completeness, SYN after a
# reset, FIN too early; in the order of the streams.  Streams without payload are left out.
tshark_connections() {
    sort -t "$(printf '\t')" -k1,1n -k2,2n -k7,7n -k8,8n |
        awk -F'\t' '
            $1 FS $2 != key { key = $1 FS $2; end = $7 }
            { if ($9 > complete[$1]) complete[$1] = $9; again[$1] += $12; old[$1] += $13 }
            $8 > 0 {
                from = $7 > end ? $7 : end
                n = $7 + $8 - from
                if (n > 0 && $10) after_reset[$1] += n
                else if (n > 0 && $11) after_fin[$1] += n
                else if (n > 0) bytes[$1, $2] += n
                if (n > 0) end = $7 + $8
                who[$1] = $3 FS $4 FS $5 FS $6
                if ($1 > last) last = $1
            }
            END {
                for (s = 0; s <= last; s++)
                    if (s in who)
                        print who[s], bytes[s, 0] + 0, bytes[s, 1] + 0, after_reset[s] + 0, after_fin[s] + 0,
                            complete[s] + 0, again[s] + 0, old[s] + 0
            }' OFS='\t'
}

# client, port, server, port, up bytes, down bytes, inferred, not counted, opening, end;
# later parts of cut connections are added up.
tm_learn_connections() {
    "$tm_learn" connections --min-packets 1 --port "$2" "$1" 2>/dev/null | sort -s -t "$(printf '\t')" -k6,6n |
        awk -F'\t' '
            /^#/ { next }
            {
                who = $2 FS $3 FS $4 FS $5
                if ($16 == 1) { i = at[who] } else { i = ++n; at[who] = i; name[i] = who }
                up[i] += $10; down[i] += $11; inferred[i] += $12; uncounted[i] += $13; opening[i] = $14; end[i] = $15
            }
            END {
                for (i = 1; i <= n; i++)
                    print name[i], up[i], down[i], inferred[i], uncounted[i], opening[i], end[i]
            }' OFS='\t'
}

# Streams are matched in the order of their beginning among those of the same four endpoints.
compare() {
    awk -F'\t' -v file="$3" -v totals="$tmp/totals" '
        function because(text) { rule = rule (rule ? "; " : "") text }
        function bits(n, bit) { return int(n / bit) % 2 }
        NR == FNR {
            t = ++n_tshark; who = $1 FS $2 FS $3 FS $4; list[who, ++count[who]] = t
            up[t] = $5; down[t] = $6; after_reset[t] = $7; after_fin[t] = $8; complete[t] = $9; again[t] = $10; old[t] = $11
            name[t] = who
            next
        }
        {
            who = $1 FS $2 FS $3 FS $4; n_ours++
            t = list[who, ++seen[who]]
            if (!t) { printf "%s: only tm-learn has %s:%s - %s:%s (%d + %d bytes)\n", file, $1, $2, $3, $4, $5, $6; bad++; next }
            used[t] = 1; rule = ""; wrong = 0
            more = ($5 - up[t] > 0 ? $5 - up[t] : 0) + ($6 - down[t] > 0 ? $6 - down[t] : 0)
            less = (up[t] - $5 > 0 ? up[t] - $5 : 0) + (down[t] - $6 > 0 ? down[t] - $6 : 0)
            if (after_reset[t]) because("R11: " after_reset[t] " bytes came with or after the reset")
            if (after_fin[t]) because("R11: " after_fin[t] " bytes came after the FIN of their side")
            if (more > 0 && more <= $7) because("R3/R6: " more " bytes that the capture missed are credited")
            if (less > 0 && less <= $8) because("R6: " less " bytes came late, into a hole too large to be credited")
            if (more > $7 || less > $8) wrong = 1
            theirs = (bits(complete[t], 1) || bits(complete[t], 2)) ? 1 : 0
            if (theirs != $9) { because("opening: ours " $9 ", completeness " complete[t]); wrong = 1 }
            theirs = (bits(complete[t], 16) || bits(complete[t], 32)) ? 1 : 0
            if (theirs && !$10 && again[t]) because("R1: the reset ended an earlier attempt, the SYN after it opened another connection")
            else if (theirs && !$10 && old[t]) because("R11: the FIN has a number before bytes that were seen")
            else if (theirs != $10) { because("end: ours " $10 ", completeness " complete[t]); wrong = 1 }
            if (rule == "" && !wrong) { same++; next }
            if (wrong) { because("UNEXPLAINED"); bad++ } else explained++
            printf "%s: %s:%s - %s:%s: %d + %d bytes, tshark %d + %d: %s\n", file, $1, $2, $3, $4, $5, $6, up[t], down[t], rule
        }
        END {
            for (t = 1; t <= n_tshark; t++)
                if (!(t in used)) {
                    split(name[t], f, FS)
                    if (up[t] == 0 && !bits(complete[t], 1) && !bits(complete[t], 2)) { rule = "R12: no request was captured"; explained++ }
                    else if (up[t] + down[t] == 0) { rule = "R11: all bytes came with or after the reset"; explained++ }
                    else { rule = "UNEXPLAINED"; bad++ }
                    printf "%s: only tshark has %s:%s - %s:%s (%d + %d bytes): %s\n", file, f[1], f[2], f[3], f[4], up[t], down[t], rule
                }
            printf "%d %d %d %d %d\n", n_ours, n_tshark, same, explained, bad >> totals
        }' "$1" "$2"
}

check() {
    for f in "$dir/$1"/*; do
        [ -f "$f" ] || continue
        tshark_segments "$f" "$2" "$3" | tshark_connections >"$tmp/theirs"
        tm_learn_connections "$f" "$3" >"$tmp/ours"
        compare "$tmp/theirs" "$tmp/ours" "$1/$(basename "$f")"
    done
}

: >"$tmp/totals"
check https 'tcp.port == 443' 443
check ssh 'tcp.port == 22' 22
check smtp 'tcp.port in {25, 465, 587}' 25,465,587
check other 'tcp.port in {22, 25, 80, 443, 465, 587}' 22,25,80,443,465,587

awk '{ for (i = 1; i <= 5; i++) s[i] += $i }
     END {
         printf "%d captures: tm-learn %d connections, tshark %d with payload; %d equal to the byte, %d explained, %d not\n", NR, s[1], s[2], s[3], s[4], s[5]
         exit s[5] > 0
     }' "$tmp/totals"
