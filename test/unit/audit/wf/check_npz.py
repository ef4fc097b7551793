#!/usr/bin/env python3
"""check_npz.py FILE N_VISITS N_PAGES MAX_LEN - loads what `tm-audit wf --export` wrote as WFlib does, with numpy."""
import sys

try:
    import numpy
except ImportError:
    print("numpy is not installed: not checked (scripts/install-deps test)")
    sys.exit(77)

path, n, n_pages, max_len = sys.argv[1], *map(int, sys.argv[2:])
data = numpy.load(path)
x, y = data["X"], data["y"]
assert x.shape == (n, max_len) and x.dtype == numpy.float64, (x.shape, x.dtype)
assert y.shape == (n,) and y.dtype == numpy.int64, (y.shape, y.dtype)
assert sorted(set(y.tolist())) == list(range(n_pages)), sorted(set(y.tolist()))
assert list(data["classes"]) == sorted(data["classes"]) and len(data["classes"]) == n_pages
used = x != 0
lengths = used.sum(axis=1)
assert (lengths > 0).all()
for row, length in zip(x, lengths):
    times = numpy.abs(row[:length])
    assert (row[length:] == 0).all()                          # nothing behind the last packet
    assert (numpy.diff(times) >= 0).all() and times[-1] < 4   # seconds, in order, inside the visit
    assert row[0] > 0 and (row[:length] < 0).any()            # the client speaks first, the server answers
