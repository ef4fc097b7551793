"""Starting sessions: interleaved, staggered, held back while the machine is busy; and the progress line."""
import asyncio
import time

from cpu import Cpu
from plan import PARALLEL, STAGGER_S

BUSY_SHARE = 0.55      # of all cores, over the last seconds: no new session above it
PATIENCE_S = 15        # but a session is not held back for longer
SESSION_LIMIT_S = 900  # a session that takes longer is ended, and its connections are dropped


class Runner:
    """Runs the sessions of some classes at the same time."""

    def __init__(self, env, pending, progress):
        self.env, self.pending, self.progress = env, pending, progress  # class -> sessions in their order of start
        self.total = {c: len(v) for c, v in pending.items()}
        self.running = {c: 0 for c in pending}
        self.finished = {c: [] for c in pending}
        self.not_before = {c: 0.0 for c in pending}
        self.cpu = Cpu(counts_nice=False)
        self.forced = 0
        self.limits = []  # CPU share at each start

    async def run(self):
        sampler = asyncio.create_task(self._sample())
        tasks, waiting_since = set(), time.monotonic()
        while any(self.pending.values()):
            cls = self._next_class()
            busy = self.cpu.recent() > BUSY_SHARE
            if cls and (not busy or time.monotonic() - waiting_since > PATIENCE_S):
                self.forced += busy
                waiting_since = time.monotonic()
                session = self.pending[cls].pop()
                self.not_before[cls] = time.monotonic() + self.env.rng.expovariate(1 / STAGGER_S[cls])
                tasks.add(asyncio.create_task(self._session(session)))
            elif not cls:
                waiting_since = time.monotonic()
            await asyncio.sleep(0.05)
        await asyncio.gather(*tasks)
        sampler.cancel()
        self.cpu.sample()

    def _next_class(self):
        """The class that is furthest below its number of parallel sessions, of those that may start now."""
        now = time.monotonic()
        may = [c for c, v in self.pending.items() if v and self.running[c] < PARALLEL[c] and now >= self.not_before[c]]
        return min(may, key=lambda c: self.running[c] / PARALLEL[c], default=None)

    async def _session(self, session):
        self.running[session.cls] += 1
        began = time.time_ns() // 1000
        try:
            await asyncio.wait_for(self.env.modules[session.cls].run(session, self.env), SESSION_LIMIT_S)
        except Exception as e:  # whatever went wrong in one session, the others go on without its connections
            session.fail(0, f"{type(e).__name__}: {e}")
            session.failed[-1] = (began, time.time_ns() // 1000, None)
        finally:
            self.running[session.cls] -= 1
            self.finished[session.cls].append(session)

    async def _sample(self):
        last = 0.0
        while True:
            await asyncio.sleep(1)
            self.cpu.sample()
            if time.monotonic() - last > 5:
                last = time.monotonic()
                parts = []
                for c, total in self.total.items():
                    done = len(self.finished[c])
                    actions = sum(len(s.loads) for s in self.finished[c])
                    parts.append(f"{c} {done}/{total} (+{self.running[c]}), {actions} actions")
                self.progress("; ".join(parts) + f"; CPU {self.cpu.recent():.0%}")
