"""Bytes one way over TCP, straight or through SOCKS 5: what curl does not do without a web server that takes uploads.

  flow.py take ADDRESS PORT                                     takes all that comes
  flow.py give SOCKS_HOST SOCKS_PORT HOST PORT BYTES_S          "-" for SOCKS_HOST: straight; 0 bytes/s: as fast as it goes
"""
import ipaddress
import socket
import struct
import sys
import threading
import time

PIECE = bytes(16384)


def take(address, port):
    listener = socket.create_server((address, int(port)))
    print("ready", flush=True)
    while True:
        threading.Thread(target=_drain, args=(listener.accept()[0],), daemon=True).start()


def _drain(s):
    with s:
        while s.recv(65536):
            pass


def _exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise ConnectionError("the proxy closed")
        data += part
    return data


def connect(socks_host, socks_port, host, port):
    """A connection to host:port, through SOCKS 5 (RFC 1928) unless socks_host is "-"."""
    if socks_host == "-":
        return socket.create_connection((host, int(port)), 60)
    s = socket.create_connection((socks_host, int(socks_port)), 60)
    s.sendall(b"\5\1\0")
    if _exactly(s, 2) != b"\5\0":
        raise ConnectionError("the proxy wants a password")
    s.sendall(b"\5\1\0\1" + ipaddress.ip_address(host).packed + struct.pack(">H", int(port)))
    reply = _exactly(s, 10)
    if reply[1] != 0:
        raise ConnectionError(f"the proxy says {reply[1]}")
    return s


def give(socks_host, socks_port, host, port, bytes_s):
    s = connect(socks_host, socks_port, host, port)
    s.settimeout(None)
    start, sent, rate = time.monotonic(), 0, float(bytes_s)
    while True:
        s.sendall(PIECE)
        sent += len(PIECE)
        if rate > 0:
            time.sleep(max(0.0, start + sent / rate - time.monotonic()))


if __name__ == "__main__":
    {"take": take, "give": give}[sys.argv[1]](*sys.argv[2:])
