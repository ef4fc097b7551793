"""What the two ends of a tunnel are told to play."""


class Model:
    """A model of a database."""

    def __init__(self, name, models):
        self.name, self.models = name, models

    def setup(self):
        """Options of `tm-server setup`."""
        return ["--models", self.models]

    def server(self, _number):
        """Options of `tm-server run` in the run of this number."""
        return []

    def client(self, _number, users, pace_s, seed):
        """Options of `tm-client run`."""
        return ["--models", self.models, "--model", self.name, "--users", str(users), "--pace", f"{max(1, round(pace_s * 1000))}ms",
                "--seed", str(seed)]
