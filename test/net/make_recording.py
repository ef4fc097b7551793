#!/usr/bin/env python3
"""test/net/make_recording.py DIR - writes what scripts/record would: labels.csv, recording.json with one path, and train and held-out
captures of smtp and https-chat, the connections drawn here, small and short."""
import json
import os
import random
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "scripts", "common"))

from pcapfile import ACK, FIN, SNAP_BYTES, SYN, Writer  # noqa: E402  (found through the line above)

BEGIN_US = 1763710000000000
MSS = 1448
RTT_US = 20000
SESSIONS = 8  # of a half
CONNECTIONS = 4  # of a session
CLASSES = {"smtp": (25, 16, 400), "https-chat": (443, 17, 2500)}  # port, second byte of addresses, mean bytes of an answer


class Talk:
    """One connection as its packets beside the client."""

    def __init__(self, client_port, server, port, start_us):
        self.ends = (struct.pack(">IH", 0x0A090001, client_port), server + struct.pack(">H", port))
        self.seq, self.t_us, self.packets = [1000, 5000], start_us, []

    def send(self, up, flags, n_bytes=0):
        source, target = self.ends if up else self.ends[::-1]
        data = struct.pack(">BBHIBBH", 0x45, 0, 40 + n_bytes, 0, 64, 6, 0) + source[:4] + target[:4] + source[4:] + target[4:]
        data += struct.pack(">IIBBHHH", self.seq[not up], self.seq[up] if flags & ACK else 0, 0x50, flags, 65535, 0, 0) + bytes(n_bytes)
        self.packets.append((self.t_us, len(data), data[:SNAP_BYTES]))
        self.seq[not up] += n_bytes + bool(flags & (SYN | FIN))
        self.t_us += 30

    def say(self, up, n_bytes, after_us):
        """A write of one side, as segments, and the other's acknowledgement."""
        self.t_us += after_us
        for at in range(0, n_bytes, MSS):
            self.send(up, ACK, min(MSS, n_bytes - at))
        self.send(not up, ACK)

    def whole(self, rng, mean_bytes):
        self.send(True, SYN)
        self.t_us += RTT_US
        self.send(False, SYN | ACK)
        self.send(True, ACK)
        for _ in range(rng.randrange(2, 6)):
            self.say(True, rng.randrange(20, 400), rng.randrange(1000, 60000))
            self.say(False, 1 + int(rng.expovariate(1 / mean_bytes)), RTT_US + rng.randrange(1000, 30000))
        self.t_us += 5000
        self.send(True, FIN | ACK)
        self.t_us += RTT_US
        self.send(False, FIN | ACK)
        self.send(True, ACK)
        return self.packets


def half(directory, cls, split, first, labels):
    port, net, mean_bytes = CLASSES[cls]
    rng, packets = random.Random(f"{cls}/{split}"), []
    for n in range(first, first + SESSIONS):
        prefix = struct.pack(">BBH", 10, net, n << 6)
        labels.append(f"0,{'.'.join(map(str, prefix))}/26,{cls},{split},20ms,{cls}-{n},0")
        for k in range(CONNECTIONS):
            start_us = BEGIN_US + n * 700000 + k * 400000 + rng.randrange(100000)
            packets += Talk(20000 + 100 * n + k, prefix, port, start_us).whole(rng, mean_bytes)
    with Writer(os.path.join(directory, f"{cls}.{split}.pcap")) as w:
        for p in sorted(packets):
            w.write(*p)


def main(directory):
    os.makedirs(directory)
    labels = ["# which session, page load and class the connections belong to, by the server's address",
              "from_us,prefix,class,split,path,session,load"]
    for cls in CLASSES:
        half(directory, cls, "train", 1, labels)
        half(directory, cls, "heldout", 1 + SESSIONS, labels)
    with open(os.path.join(directory, "labels.csv"), "w", encoding="ascii") as f:
        f.write("\n".join(labels) + "\n")
    with open(os.path.join(directory, "recording.json"), "w", encoding="ascii") as f:
        json.dump({"seed": 7, "paths": {"20ms": {"delay_ms": 10, "jitter_ms": 0, "rate_mbit": 100, "queue_packets": 400}}, "warnings": []}, f)


if __name__ == "__main__":
    main(sys.argv[1])
