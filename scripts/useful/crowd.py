"""Pieces of work side by side, each begun when the machine has room: it is far from full as long as another one may begin."""
import threading
import time

from cpu import Cpu
from crew import Crew, Turn

START_BELOW = 0.40  # of the machine: nothing more begins above it
AT_A_TIME = 32      # more are not begun, however little they do: they would wake at the same moments
SETTLE_S = 0.4      # from one start to the next ...
HEAVY_SETTLE_S = 8  # ... when the one before takes a while to be as busy as it gets


class Busy(Cpu):
    """Without what runs at low priority, as that gives way."""

    @staticmethod
    def _read():
        with open("/proc/stat", encoding="ascii") as f:
            v = [int(x) for x in f.readline().split()[1:9]]
        return time.monotonic(), sum(v) - v[1] - v[3] - v[4], sum(v)


class Piece:
    """run(turn) does it."""

    def __init__(self, name, run, is_heavy=False):
        self.name, self.run, self.is_heavy = name, run, is_heavy


class Crowd:
    """Runs pieces, begun in their order, as many at a time as the machine has room for; `cpu` says how busy it was."""

    def __init__(self, tell):
        self.tell, self.crew, self.cpu = tell, Crew(), Busy()
        self.lock = threading.Lock()
        self.waiting, self.n_playing, self.n_most, self.n_done, self.settled_at = [], 0, 0, 0, 0.0

    def turn(self, number, name):
        """For work outside run()."""
        return Turn(number, name, None, self.crew.stop)

    def run(self, pieces):
        """The results, in the pieces' order."""
        over = threading.Event()
        sampler = threading.Thread(target=self._sample, args=(over,), daemon=True)
        self.waiting = list(range(len(pieces)))
        sampler.start()
        try:
            return self.crew.together([lambda n=n, p=p: self._one(n, p, len(pieces)) for n, p in enumerate(pieces)], AT_A_TIME)
        finally:
            over.set()
            sampler.join()

    def _one(self, number, piece, total):
        turn = self.turn(number + 1, piece.name)
        while not self._may_begin(number, piece):
            turn.sleep(0.1)
        try:
            return piece.run(turn)
        finally:
            with self.lock:
                self.n_playing -= 1
                self.n_done += 1
            self.tell(f"{self.n_done} of {total} done: {piece.name}; {self.n_playing} at a time, machine {self.cpu.recent():.0%} busy")

    def _may_begin(self, number, piece):
        with self.lock:
            now = time.monotonic()
            if self.waiting[0] != number or self.n_playing and (now < self.settled_at or self.cpu.recent() > START_BELOW):
                return False
            self.waiting.pop(0)
            self.n_playing += 1
            self.n_most = max(self.n_most, self.n_playing)
            self.settled_at = now + (HEAVY_SETTLE_S if piece.is_heavy else SETTLE_S)
            return True

    def _sample(self, over):
        while not over.wait(1):
            self.cpu.sample()
