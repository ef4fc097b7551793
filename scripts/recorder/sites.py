"""The web that is browsed: documentation packages of Debian behind virtual hosts, and files to download.

For each site, pages are rewritten so that pictures come from img.SITE, style sheets and scripts from static.SITE
or a shared cdn, and every page tells a metrics host that it was read; nginx falls back to the package's own tree.
Pages, sizes and the servers' patience are drawn, but once and for all: recordings of different seeds are of the same world.
"""
import os
import random
import re
import subprocess
import urllib.parse

from plan import OFFSET_HTTP1, PATHS
from world import sh

PACKAGES = {  # site -> directory of the Debian package
    "python": "/usr/share/doc/python3.11/html",
    "scipy": "/usr/share/doc/python-scipy-doc/html",
    "sklearn": "/usr/share/doc/python-sklearn-doc/html",
    "gimp": "/usr/share/gimp/2.0/help/en",
    "handbook": "/usr/share/doc/debian-handbook/html/en-US",
    "sqlite": "/usr/share/doc/sqlite3",
    "qt": "/usr/share/qt5/doc",
    "pandas": "/usr/share/doc/python-pandas-doc/html",
}
HTTP1_SITES = {"gimp", "sqlite", "handbook"}
SHARED = {"cdn.test": False, "metrics.test": True, "downloads.test": False, "mirror.test": True, "video.test": False,
          "git.test": False}  # host -> HTTP/1.1
PAGES_A_SITE = 150
ASSET = re.compile(r'\b(src|href)="([^"#?:]+\.(?:png|jpe?g|gif|svg|ico|css|js))((?:\?[^"]*)?)"', re.I)


def _hosts():
    """host -> offset in a session's prefix."""
    out, next_h2, next_h1 = {}, 0, OFFSET_HTTP1
    hosts = {f"{part}.{site}.test": site in HTTP1_SITES for site in PACKAGES for part in ("www", "img", "static")}
    hosts.update(SHARED)
    for host, http1 in hosts.items():
        if http1:
            out[host], next_h1 = next_h1, next_h1 + 1
        else:
            out[host], next_h2 = next_h2, next_h2 + 1
    assert next_h2 <= OFFSET_HTTP1 and next_h1 <= OFFSET_HTTP1 + 16
    return out


HOSTS = _hosts()


def rsa_hosts():
    """host -> has an RSA key: about half of them."""
    return {host: i % 5 in (0, 3) for i, host in enumerate(HOSTS)}


def _rewrite(html, site, rel, beacon_bytes):
    def asset(m):
        path = urllib.parse.urljoin("/" + rel, m[2])
        kind = path.rsplit(".", 1)[-1].lower()
        if kind not in ("css", "js"):
            return f'{m[1]}="//img.{site}.test{path}{m[3]}"'
        if re.search(r"jquery|mathjax|bootstrap|underscore|doctools|fontawesome|theme", path, re.I):
            return f'{m[1]}="//cdn.test/{site}{path}{m[3]}"'
        return f'{m[1]}="//static.{site}.test{path}{m[3]}"'
    beacon = ('<script>addEventListener("load",()=>setTimeout(()=>fetch("//metrics.test/v",{method:"POST",'
              f'mode:"no-cors",body:"p".repeat({beacon_bytes})}}),300))</script>')
    html = ASSET.sub(asset, html)
    return html.replace("</body>", beacon + "</body>", 1)


def drawn(what):
    """Random numbers for a part of the world, the same in every recording."""
    return random.Random(f"1/{what}")


def overlay(work, rng):
    """Rewritten pages under WORK/overlay/SITE; returns site -> list of page paths."""
    pages = {}
    for site, root in PACKAGES.items():
        found = []
        for base, dirs, files in os.walk(root):
            dirs.sort()
            found += [os.path.join(base, f) for f in sorted(files) if f.endswith(".html")]
        found = [f for f in found if 3000 <= os.path.getsize(f) <= 400000]
        rng.shuffle(found)
        pages[site] = []
        for path in found[:PAGES_A_SITE]:
            rel = os.path.relpath(path, root)
            with open(path, encoding="utf-8", errors="replace") as f:
                html = _rewrite(f.read(), site, rel, rng.randrange(150, 1800))
            target = f"{work}/overlay/{site}/{rel}"
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8") as f:
                f.write(html)
            pages[site].append("/" + urllib.parse.quote(rel))
    return pages


def _files(work, rng):
    """Files to download (log-normal sizes) and video segments; returns path -> bytes for both."""
    downloads, video = {}, {}
    os.makedirs(f"{work}/files/pool", exist_ok=True)
    for i in range(40):
        size = int(min(8e6, max(30e3, rng.lognormvariate(12.6, 1.2))))
        with open(f"{work}/files/pool/package-{i}.bin", "wb") as f:
            f.write(rng.randbytes(size))
        downloads[f"/pool/package-{i}.bin"] = size
    for title in range(4):
        os.makedirs(f"{work}/files/video{title}", exist_ok=True)
        rate_mbit = rng.uniform(0.6, 3.0)
        for i in range(24):
            size = int(rate_mbit * 1e6 / 8 * 2 * rng.lognormvariate(0, 0.25))
            with open(f"{work}/files/video{title}/seg{i}.m4s", "wb") as f:
                f.write(rng.randbytes(size))
            video[f"/video{title}/seg{i}.m4s"] = size
    return downloads, video


def repositories(work):
    """Bare repositories made of the Python library's sources, for cloning: small, middle and larger."""
    out = []
    env = dict(os.environ, HOME=work, GIT_AUTHOR_NAME="Rec", GIT_AUTHOR_EMAIL="rec@rec.test", GIT_COMMITTER_NAME="Rec",
               GIT_COMMITTER_EMAIL="rec@rec.test", GIT_AUTHOR_DATE="2024-01-01T00:00:00Z",
               GIT_COMMITTER_DATE="2024-01-01T00:00:00Z", GIT_CONFIG_NOSYSTEM="1")
    for name, parts in (("small", ["json", "logging"]), ("middle", ["email", "http", "json", "unittest", "xml"]),
                        ("large", ["asyncio", "email", "encodings", "lib2to3", "xml", "concurrent"])):
        tree = f"{work}/repo-{name}"
        os.makedirs(tree)
        sh("git", "init", "-q", tree, env=env)
        for part in parts:
            sh("sh", "-c", f"cp -r /usr/lib/python3*/{part} {tree}/ && rm -rf {tree}/{part}/__pycache__ "
               f"&& cd {tree} && git add -A && git commit -q -m 'add {part}'", env=env)
        sh("git", "clone", "-q", "--bare", tree, f"{work}/git/{name}.git", env=env)
        sh("git", "-C", f"{work}/git/{name}.git", "-c", "pack.threads=1", "repack", "-adfq", env=env)  # always the same pack
        out.append(f"{name}.git")
    return out


def server_block(work, host, keepalive_s):
    listen = "8443 ssl" if HOSTS[host] >= OFFSET_HTTP1 else "443 ssl http2"
    name, site = host.split(".")[0], host.split(".")[1] if host.count(".") == 2 else ""
    if site:
        places = f"root {work}/overlay/{site}; location / {{ try_files $uri @o; }} location @o {{ root {PACKAGES[site]}; }}"
    elif name == "cdn":
        places = " ".join(f"location /{s}/ {{ alias {root}/; }}" for s, root in PACKAGES.items())
    elif name == "metrics":
        places = "location / { return 204; }"
    elif name == "git":
        places = (f"location / {{ include /etc/nginx/fastcgi_params; fastcgi_pass unix:{work}/fcgi.sock; "
                  f"fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend; fastcgi_param GIT_PROJECT_ROOT "
                  f"{work}/git; fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param PATH_INFO $uri; }}")
    else:
        places = f"root {work}/files;"
    return (f"server {{ listen {listen} backlog=1024; server_name {host}; ssl_certificate {work}/pki/{host}.chain; "
            f"ssl_certificate_key {work}/pki/{host}.key; keepalive_timeout {keepalive_s}s; "
            f"add_header Access-Control-Allow-Origin *; add_header Cache-Control max-age=600; {places} }}\n")


def _conf(work, rng, number):
    seen, blocks = set(), []
    for host in HOSTS:
        block = server_block(work, host, rng.choice([5, 10, 15, 30, 60, 65, 75]))
        port = re.search(r"listen (\d+)", block)[1]
        if port in seen:
            block = block.replace(" backlog=1024", "")
        seen.add(port)
        blocks.append(block)
    return (f"user root; worker_processes 1; daemon off; pid {work}/nginx{number}.pid; error_log {work}/log/nginx.err;\n"
            "events { worker_connections 4096; }\nhttp { include /etc/nginx/mime.types; access_log off; sendfile on; "
            "tcp_nopush on; gzip on; gzip_types text/css application/javascript image/svg+xml; ssl_session_cache "
            f"shared:s:4m; ssl_protocols TLSv1.2 TLSv1.3; client_body_temp_path {work}/tmp; fastcgi_temp_path {work}/tmp; "
            f"proxy_temp_path {work}/tmp; uwsgi_temp_path {work}/tmp; scgi_temp_path {work}/tmp;\n"
            + "".join(blocks) + "}\n")


def make(world):
    """Trees and files on disk, nginx in each server namespace; returns (pages, downloads, video)."""
    work = world.work
    os.makedirs(f"{work}/tmp", exist_ok=True)
    pages = overlay(work, drawn("overlay"))
    downloads, video = _files(work, drawn("files"))
    world.spawn("fcgiwrap", ["fcgiwrap", "-c", "4", "-s", f"unix:{work}/fcgi.sock"],
                env={"PATH": os.environ["PATH"], "HOME": work, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "1",
                     "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"})
    for path in PATHS:
        conf = f"{work}/nginx{path.number}.conf"
        with open(conf, "w", encoding="utf-8") as f:
            f.write(_conf(work, drawn("keepalive"), path.number))
        test = subprocess.run(["nginx", "-t", "-q", "-c", conf], capture_output=True, text=True, check=False)
        if test.returncode != 0 and "bind()" not in test.stderr:
            raise RuntimeError(test.stderr)
        world.spawn(f"nginx{path.number}", ["nginx", "-c", conf], world.server(path))
    return pages, downloads, video
