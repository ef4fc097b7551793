#!/usr/bin/env python3
"""models/maybenot/ziggurat_tables.py - writes models/maybenot/ziggurat_tables.c (to stdout).

Source: Doornik, "An Improved Ziggurat Method to Generate Normal Random Samples" (2005), 256 layers of equal area V with the
tail from R on.  Entries are rounded to 18 decimals, as the tables of the Rust crate rand_distr are, so that samples are equal to
the last bit.  (Two acceptance bounds, normal_f[94] and exp_f[87], are one bit off there; a draw in 2^52 could tell.)
"""
import math

LAYERS = 256


def tables(r, v, f, f_inv):
    x = [v / f(r), r]
    while len(x) < LAYERS:
        x.append(f_inv(v / x[-1] + f(x[-1])))
    x.append(0.0)
    return x, [f(e) for e in x]


def rounded(value):
    return float(f"{value:.18f}")


def array(name, values):
    print(f"const double {name}[TM_MB_LAYERS + 1] = {{")
    for i in range(0, len(values), 4):
        print("    " + " ".join(f"{rounded(v)!r}," for v in values[i : i + 4]))
    print("};")


def main():
    print("/* Made by ziggurat_tables.py; see there. */")
    print('#include "models/maybenot/ziggurat.h"\n')
    print("/* clang-format off */")
    normal = tables(3.6541528853610088, 0.00492867323399, lambda x: math.exp(-x * x / 2), lambda y: math.sqrt(-2 * math.log(y)))
    exponential = tables(7.69711747013104972, 0.0039496598225815571993, lambda x: math.exp(-x), lambda y: -math.log(y))
    for name, (x, f) in (("normal", normal), ("exp", exponential)):
        array(f"tm_mb_{name}_x", x)
        print()
        array(f"tm_mb_{name}_f", f)
        if name == "normal":
            print()
    print("/* clang-format on */")


if __name__ == "__main__":
    main()
