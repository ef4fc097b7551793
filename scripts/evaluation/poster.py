"""TrafficMimic's own experiment: its attack on cover made from a few captures, and what so few allow one to say."""
import os

import table
from attacks import AttackError

SESSIONS = {"every connection by itself, as TrafficMimic has it": "0", "all of one capture and day together": "86400"}


def attack(attacks, directory, files, covers, seed):
    """{how connections form sessions: what classify says}; files: {class: captures}, covers: {model: folder}."""
    real = [(cls, path) for cls, paths in files.items() for path in paths]
    names = [(model if model in files else f"{next(iter(files))}:{model}", folder) for model, folder in covers.items()]
    return {how: attacks.classify(directory, real, None, names, ["--block-s", block, "--port", "25,465,587,22,443", "--seed", str(seed), "-q"])
            for how, block in SESSIONS.items()}


def text(said, covers, files):
    """The numbers and their limits, as Markdown."""
    parts = ["# TrafficMimic's own setting\n", captures(next(iter(said.values())), files), played(covers)]
    for how, found in said.items():
        parts.append(f"## Sessions: {how}\n")
        parts.append(table.name_table(found))
        parts.append(found["text"] + "\n")
    return "\n".join(parts + [limits(said)])


def captures(found, files):
    rows = [[c["name"], str(len(files[c["name"]])), str(c["conns"])] for c in found["classes"]]
    return table.rows_of(["class", "captures", "connections"], rows)


def played(covers):
    rows = [[name, str(c["connections"]), str(c["users"]), f"{c['conform']['exact']} of {c['conform']['offsets']}"] for name, c in covers.items()]
    return table.rows_of(["cover", "connections", "users", "offsets exact"], rows)


def limits(said):
    """What the sample allows: the two ways of counting beside each other."""
    alone, together = said.values()
    low = min(c["sessions"] for c in together["classes"])
    return ("## What it allows one to say\n\n"
            f"The captures are of {together['sessions']} occasions; the smallest class has {low}. Counted by connection the attacker names "
            f"{table.percent(alone['accuracy'])} rightly, because connections of one capture stand on both sides of the cross-validation; "
            f"when captures stay together it is {table.percent(together['accuracy'])}. The intervals are wide for that reason, and real "
            "and cover were captured on different paths: that cover is told from real here says little about the model, and that it is "
            "not told says little as well. For a comparison of like with like see doc/EVIDENCE.md.\n")


def existing(folder):
    """The captures of a folder, sorted."""
    if not os.path.isdir(folder):
        raise AttackError(f"{folder} is missing: the folders https, ssh and smtp with captures are wanted")
    files = sorted(os.path.join(folder, f) for f in os.listdir(folder))
    return [f for f in files if f.endswith((".pcap", ".pcapng", ".gz"))]
