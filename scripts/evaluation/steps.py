"""Steps of a long run: made once, shown while they run, ended by a signal like by an error."""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from world import WorldError, run


class Progress:
    """What each thread does now: on a terminal a line that moves, else a line now and then.  `keep` lines stay; an empty text: nothing
    any more."""

    def __init__(self, out=sys.stderr):
        self.began = self.last = time.monotonic()
        self.out, self.is_terminal = out, out.isatty()
        self.texts, self.lock = {}, threading.Lock()

    def __call__(self, text, keep=False):
        with self.lock:
            before = self.texts.pop(threading.get_ident(), "")
            if text and not keep:
                self.texts[threading.get_ident()] = text
            self._show(text, keep, text.split(":")[0] != before.split(":")[0])

    def _show(self, text, keep, is_new):
        now = time.monotonic()
        stamp = f"[{int(now - self.began) // 60}:{int(now - self.began) % 60:02d}] "
        if self.is_terminal:
            kept = stamp + text + "\n" if keep else ""
            line = (stamp + " | ".join(self.texts.values()))[:shutil.get_terminal_size().columns - 1]
            print("\r\033[K" + kept + line, end="", file=self.out, flush=True)
        elif keep or is_new and text:
            print(stamp + text, file=self.out, flush=True)
        elif now - self.last > 15 and self.texts:
            print(stamp + " | ".join(self.texts.values()), file=self.out, flush=True)
            self.last = now

    def end(self):
        if self.is_terminal:
            print("\r\033[K", end="", file=self.out)


def build(root, directory, tell):
    """The build directory with the programs: `directory`, or else build/release, which is built."""
    if directory:
        return os.path.abspath(directory)
    tell("building build/release")
    targets = ["tm-client", "tm-server", "tm-learn", "tm-audit", "tm-linkem"]
    for command in (["cmake", "--preset", "release"], ["cmake", "--build", "--preset", "release", "--target"] + targets):
        done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        if done.returncode != 0:
            raise WorldError("the build failed:\n" + done.stdout[-2000:])
    return os.path.join(root, "build", "release")


def need(*programs):
    """Refuses to begin what cannot be done."""
    if os.geteuid() != 0:
        raise WorldError("this needs root: it makes network namespaces and captures")
    for program in programs:
        if not shutil.which(program):
            raise WorldError(f"{program} is missing: scripts/install-deps build demo")


def kept(directory, key):
    """What once() kept there for this key, or None."""
    try:
        with open(os.path.join(directory, "done.json"), encoding="utf-8") as f:
            result = json.load(f)
        return result if result.get("key") == json.loads(json.dumps(key)) else None
    except (OSError, ValueError):
        return None


def once(directory, key, make):
    """make(directory) with its result kept in done.json there; not made again while `key` is the same."""
    done = os.path.join(directory, "done.json")
    result = kept(directory, key)
    if result is not None:
        return result
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    result = dict(make(directory), key=key)
    with open(done + ".new", "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
    os.replace(done + ".new", done)
    return json.loads(json.dumps(result))


def digests(learn, models):
    """{model name: digest} of a database."""
    listed = json.loads(run([learn, "list", "--json", models]))
    return {m["name"]: m["digest"] for m in listed["models"]}


def file_digest(path):
    """Of a file's content: what was made with another one is made again."""
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()[:16]


def end_on_signals():
    """SIGTERM and SIGHUP end the script as an interrupt does: with everything that it started."""
    def ended(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
