"""How connections end, seen from both sides of a tunnel: half-close with much to follow, and resets.

ends.py serve ADDRESS PORT          three destinations: PORT reads to the end and answers with 1 MiB; PORT + 1 resets after the first
                                    byte; PORT + 2 says in a line on stdout how the connection ended
ends.py ask PROXY_PORT HOST PORT    asks all three through the SOCKS proxy on 127.0.0.1 and checks
"""
import hashlib
import socket
import struct
import sys
import threading

UP = 8 << 20
DOWN = bytes(range(256)) * 4096  # 1 MiB


def read_all(sock):
    parts = []
    while True:
        part = sock.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def answer_behind_the_end(sock):
    got = read_all(sock)
    sock.sendall(hashlib.sha256(got).digest() + DOWN)
    sock.close()


def reset_after_a_byte(sock):
    sock.recv(1)
    reset(sock)


def say_the_end(sock):
    try:
        n = len(read_all(sock))
        print("ended after %d bytes" % n, flush=True)
    except ConnectionResetError:
        print("reset", flush=True)
    sock.close()


def serve(address, port):
    def listen(number, handler):
        listener = socket.create_server((address, number))
        ready.release()
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=handler, args=(sock,), daemon=True).start()

    ready = threading.Semaphore(0)
    threads = []
    for i, handler in enumerate((answer_behind_the_end, reset_after_a_byte, say_the_end)):
        threads.append(threading.Thread(target=listen, args=(port + i, handler)))
        threads[i].start()
        ready.acquire()
    print("ready", flush=True)


def connect(proxy, host, port):
    sock = socket.create_connection(("127.0.0.1", proxy))
    name = host.encode()
    sock.sendall(b"\5\1\0" + b"\5\1\0\3" + bytes([len(name)]) + name + struct.pack(">H", port))
    answer = b""
    while len(answer) < 12:
        part = sock.recv(12 - len(answer))
        assert part, "the proxy closes"
        answer += part
    assert answer[:4] == b"\5\0\5\0", answer
    return sock


def ask(proxy, host, port):
    sent = hashlib.sha256(b"up").digest() * (UP // 32)
    sock = connect(proxy, host, port)
    sock.sendall(sent)
    sock.shutdown(socket.SHUT_WR)
    got = read_all(sock)
    assert got[:32] == hashlib.sha256(sent).digest(), "what was sent did not arrive whole"
    assert got[32:] == DOWN, "%d bytes came back behind the half-close" % len(got)
    print("8 MiB, half-close, 1 MiB back: exact")

    sock = connect(proxy, host, port + 1)
    sock.sendall(b"x")
    try:
        assert not read_all(sock), "bytes"
        raise SystemExit("the destination's reset came as an end")
    except ConnectionResetError:
        print("the destination's reset is a reset")

    sock = connect(proxy, host, port + 2)
    sock.sendall(b"x")
    reset(sock)
    sock = connect(proxy, host, port + 2)
    sock.sendall(b"y")
    sock.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        ask(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
