"""recording.json: what was recorded, and whether the machine let it be recorded well."""
import json
import subprocess

from plan import PATHS

CPU_LIMIT = 0.60
RTT_SLACK_MS = 10      # handshake p99 above the path's longest round trip without queues
LATENESS_LIMIT_US = 2000
OWN_QUEUES = {"https-download", "ssh-bulk"}  # these fill the path's queue themselves: their RTT says nothing of the machine

PACKAGES = ["chromium", "nginx-light", "openssl", "curl", "git", "openssh-client", "openssh-server", "postfix", "msmtp",
            "swaks", "tcpdump", "python3", "python3.11-doc", "python-scipy-doc", "python-sklearn-doc", "gimp-help-en",
            "debian-handbook", "sqlite3-doc", "qtbase5-doc-html", "python-pandas-doc"]


def versions():
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n", *PACKAGES],
                         capture_output=True, text=True, check=False).stdout
    rows = [line.split() for line in out.splitlines()]
    kernel = subprocess.run(["uname", "-r"], capture_output=True, text=True, check=False).stdout.strip()
    return {"linux": kernel, **{r[0]: r[1] for r in rows if r[-1] == "installed"}}


def quantile(values, p):
    v = sorted(values)
    return v[min(len(v) - 1, int(p * len(v)))] if v else None


def describe_class(cls, sessions, table):
    """Counts of a class by split, and its handshake round trips by path."""
    mine = [c for c in table.values() if c.session.cls == cls]
    kept = [c for c in mine if not c.dropped]
    out = {"dropped_connections": len(mine) - len(kept), "failed_actions": sum(len(s.failed) for s in sessions),
           "splits": {}, "handshake_ms": {}}
    for split in ("train", "heldout"):
        here = [c for c in kept if c.session.split == split]
        done = [c for c in here if c.complete()]
        out["splits"][split] = {
            "sessions": len({c.session.name for c in done}), "connections": len(here), "complete": len(done),
            "payload_bytes": sum(sum(c.bytes) for c in here), "packets": sum(c.packets for c in here),
            "seconds_p50": round((quantile([c.last_us - c.first_us for c in done], 0.5) or 0) / 1e6, 2)}
    for path in PATHS:
        rtt = [(c.synack_us - c.first_us) / 1000 for c in kept if c.session.path is path and c.synack_us]
        if rtt:
            out["handshake_ms"][path.name] = {"n": len(rtt), "p50": round(quantile(rtt, 0.5), 2),
                                              "p99": round(quantile(rtt, 0.99), 2), "path": path.rtt_ms()}
    errors = {}
    for s in sessions:
        for e in s.errors:
            errors[e.split(" ")[0]] = errors.get(e.split(" ")[0], 0) + 1
    out["failures"] = errors
    return out


def warnings(doc, wanted_connections):
    """In words, what is beyond its limit; empty: the recording is as it should be."""
    out = [] if doc["classes"] else ["no class was recorded"]
    for group, g in doc["groups"].items():
        if g["cpu"]["mean"] > CPU_LIMIT:
            out.append(f"{group}: the machine was {g['cpu']['mean']:.0%} busy on average, above {CPU_LIMIT:.0%}")
        if g["capture_drops"]:
            out.append(f"{group}: the capture lost {g['capture_drops']} packets")
        for path, policy in g["link_priority"].items():
            if not policy.startswith("SCHED_FIFO"):
                out.append(f"{group}: the emulator of path {path} had no real-time priority ({policy})")
        if not g["emulator"]:
            out.append(f"{group}: nothing is known of the emulators' lateness, the run was interrupted")
        for path, ways in g["emulator"].items():
            for way, stat in ways.items():
                if stat["lateness_p99_us"] > LATENESS_LIMIT_US:
                    out.append(f"{group}: the emulator of path {path} was late {way}: p99 {stat['lateness_p99_us']} us")
    for cls, c in doc["classes"].items():
        complete = sum(s["complete"] for s in c["splits"].values())
        if complete < wanted_connections:
            out.append(f"{cls}: {complete} complete connections, {wanted_connections} were wanted")
        if cls in OWN_QUEUES:
            continue
        for path, h in c["handshake_ms"].items():
            if h["p99"] > h["path"][1] + RTT_SLACK_MS:
                out.append(f"{cls}: handshake p99 on path {path} is {h['p99']} ms, the path's own is at most {h['path'][1]} ms")
    return out


def write(path, doc):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(doc, f, indent=1)
        f.write("\n")
