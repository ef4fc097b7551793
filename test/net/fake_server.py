"""Something at the server's address that is not the server: fake_server.py ADDRESS PORT HOW

  garbage    answers every connection with bytes that are no TLS
  close      accepts, and closes at once
  half       half of a plausible ServerHello record, then silence
  silent     accepts, and says nothing
"""
import socket
import sys
import threading

HALF = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03" + bytes(range(32)) + b"\x20"
ANSWERS = {"garbage": bytes(range(200, 256)) * 20, "close": None, "half": HALF, "silent": b""}


def serve(s, answer):
    with s:
        if answer is None:
            return
        s.recv(65536)
        s.sendall(answer)
        while s.recv(65536):
            pass


def guarded(s, answer):
    try:
        serve(s, answer)
    except OSError:
        pass  # the client gave up


listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=256)
print("ready", flush=True)
while True:
    args = (listener.accept()[0], ANSWERS[sys.argv[3]])
    threading.Thread(target=guarded, args=args, daemon=True).start()
