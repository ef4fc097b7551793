#!/usr/bin/env python3
"""Makes in DIR what the recorder's browsing has: documentation pages of Debian behind virtual hosts, certificates, and a home whose
browser trusts them.  Prints JSON: hosts with their addresses, pages, and the directory of each host's part of nginx's configuration.

usage: web.py DIR N
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), d) for d in ("recorder", "common")]

import browsing  # noqa: E402  (found through the line above)
import pki  # noqa: E402
import plan  # noqa: E402
import sites  # noqa: E402

HTTP2, HTTP1 = "10.70.0.1", "10.70.0.2"


def address(host):
    return HTTP1 if sites.HOSTS[host] >= sites.OFFSET_HTTP1 else HTTP2


def chosen(pages, n):
    """n pages: one of each site, then again one of each."""
    rng = sites.drawn("useful")
    shuffled = {site: rng.sample(pages[site], len(pages[site])) for site in sorted(pages)}
    names = sorted(shuffled)
    return [plan.url(f"www.{names[i % len(names)]}.test", shuffled[names[i % len(names)]][i // len(names)]) for i in range(n)]


def conf(work):
    """nginx.conf in PLACE, which is filled in for each server."""
    blocks = []
    for host in sites.HOSTS:
        block = sites.server_block(work, host, 65)
        listen = f"listen {address(host)}:443 ssl" + (" http2" if address(host) == HTTP2 else "")
        blocks.append(listen.join([block[:block.index("listen ")], block[block.index(";"):]]))
    temps = "".join(f"{n}_temp_path PLACE; " for n in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return ("user root; worker_processes 1; daemon off; pid PLACE/pid; error_log PLACE/error.log;\n"
            "events { worker_connections 1024; }\nhttp { include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nopush on; gzip on; "
            f"gzip_types text/css application/javascript image/svg+xml; ssl_protocols TLSv1.2 TLSv1.3; {temps}\n" + "".join(blocks) + "}\n")


def main():
    work, n = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    os.makedirs(work + "/files", exist_ok=True)
    pki.make(work + "/pki", sites.rsa_hosts())
    browsing.trust(work)
    pages = chosen(sites.overlay(work, sites.drawn("overlay")), n)
    with open(work + "/nginx.conf", "w", encoding="utf-8") as f:
        f.write(conf(work))
    with open(work + "/hosts", "w", encoding="ascii") as f:
        f.write("127.0.0.1 localhost\n" + "".join(f"{address(h)} {h}\n" for h in sites.HOSTS))
    print(json.dumps({"pages": pages, "hosts": {h: address(h) for h in sites.HOSTS}, "home": os.path.join(work, "home", "chromium")}))


if __name__ == "__main__":
    main()
