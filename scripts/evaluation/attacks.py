"""tm-audit on one model's cover: conform for each path, detect and classify on all of them together."""
import json
import os
import subprocess

from crew import Ended


class AttackError(Exception):
    """tm-audit could not do it; the text has what it said."""


class Attacks:
    """The tm-audit of a build directory; a run of it ends when `stop`, a threading.Event, is set."""

    def __init__(self, build, stop):
        self.program, self.stop = os.path.join(build, "audit", "tm-audit"), stop

    def audit(self, arguments):
        """The JSON object that `tm-audit ARGUMENTS --json` prints; status 1 with one is a verdict."""
        with subprocess.Popen([self.program] + arguments + ["--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as p:
            while True:
                try:
                    out, said = p.communicate(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    if self.stop.is_set():
                        p.kill()
                        raise Ended(arguments[0]) from None
                except BaseException:
                    p.kill()
                    raise
        try:
            return json.loads(out)
        except ValueError as e:
            raise AttackError(f"tm-audit {arguments[0]}: {said.strip()[-600:] or e}") from e

    def conform(self, directory, runs):
        """Offsets and connections summed over the runs of an idle cover."""
        total = {"offsets": 0, "exact": 0, "judged": 0, "died": 0, "is_exact": True, "late_p99_us": 0, "first": ""}
        for r in runs:
            at = os.path.join(directory, r["dir"])
            said = self.audit(["conform", "--capture", os.path.join(at, "wire.pcap"), "--log", os.path.join(at, "client.jsonl"),
                               "--log", os.path.join(at, "server.jsonl")])
            total["offsets"] += said["offsets"]
            total["exact"] += said["exact"]
            total["judged"] += said["carriers"]["judged"]
            total["died"] += said["carriers"]["died"]
            total["is_exact"] = total["is_exact"] and said["is_exact"]
            total["first"] = total["first"] or ", ".join(f"{r['dir']}: {d['text']}" for d in said["first_differences"][:1])
            total["late_p99_us"] = max(total["late_p99_us"], said["lateness_first_byte"]["p99_us"])
        return total

    def detect(self, recording, cls, cover, seed, more):
        """Can a trained observer tell the cover (a folder with cover.pcap and labels.csv) from held-out connections of the class?
        The train captures give the floors."""
        return self.audit(["detect", "--real", recording.capture(cls, "heldout"), "--train", recording.capture(cls, "train"),
                           "--labels", recording.labels, "--cover", os.path.join(cover, "cover.pcap"),
                           "--cover-labels", os.path.join(cover, "labels.csv"), "--seed", str(seed)] + more)

    def classify(self, directory, real, labels, covers, more):
        """TrafficMimic's attack: real is [(class, capture)], labels the recording's (None: none), covers [(name, folder)] with the name
        CLASS or CLASS:NAME.  `directory` gets the labels of all covers together."""
        arguments = ["classify"] + (["--labels", labels] if labels else [])
        for cls, capture in real:
            arguments += ["--real", f"{cls}={capture}"]
        together = os.path.join(directory, "labels.csv")
        lines = {}
        for name, cover in covers:
            arguments += ["--cover", f"{name}={os.path.join(cover, 'cover.pcap')}"]
            with open(os.path.join(cover, "labels.csv"), encoding="ascii") as f:
                lines.update(dict.fromkeys(f))
        with open(together, "w", encoding="ascii") as f:
            f.writelines(lines)
        return self.audit(arguments + ["--cover-labels", together] + more)
