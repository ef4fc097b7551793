"""Who is where: addresses, names and the nodes of the private Tor network.

    +--------------------------------+ n0  10.66.0.1   tm-linkem   10.66.0.2, .3  lk0 +---------------------------------+
    | n  the internet: authorities,  | ---------------------------------------------- | e  the exit's host: tm-client,  |
    |    guards, clients; 10.77/16   |                      captured there            |    exit and onion service in    |
    +--------------------------------+                                                |    its cgroup, exit2 outside    |
      s0 | 10.67.0.1                                                                  +---------------------------------+
      n0 | 10.67.0.2
    +--------------------------------+ w0  10.8.0.1              10.8.0.2  w0 +---------------------------------+
    | s  tm-server                   | -------------------------------------- | w  the service: nginx, names    |
    +--------------------------------+     fd00:8::1            fd00:8::2     +---------------------------------+
"""
from dataclasses import dataclass

INTERNET, EXIT_HOST, SERVER_HOST, SERVICE_HOST = "n", "e", "s", "w"
LINK_INTERNET, CARRIED, OUTSIDE = "10.66.0.1", "10.66.0.2", "10.66.0.3"
SERVER_GATEWAY, SERVER, SERVER_PORT = "10.67.0.1", "10.67.0.2", 443
BESIDE, SERVICE, SERVICE6, SERVICE_PORT = "10.8.0.1", "10.8.0.2", "fd00:8::2", 80
NOBODY = "192.0.2.53"  # the name server of the carried exit: an address where nobody is
NAME = "web.example"
CLOSED_PORT = 81

OR_PORT, DIR_PORT, SOCKS_PORT, CONTROL_PORT = 5001, 7001, 9001, 8001
LINK = ("--delay-ms", "5", "--rate-mbit", "200", "--queue-packets", "2000")


@dataclass
class Node:
    """A tor process: what it is, where it runs and listens."""
    name: str
    kind: str  # authority, guard, exit, client, onion
    place: str
    address: str
    is_carried: bool = False
    only_exit: str = ""  # of a client
    only_guard: str = ""  # of a client; empty: tor chooses
    fingerprint: str = ""
    v3ident: str = ""

    @property
    def is_relay(self):
        return self.kind in ("authority", "guard", "exit")


def nodes():
    """All of them: relays before those that need them."""
    return ([Node(f"auth{i}", "authority", INTERNET, f"10.77.1.{i}") for i in (1, 2, 3)]
            + [Node(f"guard{i}", "guard", INTERNET, f"10.77.2.{i}") for i in (1, 2, 3)]
            + [Node("exit1", "exit", EXIT_HOST, CARRIED, is_carried=True), Node("exit2", "exit", EXIT_HOST, OUTSIDE)]
            + [Node("client1", "client", INTERNET, "10.77.4.1", only_exit="exit1"),
               Node("client2", "client", INTERNET, "10.77.4.2", only_exit="exit2"),
               Node("onion", "onion", EXIT_HOST, "127.0.0.1", is_carried=True)])
