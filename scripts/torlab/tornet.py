"""The private Tor network: keys, torrc files, bootstrap, and what a control port says.

Every option is one of Debian's tor; TestingTorNetwork lets private addresses and short intervals be.
"""
import contextlib
import os
import re
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import plan
from labworld import LabError, sh, wait_until

NO_AUTHORITY = "x 127.0.0.1:1 " + "F" * 40
BANDWIDTH = {"authority": 1000, "guard": 20000, "exit": 20000}

COMMON = """TestingTorNetwork 1
RunAsDaemon 0
SafeLogging 0
LogTimeGranularity 1
CookieAuthentication 1
ShutdownWaitLength 0
EnforceDistinctSubnets 0
PathsNeededToBuildCircuits 0.67
TestingClientMaxIntervalWithoutRequest 1
GeoIPFile
GeoIPv6File
"""
RELAY = """AssumeReachable 1
AddressDisableIPv6 1
SocksPort 0
ContactInfo nobody@example.invalid
"""
AUTHORITY = """AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
TestingV3AuthInitialVotingInterval 5
TestingV3AuthInitialVoteDelay 2
TestingV3AuthInitialDistDelay 2
V3AuthVotingInterval 10
V3AuthVoteDelay 2
V3AuthDistDelay 2
V3AuthNIntervalsValid 100
TestingDirAuthVoteGuardIsStrict 1
TestingDirAuthVoteExitIsStrict 1
TestingDirAuthVoteHSDir *
TestingMinExitFlagThreshold 0
AuthDirMaxServersPerAddr 0
MinMeasuredBWsForAuthToIgnoreAdvertised 0
"""
EXIT = """ExitRelay 1
ExitPolicyRejectPrivate 0
ExitPolicyRejectLocalInterfaces 0
ExitPolicy accept *:*
IPv6Exit 1
ServerDNSAllowBrokenConfig 1
ServerDNSDetectHijacking 0
ServerDNSTestAddresses
ServerDNSSearchDomains 0
"""
NO_EXIT = "ExitRelay 0\nExitPolicy reject *:*\n"
BOOTSTRAP_TRIES = 3
CLIENT = "SocksPolicy accept *\nClientRejectInternalAddresses 0\nClientDNSRejectInternalAddresses 0\n"


class TorNet:
    """The nodes of plan.py, or others; their files below WORK/tor."""

    def __init__(self, world, nodes=None):
        self.world = world
        self.nodes = nodes or plan.nodes()

    def of(self, *kinds):
        return [n for n in self.nodes if n.kind in kinds]

    def node(self, name):
        return next(n for n in self.nodes if n.name == name)

    def dir(self, node):
        return f"{self.world.work}/tor/{node.name}"

    # Files

    def make(self):
        """Keys first, since every torrc names the authorities'."""
        for n in self.nodes:
            os.makedirs(f"{self.dir(n)}/keys", mode=0o700)
            os.chmod(self.dir(n), 0o700)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self._make_keys, [n for n in self.nodes if n.is_relay]))
        with open(f"{self.world.work}/tor/bandwidth", "w", encoding="utf-8") as f:
            f.write(f"{int(time.time())}\n")
            f.writelines(f"node_id=${n.fingerprint} bw={BANDWIDTH[n.kind]} nick={n.name}\n" for n in self.nodes if n.is_relay)
        for n in self.nodes:
            with open(f"{self.dir(n)}/torrc", "w", encoding="utf-8") as f:
                f.write(self._torrc(n))

    def _make_keys(self, node):
        if node.kind == "authority":
            sh("sh", "-c", "echo pass | tor-gencert --create-identity-key --passphrase-fd 0 -i authority_identity_key -s "
               f"authority_signing_key -c authority_certificate -m 12 -a {node.address}:{plan.DIR_PORT}", cwd=f"{self.dir(node)}/keys")
            with open(f"{self.dir(node)}/keys/authority_certificate", encoding="ascii") as f:
                node.v3ident = re.search(r"^fingerprint (\S+)", f.read(), re.M)[1]
        said = sh("tor", "--quiet", "--ignore-missing-torrc", "-f", "/nonexistent", "--defaults-torrc", "/nonexistent",
                  "--list-fingerprint", "--orport", "1", "--nickname", node.name, "--DataDirectory", self.dir(node), "--DirAuthority",
                  NO_AUTHORITY)
        node.fingerprint = "".join(said.split()[1:])

    def _torrc(self, n):
        text = COMMON + f"DataDirectory {self.dir(n)}\nLog notice stdout\nControlSocket {self.dir(n)}/control\n"
        for a in self.of("authority"):
            text += f"DirAuthority {a.name} orport={plan.OR_PORT} no-v2 v3ident={a.v3ident} {a.address}:{plan.DIR_PORT} {a.fingerprint}\n"
        if n.kind != "onion":
            text += f"OutboundBindAddress {n.address}\n"
        if n.is_relay:
            text += RELAY + f"Nickname {n.name}\nAddress {n.address}\nORPort {n.address}:{plan.OR_PORT} IPv4Only\n"
            text += EXIT + self._resolver(n) if n.kind == "exit" else NO_EXIT
        if n.kind == "authority":
            text += AUTHORITY + f"DirPort {n.address}:{plan.DIR_PORT}\nV3BandwidthsFile {self.world.work}/tor/bandwidth\n"
            for kind in ("guard", "exit"):
                text += f"TestingDirAuthVote{kind.title()} " + ",".join(x.fingerprint for x in self.of(kind)) + "\n"
        if n.kind == "client":
            only = self.node(n.only_exit).fingerprint
            text += CLIENT + f"SocksPort {n.address}:{plan.SOCKS_PORT} IPv6Traffic\nExitNodes {only}\nStrictNodes 1\n"
            if n.only_guard:
                text += f"EntryNodes {self.node(n.only_guard).fingerprint}\n"
        if n.kind == "onion":
            text += f"SocksPort 0\nHiddenServiceDir {self.dir(n)}/service\nHiddenServicePort 80 {plan.SERVICE}:{plan.SERVICE_PORT}\n"
        return text

    def _resolver(self, n):
        """The carried exit asks a name server that does not exist: only the tunnel can answer it."""
        path = f"{self.dir(n)}/resolv.conf"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"nameserver {plan.NOBODY if n.is_carried else plan.SERVICE}\n")
        return f"ServerDNSResolvConfFile {path}\n"

    # Processes

    def start(self, node):
        self.world.start(node.name, node.place, ["tor", "-f", f"{self.dir(node)}/torrc", "--defaults-torrc", "/dev/null"],
                         cgroup=self.world.service if node.is_carried else None)

    def bootstrapped(self, name):
        """Percent, by its log."""
        found = re.findall(r"Bootstrapped (\d+)%", self.world.said(name))
        return int(found[-1]) if found else 0

    def wait_consensus(self, seconds, progress):
        """Until every authority has one that names every relay, both exits and a guard, and guards have descriptors of all of them: a client
        that finds less asks again ten seconds later."""
        n_relays, n_exits = len([n for n in self.nodes if n.is_relay]), len(self.of("exit"))

        def counts():
            found = [self._consensus_of(n) for n in self.of("authority")]
            return (*(min(f[i] for f in found) for i in range(3)), min(self._descriptors_of(n) for n in self.of("guard")))

        def is_complete():
            relays, exits, guards, descriptors = counts()
            progress(f"consensus: {relays} of {n_relays} relays, {exits} of {n_exits} exits, {guards} guards; {descriptors} descriptors")
            self._all_alive()
            return relays == n_relays and exits == n_exits and guards > 0 and descriptors >= n_relays
        if not wait_until(seconds, is_complete):
            raise LabError(f"no complete consensus after {seconds} s: {counts()} relays, exits, guards, descriptors")

    def _consensus_of(self, node):
        """(relays, exits, guards) in the consensus that it has."""
        try:
            with open(f"{self.dir(node)}/cached-microdesc-consensus", encoding="utf-8") as f:
                text = f.read()
        except OSError:
            return 0, 0, 0
        return tuple(len(re.findall(p, text, re.M)) for p in (r"^r ", r"^s .*\bExit\b", r"^s .*\bGuard\b"))

    def _descriptors_of(self, node):
        """How many microdescriptors it has."""
        found = 0
        for name in ("cached-microdescs", "cached-microdescs.new"):
            if os.path.exists(f"{self.dir(node)}/{name}"):
                with open(f"{self.dir(node)}/{name}", encoding="utf-8", errors="replace") as f:
                    found += f.read().count("\nonion-key\n")
        return found

    def wait_bootstrapped(self, names, seconds, progress):
        """Who missed its guards at first, on a busy machine, tries them again only minutes later: after a third of the time it begins anew."""
        def is_complete():
            at = {name: self.bootstrapped(name) for name in names}
            progress("bootstrapped: " + ", ".join(f"{k} {v} %" for k, v in at.items()))
            self._all_alive()
            return min(at.values()) == 100
        for left in range(BOOTSTRAP_TRIES - 1, -1, -1):
            if wait_until(seconds / BOOTSTRAP_TRIES, is_complete):
                return
            for name in [n for n in names if left > 0 and self.bootstrapped(n) < 100]:
                self._begin_anew(self.node(name))
        raise LabError("not bootstrapped: " + "; ".join(f"{n}: {self.world.said(n)[-300:].strip()}" for n in names))

    def _begin_anew(self, node):
        """Without what it remembers of guards."""
        self.world.stop(node.name)
        with contextlib.suppress(FileNotFoundError):
            os.remove(f"{self.dir(node)}/state")
        self.start(node)

    def _all_alive(self):
        for n in self.nodes:
            if n.name in self.world.processes and not self.world.is_alive(n.name):
                raise LabError(f"{n.name} ended: {self.world.said(n.name)[-600:].strip()}")

    def onion_name(self):
        with open(f"{self.dir(self.node('onion'))}/service/hostname", encoding="ascii") as f:
            return f.read().strip()

    def paths(self, name):
        """Built circuits of a client to its exit, as nicknames: guard, middle, exit."""
        node = self.node(name)
        said = self._ask(node, "GETINFO circuit-status")
        hops = [re.findall(r"~(\w+)", line) for line in said.splitlines() if " BUILT " in line]
        return sorted({tuple(h) for h in hops if len(h) == 3 and h[-1] == node.only_exit})

    def _ask(self, node, question):
        with open(f"{self.dir(node)}/control_auth_cookie", "rb") as f:
            cookie = f.read().hex()
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(f"{self.dir(node)}/control")
            s.sendall(f"AUTHENTICATE {cookie}\r\n{question}\r\nQUIT\r\n".encode())
            with s.makefile(encoding="utf-8") as f:
                return f.read()


def version():
    """Of tor and nothing else."""
    said = subprocess.run(["tor", "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"Tor version (\S+?)\.?$", said, re.M)[1]
