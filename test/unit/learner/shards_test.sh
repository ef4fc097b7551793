#!/bin/bash
# Shards as people make them: four parts, put together in any order, give the database that one pass gives; what is
# missing, doubled, damaged or made otherwise is refused by name.  Usage: shards_test.sh TM-LEARN DATA-DIRECTORY
. "$(dirname "$0")/cli.sh"

# show DATABASE: everything but the database's own name.
show() {
    "$tm_learn" show --json "$1" 2>err
}

# in_parts NAME PORTS CAPTURE...: one pass, and four parts of it.
in_parts() {
    local name=$1 ports=$2 part
    shift 2
    run 0 learn -o "$name.db" --name "$name" --port "$ports" "$@"
    for part in 1 2 3 4; do
        run 0 learn -o "$name.$part.shard" --shard $part/4 --port "$ports" "$@"
    done
    run 0 merge -o "$name.a.shard" "$name".{1,2,3,4}.shard
    run 0 merge -o "$name.left" "$name".{4,2}.shard
    run 0 merge -o "$name.right" "$name".{3,1}.shard
    run 0 merge -o "$name.b.shard" "$name.right" "$name.left"
    same "$name.a.shard" "$name.b.shard" "$name: the order of merging shows"
    run 0 finish -o "$name.merged.db" --name "$name" "$name.a.shard"
    run 0 finish -o "$name.parts.db" --name "$name" "$name".{2,4,1,3}.shard
    show "$name.db" >whole
    show "$name.merged.db" >merged
    show "$name.parts.db" >parts
    [ -s whole ] || fail "$name: nothing learned"
    same whole merged "$name: four parts merged differ from one pass"
    same whole parts "$name: four parts differ from one pass"
}

# -- parts and one pass ----------------------------------------------------------------------------------------------
for class in https:443 ssh:22 smtp:25,465,587; do
    in_parts "${class%%:*}" "${class#*:}" "$data/captures/${class%%:*}"/*
done
# Parts of the connections are in each file, or this showed little.
full=0
for part in 1 2 3 4; do
    [ "$(stat -c %s https.$part.shard)" -gt $(($(stat -c %s https.a.shard) / 20)) ] && full=$((full + 1))
done
[ $full -ge 2 ] || fail "the clients were not spread over the parts"

# A user with several servers, another grouping, and another coarseness travel with the shards.
captures=("$data"/captures/https/*)
run 0 learn -o key.db --name key --port 443 --key pair/24 --points 64 --rre-gap 1s --k 4 "${captures[@]}"
run 0 learn -o key.shard --shard 1/1 --port 443 --key pair/24 --points 64 --rre-gap 1s "${captures[@]}"
run 0 finish -o key.finished.db --name key --k 4 key.shard
show key.db >whole
show key.finished.db >parts
same whole parts "the options did not travel with the shard"
run 0 finish -o key.fine.db --name key --k 4 --points 4096 key.shard
show key.fine.db >fine
cmp -s whole fine && fail "--points of finish does nothing"

# Captures shared out instead of clients: each is a world of its own.
half=$((${#captures[@]} / 2))
run 0 learn -o first.shard --shard 1/1 --join none --port 443 "${captures[@]:0:half}"
run 0 learn -o second.shard --shard 1/1 --join none --port 443 "${captures[@]:half}"
run 0 finish -o halves.db --name https second.shard first.shard
run 0 learn -o apart.db --name https --join none --port 443 "${captures[@]}"
show apart.db >whole
show halves.db >parts
same whole parts "captures shared out differ from one pass"

# The same capture twice counts twice, in one pass and in parts.
twice=("${captures[0]}" "${captures[1]}" "${captures[0]}")
in_parts twice 443 "${twice[@]}"

# The clients' addresses are in a shard, which is its owner's alone; the model has none of them.
[ "$(stat -c %a https.a.shard)" = 600 ] || fail "a shard can be read by others"

# -- bad input -------------------------------------------------------------------------------------------------------
cp https.db models.db
refused() {
    has err "$1"
    [ "$(wc -l <err)" -eq 1 ] || fail "more than one line on stderr"
    same models.db https.db "the database was touched"
}
run 1 finish -o models.db --name x https.1.shard https.2.shard https.4.shard
refused 'part 3/4 of the capture .*is missing'
run 1 finish -o models.db --name x https.1.shard https.1.shard
refused 'both hold part 1/4 of one capture'
run 1 finish -o models.db --name x first.shard key.shard
refused 'made with different options'
run 0 learn -o thirds.shard --shard 1/3 --port 443 "${captures[@]}"
run 1 finish -o models.db --name x thirds.shard https.2.shard
refused 'cut into'
run 1 finish -o models.db --name x missing.shard
refused 'missing.shard: cannot read'
run 1 finish -o models.db --name x "${captures[0]}"
refused 'not a shard'
run 1 merge -o merged.shard models.db
refused 'not a shard'
head -c 3000 https.a.shard >cut.shard
run 1 finish -o models.db --name x cut.shard
refused 'cut or damaged'
{ head -c 2000 https.a.shard; printf x; tail -c +2002 https.a.shard; } >flipped.shard
run 1 finish -o models.db --name x flipped.shard
refused 'damaged'
run 1 learn -o no/such/x.shard --shard 1/4 --port 443 "${captures[0]}"
refused 'no/such/x.shard: cannot write'
run 1 learn -o new.shard --shard 1/4 --port 443 missing.pcap
refused 'missing.pcap'
[ ! -e new.shard ] || fail "a shard was left behind"
run 0 learn -o nothing.shard --shard 1/1 --port 1 "${captures[0]}"
run 1 finish -o models.db --name x nothing.shard
refused 'no usable connection'
mkfifo pipe
run 1 merge -o pipe https.1.shard
refused 'pipe: is there already and no file'
[ -p pipe ] || fail "what was no file was replaced"
[ -z "$(find . -name '*.shard.*' -o -name 'new.shard*')" ] || fail "a part of a file was left behind"

run 2 learn -o x.shard --shard 5/4 --port 443 "${captures[0]}"
run 2 learn -o x.shard --shard 0/4 --port 443 "${captures[0]}"
run 2 learn -o x.shard --shard 1 --port 443 "${captures[0]}"
run 2 learn -o x.shard --shard 1/4 --class x=tcp "${captures[0]}"
has err 'of one class'
run 2 learn -o x.shard --shard 1/4 --name x --port 443 "${captures[0]}"
has err 'give it to tm-learn finish'
run 2 merge https.1.shard
run 2 merge -o x.shard
run 2 finish -o models.db https.a.shard
run 2 finish --name x https.a.shard
run 2 finish -o models.db --name x
run 2 finish -o models.db --name x --k 0 https.a.shard

finish shards
