"""https-browsing: a person reads pages in Chromium, one browser process a session.

A session reads pages of one to four sites.  After each page it scrolls now and then and thinks: log-normal, median
4 s, sigma 0.8, at most 25 s (chosen; a longer pause would only lengthen idle connections).  The end of the
session closes the browser, and with it its sockets.

Six sessions in ten are of returning visitors: their profile remembers, as Chromium itself wrote it down in a
visit before the recording, which servers speak HTTP/2, and so opens one connection to each of them.  First-time visitors
open several at once and give up all but one, as Chromium does; their cache is empty in both cases.
"""
import asyncio
import math
import os
import shutil

import cdp
import plan
import sites
from world import WorldError, sh

CONNECTIONS_A_LOAD = 3.6  # cautious: 3.6 and 4.2 were measured in two small recordings
P_RETURNING = 0.6
REMEMBERED = "Network Persistent State"  # a file of Chromium's profile


def resolver_rules(session):
    rules = [f"MAP {host} {session.addr(offset)}" for host, offset in sites.HOSTS.items()]
    return ",".join(rules + ["MAP * ~NOTFOUND"])


async def run(session, env):
    rng = session.rng
    home = f"{env.work}/home/{session.name}"
    shutil.copytree(f"{env.work}/home/chromium", home)
    if rng.random() < P_RETURNING:
        os.makedirs(f"{home}/profile/Default")
        shutil.copy(f"{env.work}/home/{REMEMBERED}", f"{home}/profile/Default/{REMEMBERED}")
    wanted = rng.sample(sorted(env.pages), rng.choice([1, 2, 2, 3, 3, 4]))
    n_loads = max(1, math.ceil(session.n_connections / CONNECTIONS_A_LOAD))
    browser = cdp.Browser()
    try:
        await browser.start(env.chromium, home, resolver_rules(session))
        site = wanted[0]
        for i in range(n_loads):
            if i and rng.random() < 0.4:
                site = rng.choice(wanted)
            page = plan.url(f"www.{site}.test", rng.choice(env.pages[site]))
            await session.action(browser.visit(page, 20), f"page {page}")
            await asyncio.sleep(session.pause(1.5, 0.5, 5))
            if rng.random() < 0.6:
                await browser.call("Runtime.evaluate", {"expression": f"scrollBy(0,{rng.randrange(200, 1500)})"})
            await asyncio.sleep(session.pause(4, 0.8, 25))
    finally:
        await browser.close()
        shutil.rmtree(home, ignore_errors=True)


async def _earlier_visit(env):
    """Visits every site before the recording, so that Chromium writes down what it remembers of the servers."""
    session = plan.visitor_before(plan.PATHS[0])
    home = f"{env.work}/home/earlier"
    shutil.copytree(f"{env.work}/home/chromium", home)
    browser = cdp.Browser()
    await browser.start(env.chromium, home, resolver_rules(session))
    for site in sorted(env.pages):
        for page in env.pages[site][:2]:
            await browser.visit(plan.url(f"www.{site}.test", page), 20)
            await asyncio.sleep(1)
    await browser.close()
    remembered = f"{home}/profile/Default/{REMEMBERED}"
    with open(remembered, encoding="utf-8") as f:
        if '"supports_spdy":true' not in f.read().replace(" ", ""):
            raise WorldError("Chromium did not remember which servers speak HTTP/2")
    shutil.copy(remembered, f"{env.work}/home/{REMEMBERED}")
    shutil.rmtree(home)


def trust(work):
    """A home with our root certificate in the browser's store."""
    store = f"{work}/home/chromium/.pki/nssdb"
    os.makedirs(store)
    sh("certutil", "-d", f"sql:{store}", "-N", "--empty-password")
    sh("certutil", "-d", f"sql:{store}", "-A", "-t", "C,,", "-n", "root", "-i", f"{work}/pki/root.pem")


def prepare(env):
    """That home, and what a returning visitor's browser remembers."""
    trust(env.work)
    asyncio.run(_earlier_visit(env))
