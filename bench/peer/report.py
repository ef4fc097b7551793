"""What was measured, as a table, and the ratios with their intervals and bounds; the same for a document."""
import re

from middle import interval, median
from rounds import pairs


class Bound:
    """A ratio of two tunnels and what it may be at most, or must be at least; neither: it is printed."""

    def __init__(self, ours, other, at_most=None, at_least=None, what="latency_mean"):
        self.ours, self.other, self.what = ours, other, what
        self.at_most, self.at_least = at_most, at_least

    def verdict(self, ratio):
        if self.at_most is not None:
            return f"pass (<= {self.at_most:g})" if ratio <= self.at_most else f"FAIL (wanted <= {self.at_most:g})"
        if self.at_least is not None:
            return f"pass (>= {self.at_least:g})" if ratio >= self.at_least else f"FAIL (wanted >= {self.at_least:g})"
        return "-"

    def has_limit(self):
        return self.at_most is not None or self.at_least is not None


def _column(values, form):
    """Median of the rounds and its interval."""
    if not values:
        return "-"
    low, high = interval(values)
    return f"{form % median(values)} [{form % low}, {form % high}]"


def tables(results, failures):
    """Rows of numbers, one for each load and tunnel."""
    rows = []
    for load, tunnels in results.items():
        for tunnel, rounds in tunnels.items():
            got = [r for r in rounds if r]
            rows.append({"load": load, "tunnel": tunnel, "rounds": len(got), "why": failures.get((load, tunnel)),
                         "mean_ms": [r["latency_mean"] / 1000 for r in got], "p95_ms": [r.get("latency_p95", 0) / 1000 for r in got],
                         "mb_per_s": [r["rate"] for r in got],
                         "cpu_s_per_gb": [r["cpu_s"] / (r["down"] + r["up"]) * 1e9 for r in got]})
    return rows


def ratios(results, bounds):
    """{load, ours, other, what, n, ratio, low, high, verdict}; ratio None where no round gave both."""
    found = []
    for load in results:
        for b in bounds:
            values = pairs(results, load, b.ours, b.other, b.what)
            row = {"load": load, "ours": b.ours, "other": b.other, "what": b.what, "n": len(values), "ratio": None, "low": None, "high": None,
                   "verdict": "FAIL (not measured)" if b.has_limit() else "not measured"}
            if values:
                low, high = interval(values)
                row |= {"ratio": median(values), "low": low, "high": high, "verdict": b.verdict(median(values))}
            found.append(row)
    return found


def text(rows, found):
    lines = ["%-11s %-11s %6s  %-26s %-26s %-24s %s" % ("load", "tunnel", "rounds", "mean ms", "p95 ms", "MB/s", "cpu s/GB")]
    for r in rows:
        lines.append("%-11s %-11s %6d  %-26s %-26s %-24s %s%s" % (
            r["load"], r["tunnel"], r["rounds"], _column(r["mean_ms"], "%.2f"), _column(r["p95_ms"], "%.2f"), _column(r["mb_per_s"], "%.1f"),
            "-" if r["tunnel"] == "direct" else _column(r["cpu_s_per_gb"], "%.1f"), f"  {r['why']}" if r["why"] else ""))
    lines.append("")
    for f in found:
        what = "rate" if f["what"] == "rate" else "mean"
        number = "-" if f["ratio"] is None else "%.3f [%.3f, %.3f] of %d pairs" % (f["ratio"], f["low"], f["high"], f["n"])
        lines.append("%-11s %s of %s over %s: %s  %s" % (f["load"], what, f["ours"], f["other"], number, f["verdict"]))
    return "\n".join(lines) + "\n"


BEGIN, END = "<!-- bench/peers --doc writes what stands here -->\n", "<!-- until here -->\n"


def _row(cells):
    return "| " + " | ".join(cells) + " |\n"


def _rows_for_document(rows):
    out = _row(["clients", "tunnel", "rounds", "mean ms", "p95 ms", "MB/s", "CPU s/GB"]) + _row(["---"] * 7)
    for r in rows:
        cpu = "" if r["tunnel"] == "direct" else _column(r["cpu_s_per_gb"], "%.1f")
        out += _row([r["load"], r["tunnel"], str(r["rounds"]), _column(r["mean_ms"], "%.2f"), _column(r["p95_ms"], "%.2f"),
                     _column(r["mb_per_s"], "%.1f"), r["why"] or cpu])
    return out


def _ratios_for_document(found):
    out = _row(["clients", "ratio", "median", "pairs", "wanted"]) + _row(["---"] * 5)
    for f in found:
        what = "rate" if f["what"] == "rate" else "mean latency"
        number = "-" if f["ratio"] is None else "%.2f [%.2f, %.2f]" % (f["ratio"], f["low"], f["high"])
        out += _row([f["load"], f"{what}, {f['ours']} over {f['other']}", number, str(f["n"]), "" if f["verdict"] == "-" else f["verdict"]])
    return out


def document(runs):
    """Tables of several runs, each as it was written with --json."""
    out = ""
    for run in runs:
        for part, got in run["parts"].items():
            out += (f"\n**{part}**: path of {got['delay_ms']:g} ms each way, {run['rounds']} rounds of {run['seconds']:g} s, "
                    f"{run['processors']} processors, seed {run['seed']}.\n\n{_rows_for_document(got['rows'])}"
                    f"\n{_ratios_for_document(got['ratios'])}")
    return out


def put_in(text, tables):
    """The document with these tables in place of those that were there; ValueError: it has no place for them."""
    new, n = re.subn(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: BEGIN + tables + END, text, flags=re.S)
    if n != 1:
        raise ValueError("no place for the tables")
    return new
