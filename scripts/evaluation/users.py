"""Which modelled user a captured connection belongs to, by the client's schedule log; and labels in a recording's format."""
import json

HEAD = "from_us,prefix,class,split,path,session,load\n"


class Users:
    """The users of one client's log by their connections' ports and times."""

    def __init__(self, log):
        self.by_port = {}
        user, shift_us = {}, 0
        with open(log, encoding="ascii") as f:
            for text in f:
                try:
                    line = json.loads(text)
                except ValueError:
                    break  # the last line, cut
                if line["t"] == "session":
                    shift_us = line["wall_minus_mono_us"]
                elif line["t"] == "open":
                    user[line["c"]] = line["user"]
                elif line["t"] == "up":
                    port = int(line["local"].rsplit(":", 1)[1])
                    self.by_port.setdefault(port, []).append((line["at"] + shift_us, user[line["c"]]))

    def of(self, port, start_us):
        """The user of the connection from this port that was established nearest to its SYN; None: the log has no such."""
        ups = self.by_port.get(port)
        return min(ups, key=lambda up: abs(up[0] - start_us))[1] if ups else None


class Sessions:
    """Hands out an address for each user of each log, and writes down whose it is: one user of one run is a session."""

    def __init__(self, net, model, logs, paths):
        self.net, self.model, self.paths = net, model, paths
        self.users = [Users(log) for log in logs]
        self.address = {}

    def address_of(self, i, conn):
        """For capture.merge."""
        user = self.users[i].of(conn.port, conn.start_us)
        if user is None:
            return None
        n = self.address.setdefault((i, user), len(self.address))
        return bytes([10, self.net, n >> 8, n & 255])

    def labels(self):
        """labels.csv."""
        lines = [f"0,10.{self.net}.{n >> 8}.{n & 255}/32,{self.model},cover,{self.paths[i]},{self.model}-run-{i}-user-{user},0\n"
                 for (i, user), n in self.address.items()]
        return HEAD + "".join(lines)
