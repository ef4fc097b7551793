"""Pages fetched by curl through tor's SOCKS port, compared byte by byte."""
import hashlib
import os
import random
import subprocess
import time

import plan
from labworld import wait_until

AT_ONCE = 20
TRY_SECONDS = 8
ROW_SECONDS = 40
NO_CIRCUIT = 97  # curl's status when tor's SOCKS port says no: in a young network circuits are lost, and whoever uses Tor tries again
TRIES = 5


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


class Pages:
    """Files of the sizes that were asked for, and who fetches them."""

    def __init__(self, world, sizes, seed):
        self.world, self.sizes = world, sizes
        self.files, self.got = f"{world.work}/files", f"{world.work}/got"
        self.rows = []
        self.lost = 0  # tries for which tor had no circuit
        os.makedirs(self.files)
        os.makedirs(self.got)
        os.chmod(world.work, 0o755)
        for size in sizes:
            with open(f"{self.files}/{size}", "wb") as f:
                f.write(random.Random(f"{seed}/{size}").randbytes(size))
        self.wanted = {size: sha256(f"{self.files}/{size}") for size in sizes}

    def _through(self, client, seconds, *more):
        socks = f"{client.address}:{plan.SOCKS_PORT}"
        return subprocess.run(self.world.at(client.place, "curl", "-sS", "--no-progress-meter", "--fail", "--noproxy", "", "--max-time", str(seconds),
                                            "--socks5-hostname", socks, *more), capture_output=True, text=True, check=False)

    def fetch(self, client, host, size, seconds=120):
        """(whether the same bytes came, seconds, what curl said)."""
        to = f"{self.got}/{client.name}"
        if os.path.exists(to):
            os.unlink(to)
        for _ in range(TRIES):
            began = time.monotonic()
            done = self._through(client, seconds, "-o", to, f"{host}/{size}")
            took = time.monotonic() - began
            if done.returncode != NO_CIRCUIT:
                break
            self.lost += 1
            time.sleep(0.5)
        return done.returncode == 0 and sha256(to) == self.wanted[size], took, done.stderr.strip()

    def row(self, model, route, client, host, size, n):
        """Fetches n times, one after another, or fewer when that takes more than ROW_SECONDS; the row of the table."""
        end = time.monotonic() + ROW_SECONDS
        all_of_them = []
        while len(all_of_them) < n and (not all_of_them or time.monotonic() < end):
            all_of_them.append(self.fetch(client, host, size))
        return self._add(model, route, size, [took for _, took, _ in all_of_them], sum(same for same, _, _ in all_of_them),
                         next((said for same, _, said in all_of_them if not same), ""))

    def row_at_once(self, model, route, client, host, size):
        """AT_ONCE fetches side by side, on as many connections of the exit's."""
        began = time.monotonic()
        done = self._through(client, 120, "--parallel", "--parallel-immediate", "--parallel-max", str(AT_ONCE), "-o", f"{self.got}/once-#1",
                          "-w", "%{time_total}\n", f"{host}/{size}?[1-{AT_ONCE}]")
        took = [float(t) for t in done.stdout.split()] or [time.monotonic() - began]
        paths = [f"{self.got}/once-{i + 1}" for i in range(AT_ONCE)]
        same = sum(os.path.exists(p) and sha256(p) == self.wanted[size] for p in paths)
        for p in paths:
            if os.path.exists(p):
                os.unlink(p)
        return self._add(model, f"{route}, {AT_ONCE} at once", size, took, same, done.stderr.strip(), AT_ONCE)

    def _add(self, model, route, size, took, same, said, n=None):
        took = sorted(took)
        row = {"carried_by": model, "route": route, "bytes": size, "n": n or len(took), "equal": same, "median_s": round(took[len(took) // 2], 3),
               "max_s": round(took[-1], 3)}
        if said and same != row["n"]:
            row["error"] = said.splitlines()[-1]
        self.rows.append(row)
        return row

    def until_reached(self, client, host, seconds):
        """Tries again and again, as one must with a young onion service; seconds that it took, or None."""
        began = time.monotonic()
        ok = wait_until(seconds, lambda: self.fetch(client, host, self.sizes[0], TRY_SECONDS)[0])
        return round(time.monotonic() - began, 1) if ok else None
