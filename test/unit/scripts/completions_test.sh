#!/bin/bash
# completions_test.sh DIR PROGRAM... - DIR/bash, DIR/zsh and DIR/fish hold the programs' completions: each command and each option of
# each command, as --help prints them, is offered.  bash is asked, and fish where it is installed; zsh reads its file, where it is
# installed, and otherwise files are searched.
set -u
dir=${1:?usage: completions_test.sh DIR PROGRAM...}
shift
bad=0
n=0

miss() {
    echo "$1: $2 does not offer '$3'"
    bad=1
}

# offered_by_bash WORD...: what follows these words on a command line, the last of which is begun.
offered_by_bash() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMPREPLY=()
    "_${1//-/_}"
    printf '%s\n' "${COMPREPLY[@]}"
}

in_zsh() { # FILE COMMAND OPTION
    sed -n "/^    $2)\$/,/;;\$/p" "$1" | grep -qE "'\*--$3[=[]"
}

for exe in "$@"; do
    name=${exe##*/}
    . "$dir/bash/$name" || exit 1
    if command -v zsh >/dev/null; then zsh -n "$dir/zsh/$name" || bad=1; fi
    commands=$("$exe" --help | grep -oE '^  [a-z][a-z-]+ ' | tr -d ' ' | grep -v '^tm-')
    for c in $commands; do
        offered_by_bash "$name" '' | grep -qxF -- "$c" || miss bash "$name" "$c"
        grep -q "^    '$c:" "$dir/zsh/$name" || miss zsh "$name" "$c"
        options=$("$exe" "$c" --help | grep -oE '^ +(-[^ -], ?)? *--[a-z0-9-]+' | sed 's/.*--//')
        bash=$(offered_by_bash "$name" "$c" --)
        fish=$(if command -v fish >/dev/null; then
            fish --no-config -c "source $dir/fish/$name; complete -C '$name $c --'" | cut -f 1 | sed 's/=$//'
        else
            sed -nE "s/.*_from $c' -l ([^ ]*).*/--\1/p" "$dir/fish/$name"
        fi)
        for o in $options; do
            n=$((n + 1))
            grep -qxF -- "--$o" <<<"$bash" || miss bash "$name $c" "--$o"
            grep -qxF -- "--$o" <<<"$fish" || miss fish "$name $c" "--$o"
            in_zsh "$dir/zsh/$name" "$c" "$o" || miss zsh "$name $c" "--$o"
        done
    done
    case $name in
    tm-client)
        [ "$(offered_by_bash tm-client run --preset '' | paste -sd ' ')" = 'light default strong' ] || miss bash 'tm-client run --preset' 'light default strong'
        [ -z "$(offered_by_bash tm-client run --users '')" ] || { echo "bash: files are no number of users"; bad=1; }
        ;;
    esac
done
echo "$n options"
[ "$n" -ge 200 ] || { echo "only $n options were found"; bad=1; }
exit "$bad"
