#!/bin/bash
# scripts/check/options.sh BUILD_DIR - the options of tm-client and tm-server are the same in the programs
# (their --help, printed from the one table) and in the man pages: for each command the same options with the
# same arguments, the same defaults, and the same ones required; and the pages pass mandoc's lint.
#
# Each option of `run` can stand in a config file, but for those that say where it is or ask for something else, which are refused by that
# reason; and what SIGHUP changes is the same in help and page.
#
# Both sides become lines "command|option|letter|argument|default", which must be equal.
# tm-learn, tm-audit and tm-sim, whose help argp prints: what any command takes is in the page, and the page's lists
# name nothing else.
set -u
. "$(dirname "$0")/../lib.sh"
cd "$TM_ROOT" || exit 1
build=${1:?usage: options.sh BUILD_DIR}
work=$(mktemp -d) || exit 1
on_exit 'rm -rf "$work"'

# The commands of a program, from its --help.
commands() {
    "$1" --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

from_help() {
    "$1" "$2" --help | awk -v command="$2" '
        function flush() {
            if (name != "")
                print command "|" name "|" letter "|" arg "|" def
            name = ""
        }
        /^  (-.,|   ) --/ {
            flush()
            letter = substr($0, 4, 1) == " " || substr($0, 3, 1) != "-" ? "" : substr($0, 4, 1)
            text = substr($0, 7)
            split(text, word, " ")
            name = substr(word[1], 3)
            # An argument follows after one space, the explanation after at least two.
            arg = match(text, /^--[a-z-]+ [^ ]+/) ? word[2] : ""
            def = ""
        }
        name != "" && match($0, /\(required\)$/) { def = "required" }
        name != "" && match($0, /\(default: [^)]*\)$/) { def = substr($0, RSTART + 10, RLENGTH - 11) }
        END { flush() }'
}

from_page() {
    awk -v command="$2" '
        function flush() {
            if (name != "")
                print command "|" name "|" letter "|" arg "|" def
            name = ""
        }
        /^\.Ss Options of / { flush(); ours = $4 == command; next }
        /^\.S[hs] / { flush(); ours = 0 }
        !ours { next }
        /^\.El/ { flush() }
        /^\.It Fl/ {
            flush()
            letter = $4 == "," ? $3 : ""
            at = letter == "" ? 3 : 5
            name = substr($at, 2)
            arg = $(at + 1) == "Ar" ? $(at + 2) : ""
            def = ""
        }
        name != "" && /^Required\.$/ { def = "required" }
        name != "" && /^Default: / { def = substr($0, 10); sub(/\.$/, "", def) }
        END { flush() }' "$1"
}

# in_config EXE: each option of its `run` as a line of a config file.
in_config() {
    local name said alone bad=0 n=0
    for name in $(from_help "$1" run | cut -d '|' -f 2); do
        printf '%s =\n' "$name" >"$work/config"
        said=$("$1" run --state "$work/none" --config "$work/config" --check-config 2>&1)
        alone=' state config check-config print-config help version '
        if [[ $alone == *" $name "* ]]; then
            [[ $said == *"'$name' stands on the command line alone"* ]] && continue
        elif [[ $said != *unknown* && $said != *alone* ]]; then
            n=$((n + 1))
            continue
        fi
        echo "${1##*/}: '$name = ...' in a config file: $said"
        bad=1
    done
    [ "$n" -ge 10 ] || fail "${1##*/}: only $n options were tried in a config file"
    return "$bad"
}

# live_of PAGE: the options that SIGHUP changes, as the page's SIGNALS has them.
live_of() {
    awk '/^At once change/ { on = 1; next } on && /^\.Ql/ { print $2 } on && !/^\.Ql/ && !/^and$/ { exit }' "$1" | sort | paste -sd ' '
}

bad=0
for program in tm-client tm-server; do
    page=doc/man/$program.1
    exe=$build/tm/app/$program
    [ -x "$exe" ] || fail "$exe is not there: build it first"
    names=$(commands "$exe")
    [ -n "$names" ] || fail "$program --help lists no commands"
    for c in $names; do
        from_help "$exe" "$c"
    done | sort >"$work/help"
    for c in $names; do
        from_page "$page" "$c" | sed 's/|Required$/|required/'
    done | sort >"$work/page"
    # The system's own choice is no value of the table.
    sed -i "s/|the system's\$/|/" "$work/page"
    if ! diff "$work/help" "$work/page" >"$work/diff"; then
        echo "$program: its --help (<) and $page (>) differ, as command|option|letter|argument|default:"
        cat "$work/diff"
        bad=1
    fi
    in_config "$exe" || bad=1
    live=$("$exe" run --help | sed -n 's/^Read again on SIGHUP: \(.*\)\.$/\1/p' | tr -d ',' | tr ' ' '\n' | sort | paste -sd ' ')
    if [ -z "$live" ] || [ "$live" != "$(live_of "$page")" ]; then
        echo "$program: SIGHUP changes '$live' by its help, '$(live_of "$page")' by $page"
        bad=1
    fi
    [ "$(wc -l <"$work/help")" -ge 10 ] || fail "$program: only $(wc -l <"$work/help") options were found"
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -Wwarning "$page" || bad=1
    fi
done

# The long options of all commands of a program of argp's, from its help.
taken() {
    local c
    for c in $("$1" --help | sed -n 's/^  \([a-z]\{2,\}\)  *[^ -].*/\1/p'); do
        "$1" "$c" --help | sed -n 's/^  \(-[^ ],\|   \) --\([a-z0-9-]*\).*/\2/p'
    done | grep -vxE 'help|usage|version' | sort -u
}

for program in learner/tm-learn audit/tm-audit trial/tm-sim; do
    page=doc/man/${program#*/}.1
    [ -x "$build/$program" ] || fail "$build/$program is not there: build it first"
    taken "$build/$program" >"$work/help"
    grep -oE 'Fl -[a-z0-9-]+' "$page" | sed 's/Fl -//' | sort -u >"$work/named"
    grep '^\.It .*Fl -' "$page" | grep -oE 'Fl -[a-z0-9-]+' | sed 's/Fl -//' | grep -vxE 'help|version' | sort -u >"$work/listed"
    if comm -23 "$work/help" "$work/named" | grep .; then
        echo "${program#*/}: $page does not name these options"
        bad=1
    fi
    if comm -13 "$work/help" "$work/listed" | grep .; then
        echo "${program#*/}: no command takes these options that $page lists"
        bad=1
    fi
    [ "$(wc -l <"$work/help")" -ge 10 ] || fail "${program#*/}: only $(wc -l <"$work/help") options were found"
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -Wwarning "$page" || bad=1
    fi
done
exit "$bad"
