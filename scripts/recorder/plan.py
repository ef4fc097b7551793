"""What is recorded: paths, classes, and for every session its split, path, prefix and size, all from the seed.

A session is one person (or one job) that opens several connections.  It owns a /26 of its path's server block, so
the server's address of a packet names the session exactly.  Inside the /26 the offset says which server is meant:

    offset  0-31  port 443: nginx with HTTP/2, one virtual host each      port 22, 25: by offset modulo 3 and 6
    offset 32-47  port 443: nginx with HTTP/1.1
    offset 48-63  port 443: the chat server, four services
"""
import copy
import ipaddress
import math
import random
import time

PREFIX_BITS = 26
SESSIONS_MAX = 511  # of a class: an eighth of a path's block, in prefixes, without the first
OFFSET_HTTP1 = 32
OFFSET_CHAT = 48
N_SSHD = 3
N_SMTP = 6


class Path:
    """An emulated path: a link of its own to a server namespace of its own."""

    def __init__(self, number, name, delay_ms, jitter_ms, rate_mbit, queue_packets):
        self.number, self.name = number, name
        self.delay_ms, self.jitter_ms, self.rate_mbit, self.queue_packets = delay_ms, jitter_ms, rate_mbit, queue_packets
        self.client, self.server = f"10.9.{number}.1", f"10.9.{number}.2"
        self.block = ipaddress.ip_network(f"10.{16 + 4 * number}.0.0/14")

    def rtt_ms(self):
        """Round trip without queueing: least, most."""
        return 2 * self.delay_ms, 2 * (self.delay_ms + self.jitter_ms)


PATHS = [Path(0, "10ms", 5, 0.5, 100, 400), Path(1, "20ms", 10, 1, 200, 800), Path(2, "45ms", 22.5, 2, 30, 300)]

# Classes that run side by side.  parallel: sessions at the same time; stagger_s: mean pause between two starts.
GROUPS = {
    "people": ["https-chat", "ssh-interactive", "smtp"],
    "web": ["https-browsing"],
    "bulk": ["https-download", "ssh-bulk"],
}
PARALLEL = {"https-chat": 120, "ssh-interactive": 80, "smtp": 10, "https-browsing": 14, "https-download": 8, "ssh-bulk": 7}
STAGGER_S = {"https-chat": 0.4, "ssh-interactive": 0.6, "smtp": 0.8, "https-browsing": 1.0, "https-download": 0.5,
             "ssh-bulk": 0.7}
CLASSES = [c for group in GROUPS.values() for c in group]
BASICS = ["ip", "nft", "tcpdump", "openssl"]
PROGRAMS = {
    "https-browsing": ["chromium", "certutil", "nginx"],
    "https-download": ["curl", "git", "nginx", "fcgiwrap"],
    "https-chat": ["openssl"],
    "ssh-interactive": ["ssh", "sshd", "vi", "less"],
    "ssh-bulk": ["ssh", "sshd", "scp", "sftp", "git"],
    "smtp": ["postfix", "msmtp", "curl", "swaks"],
}


def url(host, path, scheme="https"):
    """Address of something on one of our own servers; their names end in .test, which exists nowhere else."""
    return f"{scheme}://{host}{path}"


def now_us():
    return time.time_ns() // 1000


class Session:
    """One session: who it is, what it drew, and what happened to it."""

    def __init__(self, cls, number, seed, split, path, network, n_connections):
        self.cls, self.number, self.split, self.path = cls, number, split, path
        self.name = f"{cls}-{number}"
        self.network = network
        self.n_connections = n_connections
        self.seed = f"{seed}/{cls}/{number}"
        self.rng = random.Random(self.seed)
        self.loads = []   # when each page load (or action) began, us since 1970
        self.failed = []  # (from_us, to_us, address or None): connections begun there are dropped
        self.errors = []

    def addr(self, offset):
        return str(self.network.network_address + offset)

    def always(self, what, n):
        """A number below n that the session drew for `what` once and for all."""
        return random.Random(f"{self.seed}/{what}").randrange(n)

    def load(self):
        """A page load or an action begins now."""
        self.loads.append(now_us())
        return self.loads[-1]

    def fail(self, from_us, why, address=None):
        self.failed.append((from_us, now_us(), address))
        self.errors.append(why)

    async def action(self, awaitable, what, address=None):
        """Awaits it as one load; what returns a false value has failed, and its connections are dropped."""
        began = self.load()
        good = await awaitable
        if not good:
            self.fail(began, what, address)
        return good

    def window(self, number):
        """The same session as one of its windows sees it, with random numbers of its own: what one does at a time does
        not change what another draws."""
        view = copy.copy(self)
        view.rng = random.Random(f"{self.seed}/{number}")
        return view

    def pause(self, median_s, sigma, cap_s):
        """A log-normal pause in seconds."""
        return min(cap_s, self.rng.lognormvariate(math.log(median_s), sigma))

    def labels(self):
        """This session's lines of labels.csv."""
        for i, at in enumerate(self.loads or [0]):
            yield (f"{at if i else 0},{self.network},{self.cls},{self.split},{self.path.name},{self.name},{i}")


def sessions_of(cls, seed, n_sessions, n_connections):
    """The class's sessions: each on a path of its own drawing, halves drawn at random, sizes that add up.

    Nothing visible is shared out exactly, neither over a recording nor over its halves: what is equally frequent in two samples
    makes an AUC over folds come out below 0.5, because a learner that has seen more of it on one side in its training folds is left
    with less of it to score.  For three paths and 130 sessions a side: 0.42 when both are exact, 0.48 between halves of two
    recordings that are exact as a whole, 0.50 when every session draws.
    """
    rng = random.Random(f"{seed}/{cls}/plan")
    numbers = list(range(n_sessions))
    rng.shuffle(numbers)
    halves = ["train"] * (n_sessions // 2) + ["heldout"] * (n_sessions - n_sessions // 2)
    rng.shuffle(halves)
    weights = [rng.lognormvariate(0, 0.4) for _ in numbers]
    out = []
    for place, number in enumerate(numbers):
        path = rng.choice(PATHS)
        size = 1 << (32 - PREFIX_BITS)
        at = (CLASSES.index(cls) * (path.block.num_addresses // size // 8) + number + 1) * size
        network = ipaddress.ip_network((int(path.block.network_address) + at, PREFIX_BITS))
        share = weights[place] / sum(weights)
        out.append(Session(cls, number, seed, halves[place], path, network, max(2, math.ceil(share * n_connections))))
    rng.shuffle(out)
    return out


def visitor_before(path):
    """Somebody who is not recorded: the last prefix of the path's block."""
    network = list(path.block.subnets(new_prefix=PREFIX_BITS))[-1]
    return Session("nobody", 0, 0, "none", path, network, 1)
