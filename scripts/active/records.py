"""Captures to flow records, by Debian's softflowd and nfdump.

The capture's times are stretched by as much as the lab was compressed, so that the timers are those of the paper, and whole seconds (which is what
nfdump's CSV has) are as fine as they would be there.  softflowd -a goes by the capture's times, but looks at its timers only after every -m packets; so
packets of a clock, which are nobody's, are put among the others, CLOCK of them a second.
"""
import os
import shutil
import struct
import subprocess

import patterns
from world import WorldError, run

CLOCK = 1000  # a second, stretched
FLOWS_MAX = 1000  # softflowd -m: also the most flows at a time, of which none here comes near
PORT = 9995
SOFTFLOWD_S = 120  # it takes a second or two
HEAD = struct.Struct("<IHHiIII")
RECORD = struct.Struct("<IIII")
MAGIC_US = 0xA1B2C3D4
ETHERNET, RAW = 1, 101
CLOCK_IP = (bytes.fromhex("4500001c0000000001110000") + bytes([192, 0, 2, 1, 192, 0, 2, 2])
            + bytes.fromhex("0009000900080000"))  # UDP, 192.0.2.1 to .2, discard
ETHER = bytes(12) + b"\x08\x00"


def stretch(source, target, zero_us, factor):
    """Writes the capture with times t become zero + factor (t - zero), in order, with the clock; how many packets of the capture there were."""
    n, step_us = 0, 1_000_000 // CLOCK
    with open(source, "rb") as f, open(target, "wb") as out:
        head = f.read(HEAD.size)
        if len(head) < HEAD.size or HEAD.unpack(head)[0] != MAGIC_US:
            raise WorldError(f"{source}: not a capture in microseconds")
        link = HEAD.unpack(head)[6]
        tick = CLOCK_IP if link != ETHERNET else ETHER + CLOCK_IP
        out.write(head)
        last = clock = None
        while len(h := f.read(RECORD.size)) == RECORD.size:
            s, us, kept, size = RECORD.unpack(h)
            data = f.read(kept)
            at = zero_us + factor * (s * 1_000_000 + us - zero_us)
            last = at = max(at, last or at)
            clock = at if clock is None else clock
            while clock <= at:
                out.write(RECORD.pack(clock // 1_000_000, clock % 1_000_000, len(tick), len(CLOCK_IP)) + tick)
                clock += step_us
            out.write(RECORD.pack(at // 1_000_000, at % 1_000_000, len(data), size) + data)
            n += 1
    return n


def of_site(world, space, place, zero_us, timers):
    """entry.TIMERS.csv and exit.TIMERS.csv in a site's directory, from its captures, which are removed; zero_us: where stretching begins."""
    for side in ("entry", "exit"):
        base = os.path.join(place, side)
        if not os.path.exists(base + ".pcap"):
            continue
        stretch(base + ".pcap", base + ".stretched", zero_us, patterns.COMPRESSED)
        for t in timers:
            flows(world, space, base + ".stretched", base, t)
        os.remove(base + ".stretched")
        os.remove(base + ".pcap")


def flows(world, space, capture, out, timers):
    """OUT.NAME.csv: the flow records of a stretched capture; how many there are, each of one direction."""
    name, active_s, inactive_s = timers
    place = f"{out}.{name}.flows"
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    collector = f"nfcapd-{name}"
    world.start(collector, space, ["nfcapd", "-w", place, "-b", "127.0.0.1", "-p", str(PORT), "-t", "86400", "-B", "8000000"])
    world.wait_for(collector, "Startup", 10)
    timeouts = [w for t in ("tcp", "tcp.rst", "tcp.fin", "udp", "icmp", "general") for w in ("-t", f"{t}={inactive_s}")]
    command = ["ip", "netns", "exec", space, "softflowd", "-r", capture, "-n", f"127.0.0.1:{PORT}", "-v", "10", "-A", "milli", "-a", "-m",
               str(FLOWS_MAX), "-d", "-p", f"{place}.pid", "-c", "none", "-t", f"maxlife={active_s}", "-t", "expint=1", *timeouts]
    try:  # -c none: with a control socket it waits for somebody there
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=SOFTFLOWD_S)
    except subprocess.TimeoutExpired as e:
        raise WorldError(f"softflowd did not end with {capture}") from e
    world.stop(collector)
    csv = run(["env", "TZ=UTC", "nfdump", "-R", place, "-o", "csv", "-N"])
    with open(f"{out}.{name}.csv", "w", encoding="ascii") as f:
        f.write(csv)
    shutil.rmtree(place, ignore_errors=True)
    text = said.stdout + said.stderr
    told = [line for line in text.splitlines() if line.startswith("Flows exported:")]
    if not told:
        raise WorldError(f"softflowd: {text[-600:]}")
    exported, got = int(told[0].split("(")[1].split()[0]), csv.count(",TCP,") + csv.count(",UDP,")
    if got != exported:
        raise WorldError(f"{capture}: of {exported} records {got} arrived at nfcapd")
    return csv.count(",TCP,")
