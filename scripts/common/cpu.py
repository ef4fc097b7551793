"""How busy the machine is, from /proc/stat."""
import time

WINDOW_S = 5


class Cpu:
    """The machine's CPU share over samples, about one a second, the first when this is made.  What runs at a lower priority than
    usual gives way to others: it counts only when asked for."""

    def __init__(self, counts_nice=True):
        self.counts_nice = counts_nice
        self.samples = [self._read()]

    def _read(self):
        with open("/proc/stat", encoding="ascii") as f:
            user, nice, system, idle, iowait, *irqs = [int(x) for x in f.readline().split()[1:9]]
        busy = user + system + sum(irqs) + (nice if self.counts_nice else 0)
        return time.monotonic(), busy, user + nice + system + idle + iowait + sum(irqs)

    def sample(self):
        self.samples.append(self._read())

    @staticmethod
    def _share(a, b):
        return (b[1] - a[1]) / max(1, b[2] - a[2])

    def recent(self):
        """Over the last WINDOW_S seconds."""
        last = self.samples[-1]
        for s in reversed(self.samples):
            if last[0] - s[0] >= WINDOW_S:
                return self._share(s, last)
        return self._share(self.samples[0], last)

    def mean(self):
        """Since this was made."""
        return self._share(self.samples[0], self.samples[-1])

    def report(self):
        """Mean of all, and the 95th percentile of windows of WINDOW_S samples."""
        s = self.samples
        windows = sorted(self._share(s[i], s[i + WINDOW_S]) for i in range(0, len(s) - WINDOW_S, WINDOW_S))
        p95 = windows[int(0.95 * (len(windows) - 1))] if windows else self.mean()
        return {"mean": round(self.mean(), 3), "p95_of_5s": round(p95, 3), "seconds": round(s[-1][0] - s[0][0], 1)}
