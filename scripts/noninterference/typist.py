"""typist.py SEED SSH_DIR HOST PORT SOCKS_PORT - somebody types in an ssh session through SOCKS until told to stop.

Keys as scripts/recorder/shell.py has them (its sources are there): log-normal pauses around the person's mean, a mistake now and then.
"""
import asyncio
import os
import random
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "scripts", "recorder")]

import shell  # noqa: E402  (found through the line above)

LINES = ["ls -la /etc", "uptime", "ps aux | head -20", "cat /etc/services | head -40", "date", "df -h", "whoami", "env | sort | head", "pwd"]


class Person:
    """What shell.Terminal asks of a session."""

    def __init__(self, seed):
        self.seed, self.rng = seed, random.Random(f"{seed}/lines")

    def pause(self, median_s, sigma, cap_s):
        return min(cap_s, median_s * self.rng.lognormvariate(0, sigma))


class Place:
    """What shell.Terminal asks of its environment."""

    def __init__(self, work):
        self.work = work


async def main(seed, directory, host, port, socks_port):
    person = Person(seed)
    t = shell.Terminal(person)
    proxy = f"nc -X 5 -x 127.0.0.1:{socks_port} %h %p"
    await t.start(["ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                   "-o", "BatchMode=yes", "-o", f"ProxyCommand={proxy}", "-i", f"{directory}/key", "-p", port, "-tt", f"typist@{host}"],
                  Place(directory))
    print("typing", flush=True)
    while t.n_read == 0 and t.process.returncode is None:
        await asyncio.sleep(0.05)
    while t.process.returncode is None:
        await t.type(person.rng.choice(LINES) + "\r")
        await asyncio.sleep(person.pause(1.0, 0.7, 6))
        print(f"read {t.n_read} bytes", flush=True)
    print("ssh ended", flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *sys.argv[2:]))
