#!/usr/bin/env python3
"""Visits pages in Chromium, one in each slot of so many seconds, each in a browser context of its own: no cache, connection or ticket of an earlier
one is there.  The context is left before the slot ends, so that a visit's window holds nothing of another visit.  Prints a JSON line for each:
its page, when the navigation began and when the page was there (microseconds since 1970), and whether it was.

usage: visits.py '{"chromium": PROGRAM, "home": DIR, "proxy": URL or null, "rules": TEXT, "slot_s": N, "window_s": N, "visits": [[PAGE, URL]]}'
"""
import asyncio
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "recorder"))

import cdp  # noqa: E402  (found through the line above)

AFTER_S = 0.6  # a page says that it was read 0.3 s after it was loaded


async def context(browser):
    """A page as of a browser that was just started; its context's name."""
    made = (await browser.call("Target.createBrowserContext", page=False))["browserContextId"]
    target = await browser.call("Target.createTarget", {"url": "about:blank", "browserContextId": made}, page=False)
    attached = await browser.call("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}, page=False)
    browser.page = attached["sessionId"]
    await browser.call("Page.enable")
    await browser.call("Page.setLifecycleEventsEnabled", {"enabled": True})
    return made


async def visit(browser, url, window_s):
    """(from_us, until_us, done): until the window's end when the page was not there before."""
    from_us, began = time.time_ns() // 1000, time.monotonic()
    try:
        done = await browser.visit(url, window_s - AFTER_S)
    except asyncio.TimeoutError:
        done = False
    spent = time.monotonic() - began
    until_s = min(window_s, spent + AFTER_S) if done else window_s
    return from_us, from_us + int(until_s * 1e6), done


async def sitting(o):
    browser = cdp.Browser()
    more = [f"--proxy-server={o['proxy']}"] if o["proxy"] else []
    try:
        await browser.start(o["chromium"], o["home"], o["rules"], more)
        next_at = time.monotonic() + 1
        for page, url in o["visits"]:
            made = await context(browser)
            await asyncio.sleep(max(0, next_at - time.monotonic()))
            next_at = time.monotonic() + o["slot_s"]
            from_us, until_us, done = await visit(browser, url, o["window_s"])
            print(json.dumps({"page": page, "from_us": from_us, "until_us": until_us, "done": done}), flush=True)
            await asyncio.sleep(max(0, from_us / 1e6 + o["window_s"] - time.time()))
            await browser.call("Target.disposeBrowserContext", {"browserContextId": made}, page=False)
    finally:
        await browser.close()


if __name__ == "__main__":
    asyncio.run(sitting(json.loads(sys.argv[1])))
