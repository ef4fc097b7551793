"""Work side by side: plays as far as the machine's CPU allows, and analyses, one on each core.

Every piece runs in a thread of its own; what takes time are the programs that it started.  When one fails, or the script
is told to end, the others end too, with everything that they started.
"""
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from cpu import Cpu

START_BELOW = 0.38  # of the machine: nothing more begins above it; the heaviest play takes 0.22 of two cores, and 0.60 is the limit
SETTLE_S = 8        # from the start of a play's last program until it is as busy as it gets


class Ended(Exception):
    """This piece ends because another one failed, or because the script was told to."""


class Play:
    """Something to be played: about so many seconds, run(turn) does it."""

    def __init__(self, name, seconds, run):
        self.name, self.seconds, self.run = name, seconds, run


class Gate:
    """When a play may begin: in their order; not before all are ready, because making tunnels is work; not while the one before has yet to
    become as busy as it gets; and, unless nothing is being played, not while the machine is busy."""

    def __init__(self, names, busy, now=time.monotonic):
        self.waiting, self.unready, self.playing = list(names), set(names), set()
        self.one_at_a_time = threading.Lock()  # for what makes tunnels: all at once they are slower, and late
        self.busy, self.now, self.settled_at = busy, now, 0.0
        self.lock = threading.Lock()

    def ready(self, name):
        with self.lock:
            self.unready.discard(name)

    def begin(self, name, settle_s):
        """True: it has begun.  False: ask again in a second."""
        with self.lock:
            if self.unready or self.waiting[0] != name:
                return False
            busy = self.busy()
            if self.playing and (self.now() < self.settled_at or busy > START_BELOW):
                return False
            self.waiting.remove(name)
            self.playing.add(name)
            self.settled_at = self.now() + settle_s
            return True

    def end(self, name):
        """It is over, however far it came."""
        with self.lock:
            self.unready.discard(name)
            self.playing.discard(name)
            if name in self.waiting:
                self.waiting.remove(name)


class Turn:
    """What a play has of its crew: a number of its own, when to begin, and pauses that end with the crew."""

    def __init__(self, number, name, gate, stop):
        self.number, self.name, self.gate, self.stop = number, name, gate, stop

    def wait(self, settle_s):
        """Until it may begin; it will be as busy as it gets in settle_s."""
        self.gate.ready(self.name)
        while not self.gate.begin(self.name, settle_s):
            self.sleep(1)

    def sleep(self, seconds):
        if self.stop.wait(seconds):
            raise Ended(self.name)


class Crew:
    """Runs pieces of work side by side; `stop` is set when they shall end."""

    def __init__(self):
        self.stop = threading.Event()

    def play(self, plays):
        """Runs Plays, the longest first."""
        plays = sorted(plays, key=lambda p: -p.seconds)
        cpu = Cpu(counts_nice=False)

        def busy():
            cpu.sample()
            return cpu.recent()

        gate = Gate([p.name for p in plays], busy)

        def one(number, play):
            try:
                play.run(Turn(number, play.name, gate, self.stop))
            finally:
                gate.end(play.name)

        self.together([lambda n=n, p=p: one(n, p) for n, p in enumerate(plays)], len(plays))

    def together(self, pieces, at_a_time=os.cpu_count()):
        """The results of functions without arguments, in their order.  The first that fails ends the others, and its error is raised."""
        if not pieces:
            return []
        with ThreadPoolExecutor(at_a_time) as pool:
            futures = [pool.submit(p) for p in pieces]
            try:
                for f in as_completed(futures):
                    f.result()
            except BaseException:
                self.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [f.result() for f in futures]
