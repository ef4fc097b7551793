"""The patterns that a colluding server sends with, and how time is compressed.

The papers' times are divided by COMPRESSED.  What takes time in the lab does not scale with it, and is short beside the patterns: a round trip of 21 ms,
queues of 120 ms at most, TCP's and Tor's windows that open in some round trips.  Rates are not changed.
"""
import random

COMPRESSED = 5
UNIT_S = 20 / COMPRESSED  # one level of a pattern: 20 s in the NetFlow paper
RATES = {"square": (2_000_000, 30_000), "step": (1_000_000, 50_000, 300_000, 100_000)}  # bit/s
PHASES = 4  # of victims at once: patterns a quarter of a period apart, which are not alike
TIMERS = (("5-5", 5, 5), ("60-15", 60, 15))  # of flow records: name, active and inactive timer, in the paper's seconds
RECORDS_MIN = 5  # of the active timer's length in a window, or there is nothing to compare
ON_S, OFF_S = (10 / COMPRESSED, 25 / COMPRESSED), (30 / COMPRESSED, 75 / COMPRESSED)  # Murdoch-Danezis
PROBE_EVERY_S = 0.2 / COMPRESSED


def rate_at(kind, phase, t_s):
    """Bits a second, t_s after the pattern began; phase: 0 to PHASES - 1."""
    rates = RATES[kind]
    return rates[int(t_s / UNIT_S + phase * len(rates) / PHASES) % len(rates)]


def spans(seed, seconds):
    """[[from, until]] in seconds from the beginning: when the server sends."""
    rng = random.Random(seed)
    t, out = rng.uniform(0.3, 1) * OFF_S[0], []
    while t < seconds:
        until = t + rng.uniform(*ON_S)
        out.append([round(t, 3), round(min(until, seconds), 3)])
        t = until + rng.uniform(*OFF_S)
    return out


def timers_for(window_s):
    """Those under which a window, compressed, has records enough."""
    return [t for t in TIMERS if window_s * COMPRESSED >= RECORDS_MIN * t[1]]


def kinds_of(windows):
    """Those that so many windows, one after another, have."""
    return list(RATES)[:windows]
