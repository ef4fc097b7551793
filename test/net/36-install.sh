#!/bin/bash
# What cmake --install puts into a place of its own is all that is needed: set up, join, a page, status, with the models that were
# installed; each program has its manual and its completions, and the units start programs that are there.  The Debian packages are made of
# it; scripts/packages tests these.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
need cmake curl python3
build=$(program TM_CLIENT) || exit 1
build=${build%/tm/app/*}

DESTDIR=$WORK/installed cmake --install "$build" --prefix /usr >"$WORK/install.log" 2>&1 || fail "cmake --install"
mkdir "$WORK/elsewhere" || fail "mkdir"
mv "$WORK/installed" "$WORK/elsewhere/installed" || fail "mv"
prefix=$WORK/elsewhere/installed/usr # nowhere that the build knows of
for p in tm-client tm-server tm-learn tm-audit tm-sim; do
    "$prefix/bin/$p" --version >"$WORK/version.log" 2>&1 || fail "$p --version"
    for f in share/man/man1/$p.1 share/bash-completion/completions/$p share/zsh/site-functions/_$p share/fish/vendor_completions.d/$p.fish; do
        [ -s "$prefix/$f" ] || fail "$f was not installed"
    done
done
for f in lib/systemd/system/tm-client.service lib/systemd/system/tm-server.service lib/systemd/user/tm-client.service; do
    exe=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$prefix/$f") || fail "$f"
    [ -x "$WORK/elsewhere/installed$exe" ] || fail "$f starts $exe, which was not installed"
done
[ -s "$prefix/share/man/man5/trafficmimic-config.5" ] || fail "no trafficmimic-config(5)"
say "ok: programs, manuals, completions, units"

ns a
in_ns a ip address add 9.9.9.9/32 dev lo || fail "address"
mkdir "$WORK/docs" || fail "mkdir"
head -c 20000 /dev/urandom >"$WORK/docs/page"
start origin in_ns a python3 -m http.server --bind 9.9.9.9 --directory "$WORK/docs" 80
link=$(in_ns a "$prefix/bin/tm-server" setup --state "$WORK/server" --listen 127.0.0.1:443 2>"$WORK/setup.log") || fail "setup"
start server in_ns a "$prefix/bin/tm-server" run --state "$WORK/server"
wait_for 10 'in_ns a ss -Hltn "sport = :443" | grep -q LISTEN' || fail "tm-server does not listen"
in_ns a "$prefix/bin/tm-client" join --state "$WORK/client" "$link" >"$WORK/join.log" 2>&1 || fail "join"
start client in_ns a "$prefix/bin/tm-client" run --state "$WORK/client"
wait_for 20 'in_ns a ss -Hltn "sport = :1080" | grep -q LISTEN' || fail "tm-client does not listen"
in_ns a curl -sS --fail --noproxy '' --max-time 60 --proxy socks5h://127.0.0.1:1080 -o "$WORK/got" http://9.9.9.9/page 2>"$WORK/curl.log" || fail "no page"
cmp "$WORK/got" "$WORK/docs/page" || fail "another page"
in_ns a "$prefix/bin/tm-client" status --state "$WORK/client" >"$WORK/status.log" 2>&1 || fail "status"
say "ok: $(head -n 1 "$WORK/status.log")"
say "passed"
