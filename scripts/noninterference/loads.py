"""What a tunnel carries during a run: nothing, somebody who types, somebody who reads pages, bulk both ways; and that past the tunnel."""
import os
import random
import sys

from field import SOCKS_PORT, SSH_PORT, UP_PORT, WEB, WEB_DIRECT, WEB_PORT

HERE = os.path.dirname(os.path.abspath(__file__))
N_PAGES = 12
PAGE_PARTS = ((12, 60_000, 5), (3, 40_000, 9), (2, 60_000, 2))  # number, greatest size in bytes, seed: images, scripts, styles


def serve(field):
    """In the web's namespace: files and pages, somebody who takes uploads, and an ssh server."""
    root = field.file("web")
    os.makedirs(root + "/docs", exist_ok=True)
    os.makedirs(root + "/tmp", exist_ok=True)
    _pages(root + "/docs")
    with open(root + "/docs/file", "wb") as f:
        f.truncate(1 << 30)
    temps = "".join(f"{n}_temp_path {root}/tmp; " for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(root + "/nginx.conf", "w", encoding="utf-8") as f:
        f.write(f"user root; daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\n"
                "events { worker_connections 512; }\n"
                "http { access_log off; types { text/html html; text/css css; text/javascript js; image/png png; }\n"
                f"    default_type application/octet-stream; {temps}\n    server {{ listen {WEB_PORT}; root {root}/docs; }} }}\n")
    field.start("nginx", field.at["web"], ["nginx", "-p", root, "-e", root + "/error.log", "-c", root + "/nginx.conf"])
    field.start("uploads", field.at["web"], [sys.executable, HERE + "/flow.py", "take", "0.0.0.0", str(UP_PORT)])
    field.wait_for("uploads", "^ready", 10)
    _sshd(field)


def _pages(directory):
    """Pages with images, scripts and styles, the same in every study."""
    rng = random.Random("pages")
    for page in range(N_PAGES):
        parts = []
        for kind, (n, most, seed) in zip(("png", "js", "css"), PAGE_PARTS):
            for i in range(n):
                name = f"{page}-{i}.{kind}"
                with open(f"{directory}/{name}", "wb") as f:
                    f.write(b"/*" * (seed % 2) + random.Random(f"{seed}/{name}").randbytes(rng.randrange(300, most)).hex().encode()[:most])
                parts.append({"png": f'<img src="{name}" width="40" height="30">', "js": f'<script src="{name}" defer></script>',
                              "css": f'<link rel="stylesheet" href="{name}">'}[kind])
        text = "<p>" + " ".join(rng.choice(("alpha", "beta", "gamma", "delta")) for _ in range(rng.randrange(300, 3000))) + "</p>"
        with open(f"{directory}/{page}.html", "w", encoding="ascii") as f:
            f.write("<!doctype html><html><head><title>page</title></head><body>" + text + "".join(parts) + "</body></html>")


def _sshd(field):
    """Somebody who may log in exists only in this server's mount namespace."""
    top = field.file("ssh")
    script = f"""
        mkdir -p {top}/home && cd {top} && ssh-keygen -q -t ed25519 -N '' -f {top}/key && ssh-keygen -q -t ed25519 -N '' -f {top}/host &&
        cp key.pub authorized && cp /etc/passwd passwd && cp /etc/shadow shadow && chmod 600 shadow &&
        echo 'typist:x:61200:61200::{top}/home:/bin/bash' >>passwd && echo 'typist:*:20000:0:99999:7:::' >>shadow &&
        chmod 755 {top} {top}/home && chmod 644 authorized passwd && chown 61200:61200 home &&
        printf '%s\\n' 'ListenAddress 0.0.0.0' 'Port {SSH_PORT}' 'HostKey {top}/host' 'PidFile none' 'UsePAM no' 'UseDNS no' 'StrictModes no' \\
            'AuthorizedKeysFile {top}/authorized' 'PrintLastLog no' 'PasswordAuthentication no' 'AllowUsers typist' >sshd.conf"""
    field.inside("web", "sh", "-c", script)
    field.start("sshd", field.at["web"], [
        "unshare", "-m", "sh", "-c", f"mount --bind {top}/passwd /etc/passwd && mount --bind {top}/shadow /etc/shadow && "
        f"mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f {top}/sshd.conf"])
    field.wait_for("sshd", "listening", 10)


class Load:
    """The programs of one workload, in the client's namespace."""

    def __init__(self, field):
        self.field, self.names = field, []

    def _start(self, name, command):
        self.field.start(name, self.field.at["client"], command)
        self.names.append(name)

    def bulk(self):
        """Each starts more than any run can carry."""
        self._start("get", ["curl", "-sS", "--fail", "--noproxy", "", "--socks5-hostname", f"127.0.0.1:{SOCKS_PORT}", "-o", "/dev/null",
                            f"{WEB}/file"])
        self._start("put", [sys.executable, HERE + "/flow.py", "give", "127.0.0.1", str(SOCKS_PORT), WEB, str(UP_PORT), "0"])

    def beside(self, up_bytes_s, down_bytes_s):
        """The same programs with as many bytes, past the tunnel."""
        self._start("get", ["curl", "-sS", "--fail", "--noproxy", "", "--limit-rate", str(max(1000, int(down_bytes_s))), "-o", "/dev/null",
                            f"{WEB_DIRECT}/file"])
        self._start("put", [sys.executable, HERE + "/flow.py", "give", "-", "0", WEB_DIRECT, str(UP_PORT), str(max(1000, int(up_bytes_s)))])

    def typing(self, seed):
        self._start("type", [sys.executable, HERE + "/typist.py", str(seed), self.field.file("ssh"), WEB, str(SSH_PORT), str(SOCKS_PORT)])

    def pages(self, seed):
        self._start("read", [sys.executable, HERE + "/reader.py", str(seed), self.field.file(f"browser-{seed}"), WEB, str(N_PAGES),
                             str(SOCKS_PORT)])

    def end(self):
        """Stops what runs; what it said."""
        said = []
        for name in self.names:
            self.field.stop(name)
            said.append(self.field.said(name))
        self.names = []
        return "".join(said)
