"""A TCP exchange that a web server does not offer: upload, half-close, then download.

  upload.py serve ADDRESS PORT            takes all bytes until the end, sends them back reversed, closes
  upload.py send SOCKS_PORT HOST PORT FILE GOT    through SOCKS 5 (PORT 0: straight to 127.0.0.1:SOCKS_PORT)
  upload.py push HOST PORT FILE BYTES_S           straight, the upload alone, so fast
"""
import ipaddress
import socket
import struct
import sys
import threading
import time


def read_all(s):
    parts = []
    while part := s.recv(65536):
        parts.append(part)
    return b"".join(parts)


def answer(s):
    with s:
        s.sendall(read_all(s)[::-1])


def serve(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, int(port)), family=family)
    print("ready", flush=True)
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        assert part, "the proxy closed"
        data += part
    return data


def connect(s, host, port):
    """RFC 1928 CONNECT."""
    try:
        a = ipaddress.ip_address(host)
        address = (b"\1" if a.version == 4 else b"\4") + a.packed
    except ValueError:
        address = b"\3" + bytes([len(host)]) + host.encode()
    s.sendall(b"\5\1\0")
    assert exactly(s, 2) == b"\5\0", "the proxy wants a password"
    s.sendall(b"\5\1\0" + address + struct.pack(">H", port))
    reply = exactly(s, 4)
    assert reply[1] == 0, f"reply {reply[1]}"
    exactly(s, (6 if reply[3] == 1 else 18))


def send(socks_port, host, port, path, got):
    s = socket.create_connection(("127.0.0.1", int(socks_port)), 60)
    s.settimeout(60)
    if int(port):
        connect(s, host, int(port))
    with open(path, "rb") as f:
        s.sendall(f.read())
    s.shutdown(socket.SHUT_WR)
    with open(got, "wb") as f:
        f.write(read_all(s)[::-1])


PIECE = 16384


def push(host, port, path, bytes_s):
    s = socket.create_connection((host, int(port)), 60)
    start = time.monotonic()
    sent = 0
    with open(path, "rb") as f:
        while part := f.read(PIECE):
            s.sendall(part)
            sent += len(part)
            time.sleep(max(0.0, start + sent / float(bytes_s) - time.monotonic()))
    s.shutdown(socket.SHUT_WR)
    read_all(s)


{"serve": serve, "send": send, "push": push}[sys.argv[1]](*sys.argv[2:])
