#!/usr/bin/env python3
"""check_npz.py NPZ CSV [tam] - the archive says what the table of the same connections says, row by row.

A reader of its own, of the standard library alone: zip by `zipfile` (which checks every CRC), the arrays' headers and elements by
the text of numpy's format 1.0.  The table has the columns n_up, n_down and gap1_ms, times floored alike.
"""
import ast
import csv
import struct
import sys
import zipfile

CODES = {"f8": "d", "f4": "f", "i8": "q"}


def array(archive, name):
    """Shape and flat elements of a member."""
    info = archive.getinfo(name + ".npy")
    assert info.compress_type == zipfile.ZIP_STORED, f"{name} is compressed"
    raw = archive.read(info)
    assert len(raw) == info.file_size and raw[:8] == b"\x93NUMPY\x01\x00", f"{name}: no array of format 1.0"
    (length,) = struct.unpack_from("<H", raw, 8)
    head = raw[10 : 10 + length].decode("ascii")
    assert head.endswith("\n") and (10 + length) % 64 == 0, f"{name}: the head is not padded"
    meta = ast.literal_eval(head)
    assert set(meta) == {"descr", "fortran_order", "shape"} and meta["fortran_order"] is False, f"{name}: {meta}"
    n = 1
    for size in meta["shape"]:
        n *= size
    kind, data = meta["descr"], raw[10 + length :]
    assert kind[0] == "<", f"{name}: {kind}"
    if kind[1] == "U":
        width = 4 * int(kind[2:])
        assert len(data) == n * width, f"{name}: {len(data)} bytes"
        return meta["shape"], [data[i * width : (i + 1) * width].decode("utf-32-le").rstrip("\0") for i in range(n)]
    assert len(data) == n * struct.calcsize("<" + CODES[kind[1:]]), f"{name}: {len(data)} bytes of {kind}"
    return meta["shape"], struct.unpack(f"<{n}{CODES[kind[1:]]}", data)


def check_sequence(x, row):
    times = [v for v in x if v != 0]
    assert all(v == 0 for v in x[len(times) :]), "a packet behind the end"
    assert [abs(v) for v in times] == sorted(abs(v) for v in times), "times fall"
    n_up, n_down = int(float(row["n_up"])), int(float(row["n_down"]))
    whole = n_up + n_down <= len(x)
    assert not whole or (sum(v > 0 for v in times), sum(v < 0 for v in times)) == (n_up, n_down), "packets by direction"
    assert abs(abs(times[0]) * 1000 - float(row["gap1_ms"])) < 0.002, "the first packet's time"


def main(path, table, kind="sequences"):
    with open(table, newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None, "a CRC is wrong"
        assert z.namelist() == [n + ".npy" for n in ("X", "y", "classes", "session", "load")], z.namelist()
        shape, x = array(z, "X")
        classes, y, session, load = (array(z, n)[1] for n in ("classes", "y", "session", "load"))
    n = len(rows)
    assert shape[0] == len(y) == len(session) == len(load) == n > 0, f"{shape} for {n} rows"
    assert list(classes) == sorted(set(classes)) == sorted({r["class"] for r in rows}), classes
    names = {}
    for i, row in enumerate(rows):
        assert classes[y[i]] == row["class"] and load[i] == int(row["load"]), f"row {i}: label"
        assert names.setdefault(session[i], row["session"]) == row["session"], f"row {i}: session"
    assert len(names) == len({r["session"] for r in rows}) == len(set(names.values())), "sessions are mixed up"
    if kind == "tam":
        assert shape[1:] == (2, 1800), shape
        for i, row in enumerate(rows):
            for d, name in enumerate(("n_up", "n_down")):
                part = x[(2 * i + d) * 1800 : (2 * i + d + 1) * 1800]
                assert sum(part) == float(row[name]), f"row {i}: packets {name}"
    else:
        width = shape[1]
        for i, row in enumerate(rows):
            check_sequence(x[i * width : (i + 1) * width], row)


if __name__ == "__main__":
    main(*sys.argv[1:])
