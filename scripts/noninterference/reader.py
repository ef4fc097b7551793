"""reader.py SEED HOME HOST N_PAGES SOCKS_PORT - somebody reads pages in Chromium through SOCKS until told to stop."""
import asyncio
import os
import random
import shutil
import signal
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", "recorder")]

import cdp  # noqa: E402  (found through the line above)
import plan  # noqa: E402

PATIENCE_S = 30


async def main(seed, home, host, n_pages, socks_port):
    rng = random.Random(f"{seed}/pages")
    cdp.FLAGS.append(f"--proxy-server=socks5://127.0.0.1:{socks_port}")
    os.makedirs(home + "/profile", exist_ok=True)
    browser, n_loaded = cdp.Browser(), 0
    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    for s in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(s, me.cancel)
    try:
        await browser.start(shutil.which("chromium") or "chromium", home, "MAP none.invalid ~NOTFOUND")
        print("reading", flush=True)
        while True:
            page = plan.url(host, f"/{rng.randrange(int(n_pages))}.html?{rng.randrange(10 ** 9)}", "http")
            n_loaded += await browser.visit(page, PATIENCE_S)
            print(f"read {n_loaded} pages", flush=True)
            await asyncio.sleep(min(8, rng.lognormvariate(0.3, 0.7)))
    except asyncio.CancelledError:
        pass
    finally:
        await browser.close()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
