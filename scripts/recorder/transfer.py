"""https-download and ssh-bulk: real curl, git, scp and sftp.

File sizes are log-normal, median 300 kB, sigma 1.2, at most 8 MB; video segments hold 2 s at 0.6 to 3 Mbit/s (chosen).
Downloads: whole files 40 %, ranges 22 %, pages in a row 12 %, video-like segments at the pace of playing 14 %, clones 12 %.
Over ssh: scp down 35 %, scp up 25 %, sftp of several files 20 %, clones 20 %.  Nothing is compressed in time.
"""
import asyncio
import os
import shutil

import shell
import sites
from plan import N_SSHD, url


async def _command(argv, env, home, more=None):
    p = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", **(more or {})})
    try:
        return await asyncio.wait_for(p.wait(), 120) == 0
    except asyncio.TimeoutError:
        return False
    finally:
        if p.returncode is None:
            p.kill()
            await p.wait()


def _curl(session, env, host):
    argv = ["curl", "-sS", "-f", "--cacert", f"{env.work}/pki/root.pem", "--resolve",
            f"{host}:443:{session.addr(sites.HOSTS[host])}"]
    return argv + (["--http1.1"] if session.always("http1", 4) == 0 else [])


def _urls(host, paths):
    out = []
    for p in paths:
        out += ["-o", "/dev/null", url(host, p)]
    return out


async def download(session, env, home):
    """One connection over https; true when the program was content."""
    rng, kind = session.rng, session.rng.random()
    if kind < 0.40:
        host = rng.choice(["downloads.test", "mirror.test"])
        return await _command(_curl(session, env, host) + _urls(host, [rng.choice(env.downloads)[0]]), env, home)
    if kind < 0.62:
        host = rng.choice(["downloads.test", "mirror.test"])
        path, size = rng.choice(env.downloads)
        first = rng.randrange(size // 2)
        last = min(size - 1, first + rng.randrange(10000, 2000000))
        return await _command(_curl(session, env, host) + ["-r", f"{first}-{last}"] + _urls(host, [path]), env, home)
    if kind < 0.74:
        site = rng.choice(sorted(env.pages))
        paths = rng.sample(env.pages[site], rng.randrange(1, 8))
        host = f"www.{site}.test"
        return await _command(_curl(session, env, host) + _urls(host, paths), env, home)
    if kind < 0.88:
        title, first, n = rng.randrange(4), rng.randrange(12), rng.randrange(3, 10)
        paths = [f"/video{title}/seg{first + i}.m4s" for i in range(n)]
        pace = ["--rate", f"{rng.choice([20, 30, 40])}/m"]
        return await _command(_curl(session, env, "video.test") + pace + _urls("video.test", paths), env, home)
    host, target = "git.test", f"{home}/clone-{session.name}"
    depth = ["--depth", "1"] if rng.random() < 0.4 else []
    good = await _command(["git", "-c", f"http.curloptResolve={host}:443:{session.addr(sites.HOSTS[host])}", "clone", "-q",
                           *depth, url(host, f"/{rng.choice(env.repositories)}"), target], env, home,
                          {"GIT_SSL_CAINFO": f"{env.work}/pki/root.pem"})
    shutil.rmtree(target, ignore_errors=True)
    return good


async def run(session, env):
    home = f"{env.work}/home/transfer"
    for _ in range(session.n_connections):
        await session.action(download(session, env, home), "download")
        await asyncio.sleep(session.pause(0.8, 0.8, 4))


async def copy(session, env, home):
    """One transfer over ssh."""
    rng, kind = session.rng, session.rng.random()
    options, user = shell.login(session, env)
    at = f"{user}@{session.addr(session.always('server', N_SSHD))}"
    path, _ = rng.choice(env.downloads)
    local, there = f"{env.work}/files{path}", f"{env.work}/files{path}"
    if kind < 0.35:
        return await _command(["scp", "-q", *options, f"{at}:{there}", f"{home}/{session.name}.got"], env, home)
    if kind < 0.60:
        return await _command(["scp", "-q", *options, local, f"{at}:/dev/null"], env, home)
    if kind < 0.80:
        batch = f"{home}/{session.name}.batch"
        with open(batch, "w", encoding="utf-8") as f:
            f.write("ls\ncd src\nls -l\n" + "".join(f"get {name} {home}/{session.name}.got\n" for name in rng.sample(
                ["server.py", "client.py", "util.py", "README"], rng.randrange(1, 5))))
            if rng.random() < 0.5:
                f.write(f"get {there} {home}/{session.name}.got\n")
        return await _command(["sftp", "-q", "-b", batch, *options, at], env, home)
    target = f"{home}/ssh-clone-{session.name}"
    good = await _command(["git", "clone", "-q", f"ssh://{at}{env.work}/git/{rng.choice(env.repositories)}", target], env,
                          home, {"GIT_SSH_COMMAND": " ".join(["ssh", *options])})
    shutil.rmtree(target, ignore_errors=True)
    return good


class OverSsh:
    """ssh-bulk: the same shape as a module of a class."""

    @staticmethod
    async def run(session, env):
        home = f"{env.work}/home/transfer"
        for _ in range(session.n_connections):
            await session.action(copy(session, env, home), "copy")
            await asyncio.sleep(session.pause(0.8, 0.8, 4))
