"""The tables of a run, as text."""
import plan
from wire import OTHER, RELAYS, SERVICE, TUNNEL

OF_CARRIED = (TUNNEL, RELAYS, OTHER)
DIRECT = SERVICE
BESIDE6 = "fd00:8::1"
WHOSE = {plan.CARRIED: "exit1, onion", plan.OUTSIDE: "exit2 (control)"}
SCALES = ((1000000, "MB"), (1000, "kB"))


def size(n):
    for scale, unit in SCALES:
        if n >= scale:
            return f"{n / scale:.3g} {unit}"
    return f"{n} B"


def row_line(r):
    """A row in one line, for progress."""
    return (f"{r['carried_by']}: {r['route']}, {size(r['bytes'])}: {r['equal']} of {r['n']} equal, median {r['median_s']:.2f} s"
            + (f" ({r['error']})" if "error" in r else ""))


def table(head, rows):
    """Columns as wide as they must be; numbers to the right."""
    cells = [head] + [[str(c) for c in r] for r in rows]
    widths = [max(len(r[i]) for r in cells) for i in range(len(head))]
    left = [not any(r[i][:1].isdigit() for r in cells[1:]) for i in range(len(head))]
    return "\n".join("  ".join(c.ljust(w) if is_left else c.rjust(w) for c, w, is_left in zip(r, widths, left)).rstrip() for r in cells)


def wire_rows(rows):
    """The capture's counts as JSON has them."""
    return [{"whose": WHOSE[whose], "address": whose, "what": what, **row} for (whose, what), row in rows.items()]


def text(found):
    """What a person reads."""
    pages = table(["CARRIED BY", "ROUTE", "OBJECT", "EQUAL", "MEDIAN", "MAX"],
                  [(r["carried_by"], r["route"], size(r["bytes"]), f"{r['equal']}/{r['n']}", f"{r['median_s']:.2f} s", f"{r['max_s']:.2f} s")
                   for r in found["pages"]])
    wire = table(["WIRE OF THE EXIT'S HOST", "", "CONNECTIONS", "BEGUN HERE", "OUT", "IN"],
                 [(r["whose"], r["what"], r["connections"], r["begun_here"], size(r["bytes_out"]), size(r["bytes_in"])) for r in found["wire"]])
    took = found["seconds"]
    models = "\n".join(f"{name}: sizes and times of the carriers are " + ("settled before any data is seen" if m["payload_independent"] else
                       "those of what is carried (NOT payload-independent)") for name, m in found["models"].items())
    checks = "\n".join(f"{'ok    ' if c['ok'] else 'FAILED'}  {c['what']}" for c in found["checks"])
    return (f"tor {found['tor']}: consensus after {took['consensus']} s, bootstrapped after {took['bootstrapped']} s, "
            f"{took['in_all']} s in all; {found['tries_without_circuit']} tries for which tor had no circuit\n\n{pages}\n\n{wire}\n\n{models}\n\n{checks}\n")
