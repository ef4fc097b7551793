#!/usr/bin/env python3
"""Loads pages in Chromium, one after the other, with an empty cache each; one browser, as one sitting.  Runs where the network is that
is to be measured, and prints a JSON line for each page: milliseconds from the start of the navigation to the first byte of the document, the
first paint and the end of loading, and the bytes that the page consists of.

usage: browse.py '{"chromium": PROGRAM, "home": DIR, "proxy": URL or null, "rules": TEXT, "pages": [URL], "limit_s": N}'
"""
import asyncio
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "recorder"))

import cdp  # noqa: E402  (found through the line above)

TIMES = """(() => { const n = performance.getEntriesByType('navigation')[0], p = performance.getEntriesByName('first-contentful-paint')[0];
return JSON.stringify({first_byte_ms: n.responseStart, paint_ms: p ? p.startTime : null, load_ms: n.loadEventStart}) })()"""
PAINT_S = 1  # a paint is told a little later than it was


async def page(browser, url, limit_s):
    await browser.call("Network.clearBrowserCache")
    began = time.monotonic()
    if not await browser.visit(url, limit_s):
        return {"url": url, "done": False, "load_ms": (time.monotonic() - began) * 1000}
    await asyncio.sleep(PAINT_S)
    answer = await browser.call("Runtime.evaluate", {"expression": TIMES})
    return {"url": url, "done": True, **json.loads(answer["result"]["value"])}


async def sitting(o):
    browser = cdp.Browser()
    more = [f"--proxy-server={o['proxy']}"] if o["proxy"] else []
    try:
        await browser.start(o["chromium"], o["home"], o["rules"], more)
        for url in o["pages"]:
            print(json.dumps(await page(browser, url, o["limit_s"])), flush=True)
    finally:
        await browser.close()


if __name__ == "__main__":
    asyncio.run(sitting(json.loads(sys.argv[1])))
