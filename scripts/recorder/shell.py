"""ssh-interactive: OpenSSH in pseudo-terminals, typed like people; echo is real.  Also the ssh servers.

Typing: a person's mean inter-key time is drawn from N(238.7, 111.6) ms, clipped to 80-600 ms; keys are log-normal around it
with sigma 0.45-0.75; 3 % of keys are mistyped and deleted.  After Dhakal, Feit, Kristensson, Oulasvirta, "Observations on
Typing from 136 Million Keystrokes", CHI 2018, doi 10.1145/3173574.3174220; its mean and deviation are quoted second-hand.
That paper is about transcribing sentences, not shells.  Reading pauses are log-normal, median 2.5 s (chosen).
"""
import asyncio
import fcntl
import math
import os
import pty
import random
import signal
import struct
import termios

from plan import N_SSHD, PATHS
from world import sh

PEOPLE = ["ana", "ben", "carla"]
UID = 61200
LOGIN_LIMIT_S = 120
FILES = ["notes.txt", "src/server.py", "src/client.py", "src/util.py", "todo.txt", "src/README", "log/app.log"]
PLAIN = ["ls", "ls -la", "ls -lt src", "pwd", "cd src", "cd ..", "cd", "df -h", "uptime", "whoami", "date", "ps aux | head -20",
         "wc -l src/*.py", "git log --oneline", "git status", "git diff", "history", "du -sh *", "id", "env | sort | head",
         "find . -name '*.py'", "grep -n import src/*.py", "tail -30 log/app.log", "cat todo.txt", "cat notes.txt", "free -m",
         "python3 -c 'print(2**64)'", "head -50 src/server.py", "uname -a", "ls /etc", "git log -p | head -80"]
REMOTE = ["uptime", "df -h", "tail -100 log/app.log", "cat notes.txt", "ls -la src", "git -C . log", "ps aux", "cat src/server.py"]


def _home(top, name, uid):
    home = f"{top}/{name}"
    sh("sh", "-c", f"""
        mkdir -p {home}/src {home}/log && cd {home} &&
        cp /usr/lib/python3*/http/server.py src/server.py && cp /usr/lib/python3*/http/client.py src/client.py &&
        cp /usr/lib/python3*/shutil.py src/util.py && head -120 /usr/lib/python3*/ast.py >src/README &&
        head -c 9000 /usr/lib/python3*/pydoc_data/topics.py | fold -w 100 >notes.txt && head -40 src/util.py >todo.txt &&
        fold -w 120 /usr/lib/python3*/mailbox.py | head -900 >log/app.log &&
        printf 'PS1="\\\\u@host:\\\\w\\\\$ "\\nalias ll="ls -l"\\n' >.bashrc &&
        printf '. ~/.bashrc\\n' >.profile && touch .hushlogin &&
        export HOME={home} GIT_AUTHOR_DATE=2024-01-01T00:00:00Z GIT_COMMITTER_DATE=2024-01-01T00:00:00Z && git init -q . && git add src && git -c user.name=x -c user.email=x@x.test commit -qm start &&
        printf '# changed\\n' >>src/util.py && git config --global safe.directory '*' && chown -R {uid}:{uid} {home}""")


def prepare(env):
    """Three ssh servers in each server namespace; their users exist only in those servers' mount namespaces."""
    top = f"{env.work}/ssh"
    if os.path.exists(top):
        return
    os.makedirs(f"{top}/home")
    for keytype in ("ed25519", "rsa"):
        sh("ssh-keygen", "-q", "-t", keytype, "-N", "", "-f", f"{top}/key-{keytype}", "-C", "someone@somewhere")
    for i in range(N_SSHD):
        sh("ssh-keygen", "-q", "-t", ("ed25519", "rsa", "ecdsa")[i], "-N", "", "-f", f"{top}/host{i}", "-C", "")
    sh("sh", "-c", f"cat {top}/key-*.pub >{top}/authorized && chmod 755 {env.work} {top}; chmod 644 {top}/authorized; "
       f"cp /etc/passwd {top}/passwd; cp /etc/shadow {top}/shadow; chmod 600 {top}/shadow; mkdir {top}/empty {top}/varlog")
    for i, name in enumerate(PEOPLE):
        _home(f"{top}/home", name, UID + i)
        with open(f"{top}/passwd", "a", encoding="utf-8") as f:
            f.write(f"{name}:x:{UID + i}:{UID + i}::{top}/home/{name}:/bin/bash\n")
        with open(f"{top}/shadow", "a", encoding="utf-8") as f:
            f.write(f"{name}:*:20000:0:99999:7:::\n")
    for path in PATHS:
        for i in range(N_SSHD):
            with open(f"{top}/sshd{i}.conf", "w", encoding="utf-8") as f:
                f.write(f"ListenAddress 0.0.0.0\nPort {2200 + i}\nHostKey {top}/host{i}\nPidFile none\nUsePAM no\nUseDNS no\n"
                        f"StrictModes no\nMaxStartups 500:30:1000\nAuthorizedKeysFile {top}/authorized\nPrintLastLog no\n"
                        f"PasswordAuthentication no\nSubsystem sftp internal-sftp\nAllowUsers {' '.join(PEOPLE)}\n"
                        f"ClientAliveInterval {(0, 30, 60)[i]}\n")
            script = (f"mount --bind {top}/passwd /etc/passwd && mount --bind {top}/shadow /etc/shadow && "
                      f"mount --bind {top}/varlog /var/log && mount -t tmpfs tmpfs /run && mkdir /run/sshd && "
                      f"exec /usr/sbin/sshd -D -f {top}/sshd{i}.conf")
            env.world.spawn(f"sshd{path.number}{i}", ["sh", "-c", script], env.world.server(path))
    env.ssh_options = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={top}/known", "-o",
                       "LogLevel=ERROR", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]


def login(session, env):
    """(options, user): the session's person always uses the same key and account."""
    key = f"{env.work}/ssh/key-{('ed25519', 'ed25519', 'rsa')[session.always('key', 3)]}"
    return env.ssh_options + ["-i", key], PEOPLE[session.always("account", len(PEOPLE))]


class Terminal:
    """A pseudo-terminal with ssh in it, and somebody in front of it."""

    def __init__(self, session):
        self.session, self.rng = session, session.rng
        typist = random.Random(f"{session.seed}/typist")
        self.mean_ms = min(600, max(80, typist.gauss(238.7, 111.6)))
        self.sigma = typist.uniform(0.45, 0.75)
        self.master, self.process, self.n_read = None, None, 0

    async def start(self, argv, env):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", self.rng.choice([24, 40, 50]),
                                                           self.rng.choice([80, 100, 132]), 0, 0))
        self.n_read = 0
        self.process = await asyncio.create_subprocess_exec(
            *argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": f"{env.work}/ssh", "TERM": "xterm"})
        os.close(slave)
        os.set_blocking(self.master, False)
        asyncio.get_running_loop().add_reader(self.master, self._readable)

    def _readable(self):
        try:
            data = os.read(self.master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self.master)
        self.n_read += len(data)

    def _key(self, data):
        try:
            os.write(self.master, data)
        except OSError:
            pass

    async def type(self, text):
        """Key by key, with mistakes."""
        mu = math.log(self.mean_ms / 1000) - self.sigma ** 2 / 2
        for ch in text:
            if self.rng.random() < 0.03 and ch.isalpha():
                self._key(self.rng.choice(b"asdfghjkl").to_bytes(1, "big"))
                await asyncio.sleep(min(3, self.rng.lognormvariate(mu, self.sigma)) + 0.2)
                self._key(b"\x7f")
                await asyncio.sleep(min(3, self.rng.lognormvariate(mu, self.sigma)))
            self._key(ch.encode())
            await asyncio.sleep(min(3, self.rng.lognormvariate(mu, self.sigma)))

    async def read(self, median_s=2.5):
        await asyncio.sleep(self.session.pause(median_s, 0.9, 30))

    async def line(self):
        """One command of a shell, and what a person does with it."""
        kind, rng = self.rng.random(), self.rng
        if kind < 0.70:
            await self.type(rng.choice(PLAIN) + "\r")
        elif kind < 0.84:
            await self.type(f"less ~/{rng.choice(FILES)}\r")
            for _ in range(rng.randrange(1, 6)):
                await self.read(2)
                self._key(b" " if rng.random() < 0.8 else b"b")
            await self.read(1)
            self._key(b"q")
        elif kind < 0.95:
            await self.type(f"vi ~/{rng.choice(FILES)}\r")
            await self.read(1.5)
            for _ in range(rng.randrange(1, 15)):
                self._key(rng.choice([b"j", b"j", b"j", b"w", b"k"]))
                await asyncio.sleep(max(0.05, rng.gauss(0.2, 0.08)))
            await self.type("o" + " ".join(rng.choice(["value", "check", "the", "and", "note", "return", "list"])
                                           for _ in range(rng.randrange(2, 9))) + "\x1b")
            await self.type(":q!\r")
        else:
            await self.type("top\r")
            await asyncio.sleep(rng.uniform(3, 9))
            self._key(b"q")
        await self.read()

    async def close(self):
        asyncio.get_running_loop().remove_reader(self.master)
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        os.close(self.master)


async def shell(session, env, address, n_lines):
    """One login; true when ssh ended as it should."""
    options, user = login(session, env)
    t = Terminal(session)
    await t.start(["ssh", *options, "-tt", f"{user}@{address}"], env)
    try:
        loop = asyncio.get_running_loop()
        until = loop.time() + LOGIN_LIMIT_S
        while t.n_read == 0 and t.process.returncode is None and loop.time() < until:
            await asyncio.sleep(0.05)
        await t.read(1.5)
        for _ in range(n_lines):
            if t.process.returncode is not None or loop.time() > until:
                break
            await t.line()
        if session.rng.random() < 0.6:
            await t.type("exit\r")
        else:
            t._key(b"\x04")
        await asyncio.wait_for(t.process.wait(), 20)
        return t.process.returncode != 255 and t.n_read > 0
    except asyncio.TimeoutError:
        return False
    finally:
        await t.close()


async def remote_command(session, env, address):
    options, user = login(session, env)
    p = await asyncio.create_subprocess_exec(
        "ssh", *options, f"{user}@{address}", session.rng.choice(REMOTE), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": f"{env.work}/ssh"})
    return await p.wait() != 255


async def logins(session, env, n, after_s):
    await asyncio.sleep(after_s)
    rng = session.rng
    server = rng.randrange(N_SSHD)
    for _ in range(n):
        address = session.addr(server if rng.random() < 0.8 else rng.randrange(N_SSHD))
        if rng.random() < 0.12:
            work = remote_command(session, env, address)
        else:
            work = shell(session, env, address, min(12, 1 + int(rng.expovariate(1 / 2.5))))
        await session.action(work, "ssh")
        await asyncio.sleep(session.pause(2, 0.8, 12))


async def run(session, env):
    """Someone with some windows open, each with at most four logins one after another."""
    n, windows = session.n_connections, -(-session.n_connections // 4)
    await asyncio.gather(*(logins(session.window(i), env, n // windows + (i < n % windows), i * session.rng.uniform(1, 10))
                           for i in range(windows)))
