"""Are two sets of recorded connections the same in distribution?  What detect says of several classes and feature groups, taken together.

Of m intervals at 95 % some miss 0.5 although nothing differs, 0.05 m on average.  So beside them stands what holds of all at once:
simultaneous intervals (Bonferroni) and p-values adjusted by Holm's procedure (Scandinavian Journal of Statistics 6, 1979).  Both read detect's
interval as that of a normal distribution, each side with its own width.
"""
import math
from statistics import NormalDist

import table

ALPHA = 0.05
NORMAL = NormalDist()
Z_ONE = NORMAL.inv_cdf(1 - ALPHA / 2)
NAN = float("nan")
SESSIONS_MIN = 30
NAMED_MAX = 10


def small(p):
    """A p-value in words."""
    return f"{p:.2g}" if p >= 1e-9 else "below 1e-9"


class Found:
    """One AUC: of which comparison, class and feature group, with its 95 % interval."""

    def __init__(self, name, auc, low, high):
        self.name, self.auc, self.low, self.high = name, auc, low, high

    @property
    def misses(self):
        """Is 0.5 outside?"""
        return not self.low <= 0.5 <= self.high

    def p(self):
        """Two-sided, of AUC 0.5; NaN when the interval has no width on the side of 0.5."""
        width = self.auc - self.low if self.auc > 0.5 else self.high - self.auc
        if width <= 0:
            return 1.0 if self.auc == 0.5 else NAN
        return 2 * NORMAL.cdf(-abs(self.auc - 0.5) * Z_ONE / width)

    def among(self, m):
        """(low, high) such that m of these hold together with 95 %."""
        wider = NORMAL.inv_cdf(1 - ALPHA / (2 * m)) / Z_ONE
        return max(0.0, self.auc - (self.auc - self.low) * wider), min(1.0, self.auc + (self.high - self.auc) * wider)


def holm(ps):
    """The adjusted p-values in the same order."""
    adjusted, largest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[i]))
        adjusted[i] = largest
    return adjusted


def at_least(k, n, share):
    """The chance that k or more of n independent events of this chance happen."""
    return sum(math.comb(n, i) * share ** i * (1 - share) ** (n - i) for i in range(k, n + 1))


class Family:
    """All AUCs of one question."""

    def __init__(self, found):
        self.found = [f for f in found if not math.isnan(f.p())]
        self.left_out = len(found) - len(self.found)
        self.m = len(self.found)
        self.p_holm = holm([f.p() for f in self.found])
        self.together = [f.among(self.m) for f in self.found]

    def told(self):
        """Names of those whose simultaneous interval misses 0.5."""
        return [f.name for f, (low, high) in zip(self.found, self.together) if not low <= 0.5 <= high]

    def text(self):
        """What may be said of all of them, in sentences."""
        if self.m == 0:
            return "Nothing can be said: no AUC has an interval."
        k = sum(f.misses for f in self.found)
        first = min(range(self.m), key=lambda i: self.p_holm[i])
        low, high = min(t[0] for t in self.together), max(t[1] for t in self.together)
        told = self.told()
        parts = [f"{k} of {self.m} intervals at 95 % miss 0.5 ({ALPHA * self.m:.1f} are expected to when nothing differs; so many or more in "
                 f"{100 * at_least(k, self.m, ALPHA):.0f} % of such families, were they independent); the mean AUC is "
                 f"{sum(f.auc for f in self.found) / self.m:.3f}."]
        parts.append(f"Taken together at 95 % (Bonferroni, {self.m} AUCs), "
                     + ("every interval holds 0.5" if not told else f"{len(told)} miss it: {', '.join(told[:NAMED_MAX])}"
                        + (f" and {len(told) - NAMED_MAX} more" if len(told) > NAMED_MAX else ""))
                     + f"; they reach from {low:.3f} to {high:.3f}. Smallest p-value after Holm: {small(self.p_holm[first])} ({self.found[first].name}).")
        if self.left_out:
            parts.append(f"{self.left_out} AUCs without an interval are left out.")
        return " ".join(parts)


def found_of(cls, said):
    """The AUCs in what detect said of a class."""
    tests = ((g["name"], g["cover"]) for g in said["groups"])
    return [Found(f"{cls} {name}", t["auc"], t["low"], t["high"]) for name, t in tests if t and None not in (t["auc"], t["low"], t["high"])]


def balanced(sessions_by_path):
    """Is every path as frequent as the others, in each of several classes with sessions enough that chance hardly does that?"""
    counts = [list(c.values()) for c in sessions_by_path]
    return bool(counts) and all(len(c) > 1 and sum(c) >= SESSIONS_MIN and max(c) - min(c) <= 1 for c in counts)


def markdown(answers, recordings, classes, between):
    """answers: [(question, {class: what detect said})].  The table, and under it what holds together."""
    heads = ["question", "class", "n, one side", "n, other side"] + list(table.GROUPS) + ["features that differ", "controls"]
    body, families, everything = [], [], []
    for name, said in answers:
        found = [f for cls in classes for f in found_of(cls, said[cls])]
        families.append(f"- **{name}**: {Family(found).text()}\n")
        everything += [Found(f"{name}, {f.name}", f.auc, f.low, f.high) for f in found]
        body += [line(name, cls, said[cls]) for cls in classes]
    if len(answers) > 1:
        families.append(f"- **all of these**: {Family(everything).text()}\n")
    return "\n".join([material(recordings) + doubts(recordings, classes, between), table.rows_of(heads, body), "".join(families)])


def line(question, cls, said):
    groups = {g["name"]: g["cover"] for g in said["groups"]}
    passed = [c["passed"] for c in said["controls"]]
    return ([question, cls, table.size(said["real"]["used"]), table.size(said["cover"]["used"])] + [cell(groups.get(g)) for g in table.GROUPS]
            + [f"{said['features_told']} of {len(said['features'])}", f"{sum(passed)} of {len(passed)} passed"])


def cell(test):
    """In bold when the interval misses 0.5."""
    text = table.auc(test)
    return f"**{text}**" if text != "-" and not test["low"] <= 0.5 <= test["high"] else text


def material(recordings):
    facts = "; ".join(f"{name}: seed {r.facts.get('seed', 'unknown')}, {r.facts.get('sessions', 'unknown')} sessions a class"
                      for name, r in zip(("first", "second"), recordings))
    return (f"Recordings: {facts}. AUC [95 %] of a trained observer, 0.5: cannot tell; in bold where the interval misses 0.5. n is connections / "
            "sessions. Features that differ: single ones, after Holm's correction over all of them.\n")


def doubts(recordings, classes, between):
    """Of recordings whose paths are shared out exactly: such AUCs come out below 0.5."""
    out = ""
    for name, r in zip(("first", "second"), recordings):
        for what, splits in (("its train sessions", ["train"]), ("its held-out sessions", ["heldout"]), ("all its sessions", ["train", "heldout"])):
            if balanced([r.sessions_by_path(c, splits) for c in classes]):
                out += (f"\nThe {name} recording shares {what} out over the paths exactly, which puts AUCs of what the path decides below 0.5"
                        + (" (with --between heldout less so)" if len(splits) == 2 and between == "all" and len(recordings) == 2 else "") + ".\n")
    return out
