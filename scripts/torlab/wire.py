"""What the exit's host says to the world, from a capture of its only way there."""
import os
import signal
import socket
import sys

import plan

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "common"))

from pcapfile import ACK, SYN, packets, tcp_at  # noqa: E402  (found through the line above)
from labworld import LabError, wait_until  # noqa: E402

TUNNEL, RELAYS, OTHER = "carriers of the tunnel", "relays' connections to its ORPort", "anything else"
SERVICE, TOR = "to the service", "to and from other relays, names"


class Wire:
    """A capture that runs while the lab does."""

    def __init__(self, world):
        self.world, self.path = world, f"{world.work}/wire.pcap"

    def start(self):
        self.world.start("tcpdump", plan.EXIT_HOST, ["tcpdump", "-i", "lk0", "-n", "-s", "96", "-B", "65536", "-U", "--immediate-mode", "-Z", "root",
                                                     "-w", self.path])
        self.world.wait_for("tcpdump", "listening", 40)

    def stop(self):
        """Waits until nothing more is written, so that a quiet end is a real one; how many packets the kernel dropped."""
        size = [-1]

        def is_quiet():
            before, size[0] = size[0], os.path.getsize(self.path)
            return before == size[0]
        wait_until(3, is_quiet)
        self.world.stop("tcpdump", 10, signal.SIGINT)
        words = self.world.said("tcpdump").split()
        if "dropped" not in words:
            raise LabError(f"the capture ended badly: {self.world.said('tcpdump')[-300:]}")
        return int(words[words.index("dropped") - 2])

    def counts(self):
        return count(packets(self.path))


def kind_of(own, own_port, peer, peer_port):
    """Which row a packet of the exit's host belongs to."""
    if own == plan.OUTSIDE:
        return own, SERVICE if peer == plan.SERVICE else TOR
    if own == plan.CARRIED and (peer, peer_port) == (plan.SERVER, plan.SERVER_PORT):
        return own, TUNNEL
    if own == plan.CARRIED and own_port == plan.OR_PORT:
        return own, RELAYS
    return plan.CARRIED, OTHER


def count(all_packets):
    """{(whose, what): row} of packets as pcapfile has them; what is not TCP over IPv4 counts as anything else unless it is the outside exit's."""
    rows = {key: {"connections": set(), "begun_here": 0, "packets_out": 0, "bytes_out": 0, "bytes_in": 0}
            for key in ((plan.CARRIED, TUNNEL), (plan.CARRIED, RELAYS), (plan.CARRIED, OTHER), (plan.OUTSIDE, SERVICE), (plan.OUTSIDE, TOR))}
    for _, wire_bytes, data in all_packets:
        src, dst, sport, dport, flags = fields(data)
        is_out = dst not in (plan.CARRIED, plan.OUTSIDE)  # also of what has no IPv4 address
        own, own_port, peer, peer_port = (src, sport, dst, dport) if is_out else (dst, dport, src, sport)
        row = rows[kind_of(own, own_port, peer, peer_port)]
        row["bytes_out" if is_out else "bytes_in"] += wire_bytes
        row["packets_out"] += is_out
        row["begun_here"] += is_out and flags & (SYN | ACK) == SYN
        row["connections"].add((own, own_port, peer, peer_port))
    for row in rows.values():
        row["connections"] = len(row["connections"])
    return rows


def fields(data):
    """(source, destination, ports, TCP flags) of a raw IP packet; "" and 0 for what it does not have."""
    if len(data) < 20 or data[0] >> 4 != 4:
        return "", "", 0, 0, 0
    src, dst = socket.inet_ntoa(data[12:16]), socket.inet_ntoa(data[16:20])
    at = tcp_at(data)
    if at is None:
        return src, dst, 0, 0, 0
    return src, dst, int.from_bytes(data[at:at + 2], "big"), int.from_bytes(data[at + 2:at + 4], "big"), data[at + 13]
