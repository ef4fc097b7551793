#!/bin/bash
# The doors of a tunnel as real programs use them: proxies (-D, unix sockets), forwards both ways (-L, -R, unix sockets at both ends), and
# what the server lets its clients reach.  Destinations and their names can be reached from the server alone.
# shellcheck source-path=SCRIPTDIR
. "${0%/*}/lib.sh"
. "${0%/*}/tunnel.sh"
need curl nginx openssl python3
client=$(program TM_CLIENT) || exit 1
here=${0%/*}
SITE=files.internal.example
PID_careful='' PID_client='' # set by start

# has PROGRAM: else says what is left out.
has() {
    command -v "$1" >/dev/null && return
    say "left out: $1 is not installed"
    return 1
}

# exact WHAT FILE [WANTED]: the bytes are those of the destination's file.
exact() {
    cmp -s "${3:-$WORK/docs/file}" "$2" || fail "$1: other bytes ($(stat -c %s "$2" 2>&1))"
    rm -f "$2"
    say "$1: exact"
}

# get NAMESPACE WHAT ADDRESS CURL_OPTIONS...
get() {
    local where=$1 what=$2 address=$3
    shift 3
    in_ns "$where" curl -sS --fail --noproxy '' --max-time 20 -o "$WORK/got" "$@" "$address" || fail "$what"
    exact "$what" "$WORK/got"
}

# refused WHAT STATUS ADDRESS CURL_OPTIONS...: curl's %{http_connect}, or its text for SOCKS.
refused() {
    local what=$1 want=$2 address=$3 said
    shift 3
    said=$(in_ns c curl -sS --noproxy '' --max-time 20 -o /dev/null -w '%{http_connect}' "$@" "$address" 2>&1) && fail "$what was reached"
    [[ $said == *$want* ]] || fail "$what: $said"
    say "$what: not allowed"
}

logged() {
    wait_for 10 "grep -q -- '$2' $WORK/$1.log" || fail "the log of $1 does not say: $2"
    say "$1: $(grep -m 1 -o -- "$2.*" "$WORK/$1.log")"
}

path --delay-ms 5 --queue-packets 16384 --seed 1
"$(program TM_TEST_MODEL)" "$MODELS" quick || fail "models"
host_name s 10.8.0.2 $SITE
mkdir "$WORK/docs" "$WORK/run"
random_file "$WORK/docs/file" 100000
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$SITE" -addext "subjectAltName=DNS:$SITE" \
    -keyout "$WORK/key.pem" -out "$WORK/cert.pem" 2>"$WORK/openssl.log" || fail "certificate"
start_nginx w '10.8.0.2:80' "$WORK/docs" "listen 10.8.0.2:443 ssl; listen unix:$WORK/run/web.sock;
    ssl_certificate $WORK/cert.pem; ssl_certificate_key $WORK/key.pem;"
start_nginx c '127.0.0.1:8000' "$WORK/docs" "listen unix:$WORK/run/near.sock;"
enrol --name www.example.org

# ---- Without rules: what is public, nothing else; listeners on loopback alone ----

server=$(program TM_SERVER) || exit 1
start strict in_ns s "$server" run --state "$SERVER_STATE" --deny 8.8.8.8
wait_for 10 "grep -q ^ready: $WORK/strict.log" || fail "tm-server: $(cat "$WORK/strict.log")"
start_client careful --model shuffle -R 10.8.0.1:9100:127.0.0.1:8000 -R 80:127.0.0.1:8000 -R 9000:127.0.0.1:8000
for address in 10.8.0.2 $SITE 127.0.0.1 169.254.169.254 '[fd00:8::2]' '[::1]' '[::ffff:10.8.0.2]' '[64:ff9b::10.8.0.2]' '[2002:a08:2::1]' 8.8.8.8; do
    refused "HTTP CONNECT to $address" 403 "http://$address/file" --proxy "$SOCKS" --proxytunnel
done
refused "SOCKS to a private name" '(2)' "http://$SITE/file" --socks5-hostname "$SOCKS"
in_ns c "$client" connect "unix:$WORK/run/web.sock" </dev/null 2>"$WORK/err" && fail "a unix socket was reached"
grep -q 'the server does not connect there' "$WORK/err" || fail "connect to a unix socket: $(cat "$WORK/err")"
logged careful '-R 10.8.0.1:9100:127.0.0.1:8000: nobody listens there: the server does not permit it'
logged careful '-R 80:127.0.0.1:8000: nobody listens there: the server does not permit it'
logged careful '-R 9000:127.0.0.1:8000: the server listens, port 9000'
get s '-R on loopback, by default' http://127.0.0.1:9000/file
kill -KILL "$PID_careful"
ends_with_0 strict

# ---- Doors ----

start_server server --allow-unix "$WORK/run/web.sock" --permit-listen localhost:* --permit-listen 10.8.0.1:9100
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/run/l.sock" # as after a kill: nobody listens
# SOCKS is that of -D, as --socks is not given.
start client in_ns c "$client" run --state "$CLIENT_STATE" --models "$MODELS" --model shuffle -D 1080 -D "unix:$WORK/run/d.sock" -D '*:1081' \
    -L 8080:$SITE:80 -L "$WORK/run/l.sock:$SITE:80" -L "8081:unix:$WORK/run/web.sock" -L "8443:$SITE:443" \
    -L 5201:$SITE:5201 -L 7001:$SITE:7001 \
    -R 9000:127.0.0.1:8000 -R 10.8.0.1:9100:localhost:8000 -R "9001:unix:$WORK/run/near.sock" -R 5202:127.0.0.1:5202 -R 9003:127.0.0.1:9
wait_for 10 "grep -q '^ready: socks5 on 127.0.0.1:1080, .*, 6 forwards' $WORK/client.log" || fail "tm-client: $(cat "$WORK/client.log")"
[ "$(stat -c %a "$WORK/run/l.sock" "$WORK/run/d.sock" | paste -sd ' ')" = '600 600' ] || fail "unix sockets: $(ls -l "$WORK/run")"
get c '-D' http://$SITE/file --socks5-hostname "$SOCKS"
get c '-D, all addresses' http://$SITE/file --proxy 10.9.0.1:1081
get c '-D unix' http://$SITE/file --proxy "socks5h://localhost$WORK/run/d.sock"
get c '-L' http://127.0.0.1:8080/file
get c '-L at a unix socket' http://$SITE/file --unix-socket "$WORK/run/l.sock"
get c '-L to a unix socket' http://127.0.0.1:8081/file
get c '-L, https' "https://$SITE:8443/file" --connect-to "::127.0.0.1:" --cacert "$WORK/cert.pem"
for word in 9000 9100 9001; do
    logged client "-R .*$word.*: the server listens"
done
get s '-R' http://127.0.0.1:9000/file
get w '-R at an address of the server' http://10.8.0.1:9100/file
get s '-R to a unix socket' http://127.0.0.1:9001/file
in_ns s curl -sS --max-time 20 http://127.0.0.1:9003/ 2>"$WORK/err" && fail "-R to a closed port"
grep -qiE "reset|couldn't connect" "$WORK/err" || fail "-R to a closed port: $(cat "$WORK/err")" # curl may be told while it still connects
say "-R to a closed port: reset"
printf 'GET /file HTTP/1.0\r\n\r\n' | in_ns c "$client" connect "unix:$WORK/run/web.sock" --socks "unix:$WORK/run/d.sock" |
    sed '1,/^\r$/d' >"$WORK/got"
exact 'connect to a unix socket, by one' "$WORK/got"
refused "HTTP CONNECT to the server itself" 403 "http://127.0.0.1/" --proxy "$SOCKS" --proxytunnel

# ---- Programs ----

if has iperf3; then
    start iperf_w in_ns w iperf3 -s -B 10.8.0.2
    start iperf_c in_ns c iperf3 -s -B 127.0.0.1 -p 5202
    for at in 'c 5201' 'c 5201 -R' 's 5202' 's 5202 -R'; do
        read -r -a how <<<"$at"
        where=${how[0]} port=${how[1]} how=("${how[@]:2}")
        wait_for 5 "ip netns exec $NS_c ss -Hltn 'sport = :5202' | grep -q ."
        in_ns "$where" timeout 60 iperf3 -c 127.0.0.1 -p "$port" -n 8M -J "${how[@]}" >"$WORK/iperf.json" || fail "iperf3 at $at: $(cat "$WORK/iperf.json")"
        python3 -c 'import json, sys
end = json.load(open(sys.argv[1]))["end"]
assert end["sum_sent"]["bytes"] >= 8 << 20 and end["sum_received"]["bytes"] > 0, end
print("iperf3 in", sys.argv[2], "by", sys.argv[3], sys.argv[4] + ":", end["sum_received"]["bytes"], "bytes")' \
            "$WORK/iperf.json" "$where" "$port" "${how[*]:-up}" || fail "iperf3 at $at"
    done
fi

if has ncat; then
    random_file "$WORK/up" $((8 << 20))
    # Answers when it has read to the end: the digest of what came, then a mebibyte.  (ncat's own -c drops what follows the end.)
    start ends in_ns w python3 "$here/ends.py" serve 10.8.0.2 7001
    wait_for 10 "grep -q ready $WORK/ends.log" || fail "destinations"
    python3 -c 'import hashlib, sys
sys.stdout.buffer.write(hashlib.sha256(open(sys.argv[1], "rb").read()).digest() + bytes(range(256)) * 4096)' "$WORK/up" >"$WORK/want"
    in_ns c timeout 60 ncat --proxy "$SOCKS" --proxy-type socks5 --proxy-dns remote $SITE 7001 <"$WORK/up" >"$WORK/got" || fail "ncat by SOCKS"
    exact 'ncat by SOCKS: 8 MiB, half-close, 1 MiB back' "$WORK/got" "$WORK/want"
    in_ns c timeout 60 ncat 127.0.0.1 7001 <"$WORK/up" >"$WORK/got" || fail "ncat by -L"
    exact 'ncat by -L: 8 MiB, half-close, 1 MiB back' "$WORK/got" "$WORK/want"
fi

if has ssh && has /usr/sbin/sshd; then
    for key in host_key user_key; do
        ssh-keygen -q -t ed25519 -N '' -f "$WORK/$key" || fail "keys"
    done
    printf '[%s]:2222 %s\n' "$SITE" "$(cat "$WORK/host_key.pub")" >"$WORK/known_hosts"
    cat >"$WORK/sshd_config" <<CONF
ListenAddress 10.8.0.2:2222
HostKey $WORK/host_key
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
AuthorizedKeysFile $WORK/user_key.pub
Subsystem sftp internal-sftp
CONF
    # Its directory of privilege separation is of its own mount namespace.
    start sshd in_ns w sh -c "mount -t tmpfs none /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f $WORK/sshd_config"
    wait_for 10 "ip netns exec $NS_w ss -Hltn 'sport = :2222' | grep -q ." || fail "sshd: $(cat "$WORK/sshd.log")"
    ssh_options=(-F none -o "ProxyCommand=$client connect %h:%p" -o "UserKnownHostsFile=$WORK/known_hosts" -o IdentitiesOnly=yes
        -o StrictHostKeyChecking=yes -o BatchMode=yes -i "$WORK/user_key")
    in_ns c timeout 30 ssh "${ssh_options[@]}" -p 2222 "$(id -un)@$SITE" "cat $WORK/docs/file" >"$WORK/got" || fail "ssh"
    exact 'ssh by ProxyCommand' "$WORK/got"
    in_ns c timeout 30 scp -q "${ssh_options[@]}" -P 2222 "$WORK/docs/file" "$(id -un)@$SITE:$WORK/copy" || fail "scp there"
    in_ns c timeout 30 scp -q "${ssh_options[@]}" -P 2222 "$(id -un)@$SITE:$WORK/copy" "$WORK/got" || fail "scp back"
    exact 'scp there and back' "$WORK/got"
fi

if has git; then
    git_at() {
        GIT_CONFIG_NOSYSTEM=1 HOME=$WORK git "$@"
    }
    { git_at init -q "$WORK/tree" && cp "$WORK/docs/file" "$WORK/tree" && git_at -C "$WORK/tree" add file &&
        git_at -C "$WORK/tree" -c user.name=t -c user.email=t@example.org commit -q -m file &&
        git_at clone -q --bare "$WORK/tree" "$WORK/docs/tree.git" && git_at -C "$WORK/docs/tree.git" update-server-info; } || fail "git"
    for proxy in socks5h http; do
        GIT_CONFIG_NOSYSTEM=1 HOME=$WORK GIT_SSL_CAINFO=$WORK/cert.pem in_ns c timeout 60 git -c http.proxy=$proxy://$SOCKS \
            clone -q https://$SITE/tree.git "$WORK/clone" 2>"$WORK/err" || fail "git by $proxy: $(cat "$WORK/err")"
        exact "git over https by $proxy" "$WORK/clone/file"
        rm -rf "$WORK/clone"
    done
fi

if has proxychains4; then
    printf 'strict_chain\nproxy_dns\n[ProxyList]\nsocks5 127.0.0.1 1080\n' >"$WORK/proxychains.conf"
    in_ns c timeout 30 proxychains4 -q -f "$WORK/proxychains.conf" curl -sS --fail --noproxy '' -o "$WORK/got" http://$SITE/file || fail "proxychains4"
    exact 'curl in proxychains4' "$WORK/got"
fi

if /usr/bin/python3 -c 'import socks' 2>/dev/null; then # Debian's, whatever else is there
    in_ns c timeout 30 /usr/bin/python3 - "$SITE" >"$WORK/got" <<'PY' || fail "python3-socks"
import sys
import socks

s = socks.socksocket()
s.set_proxy(socks.SOCKS5, "127.0.0.1", 1080, rdns=True)
s.connect((sys.argv[1], 80))
s.sendall(b"GET /file HTTP/1.0\r\n\r\n")
got = b""
while True:
    more = s.recv(65536)
    if not more:
        break
    got += more
sys.stdout.buffer.write(got.split(b"\r\n\r\n", 1)[1])
PY
    exact 'python3-socks' "$WORK/got"
else
    say "left out: python3-socks is not installed"
fi

# ---- Ends ----

kill -KILL "$PID_client"
wait_for 5 "! kill -0 $PID_client"
[ -S "$WORK/run/l.sock" ] || fail "the socket did not outlive a kill"
start_client again --model shuffle -L "$WORK/run/l.sock:$SITE:80" -R 9000:127.0.0.1:8000
logged again '-R 9000:127.0.0.1:8000: the server listens' # although the former session had the port
get c '-L at a unix socket that was left behind' http://$SITE/file --unix-socket "$WORK/run/l.sock"
get s '-R that a former session had' http://127.0.0.1:9000/file
ends_with_0 again
[ -e "$WORK/run/l.sock" ] && fail "a unix socket outlived tm-client"
ends_with_0 server
in_ns s curl -sS --max-time 5 -o /dev/null http://127.0.0.1:9000/ 2>/dev/null && fail "a listener outlived tm-server"
say "passed"
