"""What the two ends of a tunnel are told to play."""


class Model:
    """A model of a database."""

    ends, statuses = False, (0,)  # does tm-client end by itself, and how it may end

    def __init__(self, name, models, warm_s=0, prep=None):
        """warm_s: connections that begin so soon after the first of a run do not count; prep: of tm-client, if not its default."""
        self.name, self.models, self.warm_s = name, models, warm_s
        self.prep = ["--prep", prep] if prep else []

    def setup(self):
        """Options of `tm-server setup`."""
        return ["--models", self.models]

    def server(self, _number):
        """Options of `tm-server run` in the run of this number."""
        return []

    def client(self, _number, users, pace_s, seed):
        """Options of `tm-client run`."""
        return ["--models", self.models, "--model", self.name, "--users", str(users), "--pace", f"{max(1, round(pace_s * 1000))}ms",
                "--seed", str(seed)] + self.prep


class Files:
    """A schedule file for each run, which ends with the file's last connection."""

    ends, statuses, warm_s = True, (0, 1), 0  # 1: a connection was lost, which the summary counts

    def __init__(self, name, files, prep):
        self.name, self.files, self.prep = name, files, prep

    def setup(self):
        return []

    def server(self, number):
        return ["--schedule", self.files[number]]

    def client(self, number, _users, _pace_s, _seed):
        """Both ends have the file, so that no write grows to carry the plan of others."""
        return ["--schedule", self.files[number], "--plan", "seeded", "--prep", self.prep]
