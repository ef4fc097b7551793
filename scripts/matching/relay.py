"""A one-to-one TLS relay: what a tunnel is compared with.  Each connection is carried by a TLS connection of its own.

  relay.py far CERT KEY LABELS ADDRESS:PORT>HOST:PORT...        at the server: takes TLS, connects to HOST:PORT
  relay.py near ADDRESS:PORT>HOST:PORT...                       at the client: takes TCP, connects to HOST:PORT by TLS

The far end knows which connection it joined to which: when both are over, LABELS gets a line as `tm-audit correlate` reads it.
"""
import asyncio
import signal
import ssl
import sys
import time

HEAD = "at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes"


def place(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def copy(reader, writer):
    """Until the end of what comes; how many bytes that were."""
    n = 0
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
            n += len(data)
    except (OSError, ssl.SSLError):
        pass
    finally:
        writer.close()
    return n


class Relay:
    """Takes connections at one place and carries each to another."""

    def __init__(self, route, take_ctx, give_ctx, labels):
        self.source, self.target = (place(p) for p in route.split(">"))
        self.take_ctx, self.give_ctx, self.labels = take_ctx, give_ctx, labels
        self.server = None

    async def listen(self):
        self.server = await asyncio.start_server(self._carry, *self.source, ssl=self.take_ctx, backlog=256)

    async def _carry(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(*self.target, ssl=self.give_ctx)
        except OSError as e:
            print(f"{self.target}: {e}", file=sys.stderr, flush=True)
            writer.close()
            return
        at_us = time.time_ns() // 1000
        flow = [far_writer.get_extra_info(k) for k in ("sockname", "peername")]
        carrier = [writer.get_extra_info(k) for k in ("peername", "sockname")]
        n = sum(await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer)))
        if self.labels:
            ends = [f"{host}:{port}" for host, port in flow + carrier]
            self.labels.write(f"{at_us},{','.join(ends)},relay,{n}\n")


async def serve(relays, labels):
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    for r in relays:
        await r.listen()
    print("ready", flush=True)
    await ended.wait()
    if labels:
        labels.close()


def main():
    role, rest = sys.argv[1], sys.argv[2:]
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if role == "far" else ssl.PROTOCOL_TLS_CLIENT)
    labels = None
    if role == "far":
        ctx.load_cert_chain(rest[0], rest[1])
        labels = open(rest[2], "w", encoding="ascii")  # closed when the relay ends
        labels.write(HEAD + "\n")
        relays = [Relay(route, ctx, None, labels) for route in rest[3:]]
    else:
        ctx.check_hostname = False  # who is there is known: these are two namespaces of one study
        ctx.verify_mode = ssl.CERT_NONE
        relays = [Relay(route, None, ctx, None) for route in rest]
    asyncio.run(serve(relays, labels))


if __name__ == "__main__":
    main()
