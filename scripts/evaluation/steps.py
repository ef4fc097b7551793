"""Steps of a long run: made once, shown while they run, ended by a signal like by an error."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from world import WorldError, run


class Progress:
    """A line that moves on a terminal; else a line now and then.  `keep` lines stay."""

    def __init__(self):
        self.began = self.last = time.monotonic()
        self.is_terminal = sys.stderr.isatty()
        self.text = ""

    def __call__(self, text, keep=False):
        now = time.monotonic()
        stamp = f"[{int(now - self.began) // 60}:{int(now - self.began) % 60:02d}] "
        if self.is_terminal:
            print("\r\033[K" + stamp + text, end="\n" if keep else "", file=sys.stderr, flush=True)
        elif keep or now - self.last > 15 or text.split(":")[0] != self.text.split(":")[0]:
            print(stamp + text, file=sys.stderr, flush=True)
            self.last = now
        self.text = text

    def end(self):
        if self.is_terminal:
            print("\r\033[K", end="", file=sys.stderr)


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


def once(directory, key, make):
    """make(directory) with its result kept in done.json there; not made again while `key` is the same."""
    done = os.path.join(directory, "done.json")
    try:
        with open(done, encoding="utf-8") as f:
            result = json.load(f)
        if result.get("key") == json.loads(json.dumps(key)):
            return result
    except (OSError, ValueError):
        pass
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


def end_on_signals():
    """SIGTERM and SIGHUP end the script as an interrupt does: with everything that it started."""
    def ended(number, _):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ended)
