"""The covers of several models as steps that are kept: played side by side, then gathered for the attacks."""
import os

import cover
import crew
import steps
from attacks import Attacks


class Covers:
    """In OUT/MODEL: `played` has what each run left, `idle` the material of the attacks."""

    def __init__(self, build, out, tell):
        self.build, self.out, self.tell = build, out, tell
        self.crew = crew.Crew()
        self.attacks = Attacks(build, self.crew.stop)

    def at(self, model, step):
        return os.path.join(self.out, model, step)

    def is_played(self, model, key):
        """Is nothing of its idle cover to be played any more?"""
        return any(steps.kept(self.at(model, step), key) for step in ("idle", "played"))

    def play(self, source, key, runs, how, seed):
        """To be played: see cover.idle."""
        def make(turn, directory):
            return cover.idle(turn, self.build, directory, source, runs, how, seed, self.tell)

        return self.step(source.name, "played", key, cover.seconds_of(runs, how), make)

    def step(self, model, step, key, seconds, make):
        """A step make(turn, directory) as a play of the crew."""
        def run(turn):
            steps.once(self.at(model, step), key, lambda directory: make(turn, directory))
            self.tell(f"{model}: {step}", keep=True)

        return crew.Play(f"{model}, {step}", seconds, run)

    def gathered(self, model, key, net, is_kept):
        """What was seen of the model's cover, with what conform says; is_kept: the captures of single runs stay."""
        def make(directory):
            played = steps.kept(self.at(model, "played"), key)
            self.tell(f"{model}: sorting connections")
            seen = dict(played, **cover.gather(played, self.at(model, "played"), directory, net))
            self.tell(f"{model}: conform")
            return dict(seen, conform=self.attacks.conform(self.at(model, "played"), played["runs"]))

        idle = steps.once(self.at(model, "idle"), key, make)
        if not is_kept:
            cover.forget(idle, self.at(model, "played"))
        self.tell(f"{model}: {idle['connections']} connections of {idle['users']} users, {idle['unfinished']} unfinished, "
                  f"machine {idle['cpu_share']:.0%} busy", keep=True)
        return idle
