"""Medians with intervals that assume nothing of the distribution."""
import math

CONFIDENCE = 0.95


def median(values):
    v = sorted(values)
    n = len(v)
    return (v[(n - 1) // 2] + v[n // 2]) / 2 if n else None


def interval(values):
    """(least, most) between which the median lies with at least 95 % confidence: two of the sorted values, by the binomial distribution.
    Of fewer than six values: the least and the most, whose confidence is lower."""
    v = sorted(values)
    n, below, k = len(v), 0.0, 0
    while k < n // 2:
        below += math.comb(n, k) / 2 ** n
        if 2 * below > 1 - CONFIDENCE:
            break
        k += 1
    k = max(k, 1)
    return v[k - 1], v[n - k]
