#!/bin/bash
# The Slurm example of doc/CORPUS.md, run as it stands there by a Slurm of our own: the job array makes the shards, the job after it the
# model, which is that of one pass.  munged, slurmctld and slurmd run in namespaces of their own (network, host name, processes), so that
# a Slurm of this machine is not touched and nothing stays behind.
# Usage: slurm_test.sh TM-LEARN SOURCE-DIRECTORY.  Status 77: not root, or slurm-wlm or munge is not there.
set -u
skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAIL: $*" >&2
    [ -d "${tmp:-}" ] && tail -n 15 "$tmp"/*.log "$tmp"/slurm-*.out >&2 2>/dev/null
    exit 1
}

if [ "${1:-}" != --inside ]; then
    [ "$(id -u)" = 0 ] || skip "not root"
    PATH=$PATH:/usr/sbin:/sbin
    for program in munged mungekey slurmctld slurmd sbatch squeue scontrol unshare; do
        command -v "$program" >/dev/null || skip "no $program: install slurm-wlm and munge"
    done
    tm_learn=$(realpath "${1:?usage: $0 TM-LEARN SOURCE-DIRECTORY}")
    root=$(realpath "${2:?usage: $0 TM-LEARN SOURCE-DIRECTORY}")
    tmp=$(mktemp -d "${TMPDIR:-/tmp}/tm-slurm.XXXXXX") || exit 1
    trap 'rm -rf "$tmp"' EXIT
    unshare --net --uts --pid --fork --kill-child --mount-proc true 2>/dev/null || skip "no namespaces here"
    PATH=$PATH unshare --net --uts --pid --fork --kill-child --mount-proc \
        "$(realpath "$0")" --inside "$tm_learn" "$root" "$tmp"
    exit
fi

tm_learn=$2 root=$3 tmp=$4
cd "$tmp" && chmod 711 . || exit 1 # munged wants its socket to be reachable
# Slurm listens on nothing where loopback is all there is (getaddrinfo's AI_ADDRCONFIG); the other end is not connected.
ip link set lo up && hostname tmslurm || exit 1
ip link add tm0 type veth peer name tm1 || fail "no veth"
ip addr add 192.0.2.1/24 dev tm0
ip link set tm0 up
ip link set tm1 up
mkdir corpus bin state spool
cp "$root"/data/captures/https/* corpus/
ln -s "$tm_learn" bin/tm-learn
export PATH=$tmp/bin:$PATH SLURM_CONF=$tmp/slurm.conf

# wait_for SECONDS 'what' COMMAND...
wait_for() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || fail "$what takes too long"
        sleep 0.2
    done
}

# -- a cluster of one machine ----------------------------------------------------------------------------------------
mungekey --create --keyfile="$tmp/munge.key" || fail "no key"
munged --foreground --key-file="$tmp/munge.key" --socket="$tmp/munge.socket" --pid-file="$tmp/munged.pid" \
    --log-file="$tmp/munged.log" --seed-file="$tmp/munge.seed" >munged.out.log 2>&1 &
wait_for 10 munged test -S munge.socket

cat >slurm.conf <<CONF
ClusterName=tm
SlurmctldHost=tmslurm(127.0.0.1)
SlurmctldPort=7301
SlurmdPort=7302
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$tmp/munge.socket
CredType=cred/munge
StateSaveLocation=$tmp/state
SlurmdSpoolDir=$tmp/spool
SlurmctldPidFile=$tmp/slurmctld.pid
SlurmdPidFile=$tmp/slurmd.pid
SlurmctldLogFile=$tmp/slurmctld.log
SlurmdLogFile=$tmp/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
NodeName=tmslurm NodeAddr=127.0.0.1 CPUs=2 RealMemory=65536 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
slurmctld -D >slurmctld.out.log 2>&1 &
slurmd -D -N tmslurm >slurmd.out.log 2>&1 &
is_idle() {
    scontrol show node tmslurm | grep -q 'State=IDLE\b'
}
wait_for 30 "a cluster that is idle" is_idle

# -- the example -----------------------------------------------------------------------------------------------------
# block 'first line': the block of the document that begins so, up to an empty line.
block() {
    awk -v first="    $1" 'index($0, first) == 1 { on = 1 } on && /^$/ { exit } on { sub(/^    /, ""); print }' "$root/doc/CORPUS.md"
}
block '# learn.sbatch' | tail -n +2 >learn.sbatch
block 'ls corpus/' >example
cat learn.sbatch example | grep -q "tm-learn finish" || fail "doc/CORPUS.md has no such example"
bash -eu example >example.log 2>&1 || fail "the example failed: $(cat example.log)"
is_done() {
    [ -z "$(squeue --noheader)" ]
}
wait_for 120 "the jobs" is_done

n=$(find parts -name '*.shard' | wc -l)
[ "$n" -eq "$(find corpus -type f | wc -l)" ] || fail "$n shards"
tm-learn learn -q -o pass.db --name https --join none --port 443 corpus/* 2>pass.log || fail "one pass: $(cat pass.log)"
tm-learn show --json models.db https >in-parts || fail "the example left no model"
tm-learn show --json pass.db https >pass
cmp -s in-parts pass || fail "the model differs from that of one pass"
echo "Slurm: $n tasks of an array, the model of one pass, digest $(tm-learn list models.db | awk '$1 == "https" { print $3 }')"
