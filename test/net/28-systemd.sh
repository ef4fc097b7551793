#!/bin/bash
# The units of data/systemd under a real systemd, the first process of namespaces of its own with the machine's files under an overlay:
# nothing of the machine's is touched.  Setup and invitation by root, a client that enrols itself by a credential, what the restrictions
# come to, reload, watchdog, sockets, the end.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need unshare curl python3 systemctl systemd-sysusers
program TM_CLIENT >/dev/null || exit 1
program TM_SERVER >/dev/null || exit 1
model=$(program TM_TEST_MODEL) || exit 1
units=$(cd "${0%/*}/../../data/systemd" && pwd)
[ -x /lib/systemd/systemd ] || skip "no systemd"
CGROUP=tm$$sd

# Inside: the inner script is a unit of the systemd that it looks at.
cat >"$WORK/inner.sh" <<'SH'
set -u
fail() { echo "FAILED: $*"; systemctl --no-pager status 'tm-*' 2>&1 | tail -n 40; tail -n 5 /run/*.log; finish; }
finish() { kill -s RTMIN+13 1; exit 1; } # halt at once: the namespaces end
ok() { echo "ok: $*"; }
until_true() { local i; for ((i = 0; i < 200; i++)); do eval "$1" && return; sleep 0.1; done; return 1; }
property() { systemctl show -P "$2" "$1"; }

systemd-sysusers "$UNITS/trafficmimic.sysusers" || fail "sysusers"
cp "$UNITS"/*.service "$UNITS"/*.socket /run/systemd/system/
for u in tm-server tm-client; do
    mkdir -p /run/systemd/system/$u.service.d
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nStandardError=append:/run/%s.log\nWatchdogSec=3\nRestartSec=1\n' $u \
        >/run/systemd/system/$u.service.d/test.conf
done
mkdir -p /run/systemd/system/tm-client.socket.d
printf '[Unit]\nDefaultDependencies=no\n' >/run/systemd/system/tm-client.socket.d/test.conf
cp "$UNITS/tm-client-enrol.conf" /run/systemd/system/tm-client.service.d/
systemctl daemon-reload || fail "reload"
mkdir -p /var/lib/trafficmimic /etc/trafficmimic
ip link set lo up

systemctl start tm-server || fail "a unit whose server is not set up must be left out, not fail"
[ "$(property tm-server ActiveState)" = inactive ] || fail "started without setup"
tm-server setup --listen 127.0.0.1:443 --models /usr/share/trafficmimic/models.db 2>/dev/null | tr -d '\n' >/etc/trafficmimic/link
chmod 600 /etc/trafficmimic/link
echo 'allow = 127.0.0.1:8000' >>/var/lib/trafficmimic/server/config
systemctl start tm-server || fail "tm-server does not start: $(cat /run/tm-server.log)"
pid=$(property tm-server MainPID)
[ "$(stat -c %U /proc/$pid/fd 2>/dev/null || id -nu "$(awk '/^Uid/{print $2}' /proc/$pid/status)")" != '' ] || fail "user"
[ "$(awk '/^Uid/{print $2}' /proc/$pid/status)" = "$(id -u trafficmimic)" ] || fail "tm-server runs as another user"
[ "$(awk '/^CapEff/{print $2}' /proc/$pid/status)" = 0000000000000400 ] || fail "capabilities: $(grep CapEff /proc/$pid/status)"
[ "$(awk '/^Seccomp:/{print $2}' /proc/$pid/status)" = 2 ] || fail "no seccomp"
[ "$(awk '/^NoNewPrivs/{print $2}' /proc/$pid/status)" = 1 ] || fail "new privileges"
[ "$(stat -c '%U %a' /var/lib/trafficmimic/server)" = "trafficmimic 700" ] || fail "state: $(stat -c '%U %a' /var/lib/trafficmimic/server)"
ok "tm-server: as $(id -nu $(stat -c %u /var/lib/trafficmimic/server)), with CAP_NET_BIND_SERVICE alone, seccomp, $(grep -c . /run/tm-server.log) lines of log"
tm-server invite --public h:1 2>/dev/null | grep -q '^tm://' || fail "root cannot invite"
[ "$(stat -c %U /var/lib/trafficmimic/server/invites/* | sort -u)" = trafficmimic ] || fail "an invitation of root's"

printf 'model = short\nusers = 2\nmodels = /usr/share/trafficmimic/models.db\n' >/etc/trafficmimic/client.conf
chmod 644 /etc/trafficmimic/client.conf
systemctl start tm-client || fail "tm-client does not start: $(cat /run/tm-client.log)"
pid=$(property tm-client MainPID)
[ "$(awk '/^CapEff/{print $2}' /proc/$pid/status)" = 0000000000000000 ] || fail "capabilities: $(grep CapEff /proc/$pid/status)"
ok "tm-client enrolled itself with a credential, and is ready; threads: $(for t in /proc/$pid/task/*; do chrt -p ${t##*/} 2>/dev/null | sed -n 's/.*policy: //p'; done | sort | uniq -c | tr -s ' \n' ' ')"
mkdir /run/docs
head -c 100000 /dev/urandom >/run/docs/page
(cd /run/docs && exec python3 -m http.server --bind 127.0.0.1 8000 >/dev/null 2>&1) &
until_true 'ss -Hltn "sport = :8000" | grep -q LISTEN' || fail "no origin"
get() { curl -sS --fail --noproxy '' --max-time 30 --socks5-hostname 127.0.0.1:1080 -o /run/got http://127.0.0.1:8000/page && cmp /run/got /run/docs/page; }
get || fail "no page"
until_true '[[ $(property tm-client StatusText) == "in control: short"* ]]' || fail "status: $(property tm-client StatusText)"
ok "a page through both; systemctl shows: $(property tm-client StatusText)"

echo 'forward = 8081:127.0.0.1:8000' >>/etc/trafficmimic/client.conf
systemctl reload tm-client || fail "reload"
until_true 'grep -q "changed: forward" /run/tm-client.log' || fail "the config was not read again"
echo 'allow = 127.0.0.1:8001' >>/var/lib/trafficmimic/server/config
systemctl reload tm-server || fail "reload"
until_true 'grep -q "changed: allow" /run/tm-server.log' || fail "the config was not read again"
curl -sS --fail --noproxy '' --max-time 30 -o /run/got http://127.0.0.1:8081/page || fail "the new forward"
ok "reload"

kill -STOP "$pid"
until_true '[ "$(property tm-client NRestarts)" = 1 ]' || fail "a program that stands still is not started again"
until_true '[ "$(property tm-client ActiveState)" = active ]' || fail "not active again: $(cat /run/tm-client.log)"
get || fail "no page afterwards"
ok "watchdog: started again, $(grep -c '^summary' /run/tm-client.log) summaries"

systemctl stop tm-client || fail "stop"
[ "$(property tm-client Result)" = success ] || fail "the end: $(property tm-client Result)"
systemctl start tm-client.socket || fail "socket"
get || fail "no page by socket activation: $(cat /run/tm-client.log)"
[ "$(property tm-client ActiveState)" = active ] || fail "not started"
ok "started by its socket"
systemctl stop tm-client.socket tm-client tm-server || fail "stop"
[ "$(property tm-server Result)" = success ] || fail "the end: $(property tm-server Result)"
echo passed
finish
SH

# From the first process of the new namespaces to systemd.
cat >"$WORK/boot.sh" <<'SH'
set -e
root=$WORK/root
mount --make-rprivate /
mkdir "$WORK/cg" && mount -t cgroup2 cgroup2 "$WORK/cg"
mkdir "$WORK/cg/$CGROUP" && echo $$ >"$WORK/cg/$CGROUP/cgroup.procs"
exec unshare --cgroup bash -e -c '
    mkdir "$WORK/ov" && mount -t tmpfs tmpfs "$WORK/ov" && mkdir "$WORK/ov/up" "$WORK/ov/work" "$WORK/root"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/ov/up,workdir=$WORK/ov/work" "$WORK/root"
    cd "$WORK/root"
    mount -t proc proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,ro,bind proc/sys
    mount -t sysfs -o ro sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount --rbind /dev dev
    mount --bind "$WORK/console" dev/console
    mount -t tmpfs tmpfs run
    mkdir -p run/lock run/systemd/system usr/share/trafficmimic
    cp "$TM_CLIENT" usr/bin/tm-client
    cp "$TM_SERVER" usr/bin/tm-server
    cp "$WORK/models.db" usr/share/trafficmimic/models.db
    chmod 755 usr/bin/tm-client usr/bin/tm-server
    chmod 644 usr/share/trafficmimic/models.db
    cp -r "$UNITS" run/units
    cp "$WORK/inner.sh" run/inner.sh
    cat >run/systemd/system/inner.service <<UNIT
[Unit]
DefaultDependencies=no
[Service]
Type=simple
Environment=UNITS=/run/units
ExecStart=/bin/bash /run/inner.sh
StandardOutput=file:/dev/console
StandardError=file:/dev/console
UNIT
    printf "[Unit]\nDefaultDependencies=no\nWants=inner.service\n" >run/systemd/system/inner.target
    pivot_root . mnt && umount -l /mnt
    mount --make-rshared / # as it is on a machine: credentials are mounted by another process
    export container=tm SYSTEMD_UNIT_PATH=/run/systemd/system
    exec /lib/systemd/systemd --system --unit=inner.target --log-target=null'
SH

"$model" "$WORK/models.db" short || fail "models"
: >"$WORK/console"
export WORK CGROUP TM_CLIENT TM_SERVER UNITS=$units
# What can be had of it is tried first.
unshare --mount --pid --fork sh -c 'mkdir $WORK/try && mount -t cgroup2 cgroup2 $WORK/try' 2>/dev/null || skip "cgroups of version 2 cannot be mounted"
started=$SECONDS
timeout -s KILL 100 unshare --mount --pid --uts --ipc --net --fork --kill-child bash "$WORK/boot.sh" >"$WORK/boot.log" 2>&1 </dev/null
status=$?
cat "$WORK/console"
# The cgroups of the systemd that is gone.
unshare --mount sh -c "mount -t cgroup2 cgroup2 $WORK/try && find $WORK/try/$CGROUP -depth -type d -exec rmdir {} +" 2>/dev/null
if [ ! -s "$WORK/console" ]; then
    skip "systemd cannot run in namespaces here: $(tail -n 1 "$WORK/boot.log")"
fi
grep -q '^passed$' "$WORK/console" || fail "exit status $status, after $((SECONDS - started)) s: $(tail -n 3 "$WORK/boot.log")"
say "passed"
