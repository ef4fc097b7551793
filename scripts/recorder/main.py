"""Records real programs on emulated paths; started by scripts/record, as root.

One group of classes after another: plan, run beside a capture of each link, take the capture apart.  What a class
gave is kept under OUT/.state as soon as it is complete, so that --resume repeats only what is missing.
"""
import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "common"))

import browsing  # noqa: E402  (run and split find their modules through the line above)
import chat  # noqa: E402
import mail  # noqa: E402
import pki  # noqa: E402
import plan  # noqa: E402
import report  # noqa: E402
import run  # noqa: E402
import shell  # noqa: E402
import sites  # noqa: E402
import split  # noqa: E402
import transfer  # noqa: E402
from world import World, WorldError, program  # noqa: E402

MODULES = {"https-browsing": browsing, "https-download": transfer, "https-chat": chat, "ssh-interactive": shell,
           "ssh-bulk": transfer.OverSsh, "smtp": mail}
BEGAN = time.monotonic()


def say(text):
    t = int(time.monotonic() - BEGAN)
    print(f"[{t // 60}:{t % 60:02d}] {text}", flush=True)


def arguments():
    p = argparse.ArgumentParser(prog="scripts/record", usage="see scripts/record --help")
    p.add_argument("--out", required=True)
    p.add_argument("--linkem", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--classes", default=",".join(plan.CLASSES))
    p.add_argument("--sessions", type=int, default=260)
    p.add_argument("--connections", type=int)
    p.add_argument("--resume", action="store_true")
    a = p.parse_args()
    a.classes = a.classes.split(",")
    unknown = [c for c in a.classes if c not in plan.CLASSES]
    if unknown:
        p.error(f"no such class: {', '.join(unknown)} (there are {', '.join(plan.CLASSES)})")
    if not 2 <= a.sessions <= plan.SESSIONS_MAX:
        p.error(f"--sessions: from 2, one for each split, to {plan.SESSIONS_MAX}")
    a.connections = a.connections or max(2 * a.sessions, a.sessions * 2150 // 260)
    return a


def state_dir(args):
    """OUT/.state; refuses to mix recordings."""
    state = f"{args.out}/.state"
    config = {"seed": args.seed, "sessions": args.sessions, "connections": args.connections}
    if os.path.exists(f"{state}/config.json"):
        with open(f"{state}/config.json", encoding="utf-8") as f:
            before = json.load(f)
        if not args.resume:
            raise WorldError(f"{args.out} already holds a recording: continue it with --resume, or name another --out")
        if before != config:
            raise WorldError(f"{args.out} was begun with {before}, not with {config}")
    os.makedirs(state, exist_ok=True)
    with open(f"{state}/config.json", "w", encoding="utf-8") as f:
        json.dump(config, f)
    return state


def make_env(world, args, classes):
    """Everything that the classes' sessions need; starts the servers."""
    env = types.SimpleNamespace(work=world.work, world=world, modules=MODULES, rng=random.Random(f"{args.seed}/starts"),
                                plan=lambda cls: plan.sessions_of(cls, args.seed, args.sessions, args.connections))
    hosts = {host: i % 2 == 0 for i, host in enumerate(chat.SERVICES)}
    hosts.update(sites.rsa_hosts())
    hosts.update(mail.rsa_hosts())
    say(f"certificates for {len(hosts)} hosts")
    for d in ("transfer", "mail"):
        os.makedirs(f"{env.work}/home/{d}")
    pki.make(f"{env.work}/pki", hosts)
    if {"https-browsing", "https-download", "ssh-bulk"} & set(classes):
        say("sites, files and repositories")
        env.pages, downloads, _ = sites.make(world)
        env.downloads = sorted(downloads.items())
        env.repositories = sites.repositories(env.work)
    if "https-browsing" in classes:
        env.chromium = program("chromium")
        browsing.prepare(env)
    if "https-chat" in classes:
        chat.prepare(env)
    if {"ssh-interactive", "ssh-bulk"} & set(classes):
        shell.prepare(env)
    if "smtp" in classes:
        mail.prepare(env)
    return env


def wait_until_served(classes):
    """Every server that the classes need accepts connections, on every path; before the captures."""
    wanted = [("127.0.0.1", 2525)] if "smtp" in classes else []
    for path in plan.PATHS:
        nobody = plan.visitor_before(path)
        if "smtp" in classes:
            wanted.append((nobody.addr(mail.SERVER_OFFSETS[0]), 25))
        if {"https-browsing", "https-download"} & set(classes):
            wanted += [(nobody.addr(0), 443), (nobody.addr(plan.OFFSET_HTTP1), 443)]
        if "https-chat" in classes:
            wanted.append((nobody.addr(plan.OFFSET_CHAT), 443))
        if {"ssh-interactive", "ssh-bulk"} & set(classes):
            wanted += [(nobody.addr(i), 22) for i in range(plan.N_SSHD)]
    end = time.monotonic() + 30
    for address in wanted:
        while True:
            try:
                socket.create_connection(address, 5).close()
                break
            except OSError as e:
                if time.monotonic() > end:
                    raise WorldError(f"no server at {address[0]} port {address[1]}: {e}") from e
                time.sleep(0.2)


async def record_group(env, args, group, classes):
    """The sessions of these classes, side by side; (sessions by class, CPU report, how many starts were forced)."""
    pending = {c: env.plan(c) for c in classes}
    say(f"{group}: {', '.join(classes)}; {args.sessions} sessions each, about {args.connections} connections")
    runner = run.Runner(env, pending, say)
    task = asyncio.create_task(runner.run())
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(s, task.cancel)
    await task
    return runner


def end_on_signals():
    """Outside of asyncio, whose loops leave the default behind: SIGTERM and SIGHUP end the program through its clean-up."""
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, lambda number, _: sys.exit(128 + number))


def take_apart(env, args, state, group, runner, facts):
    """The group's captures become pcaps, labels and counts under OUT."""
    paths = [f"{env.work}/{group}.{p.number}.pcap" for p in plan.PATHS]
    sessions = [s for done in runner.finished.values() for s in done]
    table, unknown = split.connections(paths, sessions)
    if unknown:
        facts["packets_of_nobody"] = unknown
    sizes = split.write(paths, table, lambda s: f"{state}/{s.cls}.{s.split}.pcap")
    for cls, done in runner.finished.items():
        described = report.describe_class(cls, done, table)
        for name in ("train", "heldout"):
            described["splits"][name]["pcap_bytes"] = sizes.get(f"{state}/{cls}.{name}.pcap", 0)
            if f"{state}/{cls}.{name}.pcap" in sizes:
                os.replace(f"{state}/{cls}.{name}.pcap", f"{args.out}/{cls}.{name}.pcap")
        with open(f"{state}/{cls}.labels", "w", encoding="utf-8") as f:
            for s in sorted(done, key=lambda s: s.number):
                f.writelines(line + "\n" for line in s.labels())
        report.write(f"{state}/{cls}.json", {"class": described, "group": ", ".join(runner.finished), "facts": facts})
        say(f"{cls}: " + ", ".join(f"{k} {v['sessions']} sessions {v['complete']} complete connections "
                                   f"{v['pcap_bytes'] / 1e6:.1f} MB" for k, v in described["splits"].items()))
    for p in paths:
        os.unlink(p)


def record(args, state, classes):
    """Makes the world, runs the groups, ends the world."""
    work = tempfile.mkdtemp(prefix="tm-record-")
    os.chmod(work, 0o755)
    world = World(work, args.linkem, args.seed)
    try:
        world.make()
        env = make_env(world, args, classes)
        wait_until_served(classes)
        for group, members in plan.GROUPS.items():
            todo = [c for c in members if c in classes]
            if not todo:
                continue
            captures = world.capture(group)
            before = world.link_priority()
            own = world.cpu_seconds()
            runner = asyncio.run(record_group(env, args, group, todo))
            end_on_signals()
            own = world.cpu_seconds() - own
            time.sleep(3)
            drops = world.stop_capture(captures)
            facts = {"cpu": runner.cpu.report(), "capture_drops": drops, "link_priority": before, "emulator": {},
                     "starts_while_busy": runner.forced, "own_cpu_seconds": round(own, 1)}
            take_apart(env, args, state, group, runner, facts)
        world.end_links()
        for cls in classes:
            with open(f"{state}/{cls}.json", encoding="utf-8") as f:
                doc = json.load(f)
            doc["facts"]["emulator"] = world.lateness
            report.write(f"{state}/{cls}.json", doc)
    finally:
        world.end()
        if os.environ.get("TM_RECORD_KEEP"):
            say(f"kept: {work}")
        else:
            shutil.rmtree(work, ignore_errors=True)


def collect(args, state, skipped):
    """labels.csv and recording.json from all classes that are complete; skipped: class -> missing programs."""
    doc = {"seed": args.seed, "sessions": args.sessions, "connections": args.connections, "versions": report.versions(),
           "paths": {p.name: {"delay_ms": p.delay_ms, "jitter_ms": p.jitter_ms, "rate_mbit": p.rate_mbit,
                              "queue_packets": p.queue_packets, "rtt_ms": p.rtt_ms(), "servers": str(p.block)}
                     for p in plan.PATHS}, "groups": {}, "classes": {}}
    with open(f"{args.out}/labels.csv", "w", encoding="utf-8") as labels:
        labels.write("# which session, page load and class the connections belong to, by the server's address\n"
                     "from_us,prefix,class,split,path,session,load\n")
        for cls in plan.CLASSES:
            if not os.path.exists(f"{state}/{cls}.json"):
                continue
            with open(f"{state}/{cls}.json", encoding="utf-8") as f:
                part = json.load(f)
            doc["classes"][cls] = part["class"]
            doc["groups"][part["group"]] = part["facts"]
            with open(f"{state}/{cls}.labels", encoding="utf-8") as f:
                shutil.copyfileobj(f, labels)
    doc["warnings"] = [f"{c}: not recorded, there is no {', '.join(missing)}" for c, missing in skipped.items() if missing]
    doc["warnings"] += report.warnings(doc, args.connections)
    doc["ok"] = not doc["warnings"]
    report.write(f"{args.out}/recording.json", doc)
    return doc


def main():
    args = arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384) if hard > 0 else 16384, hard))
    os.makedirs(args.out, exist_ok=True)
    try:
        state = state_dir(args)
        absent = [x for x in plan.BASICS if not program(x)]
        if absent:
            raise WorldError(f"nothing can be recorded without {', '.join(absent)}")
        skipped = {c: [x for x in plan.PROGRAMS[c] if not program(x)] for c in args.classes}
        for c, missing in skipped.items():
            if missing:
                say(f"skipped: {c}, because there is no {', '.join(missing)}")
        classes = [c for c in args.classes if not skipped[c] and not os.path.exists(f"{state}/{c}.json")]
        if classes:
            record(args, state, classes)
        doc = collect(args, state, skipped)
    except WorldError as e:
        print(f"scripts/record: {e}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        print("scripts/record: interrupted; --resume continues", file=sys.stderr)
        return 130
    for w in doc["warnings"]:
        say(f"warning: {w}")
    say(f"recorded: {args.out}, {'all within limits' if doc['ok'] else 'with warnings'}")
    return 3 if any(skipped.values()) else 0


if __name__ == "__main__":
    end_on_signals()
    sys.exit(main())
