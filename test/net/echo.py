"""echo.py serve ADDR PORT: sends back what comes.  echo.py talk ADDR PORT: asks ten times a second, wants each answer, and says how it ended."""
import socket
import sys
import threading
import time


def echo(conn):
    try:
        while data := conn.recv(65536):
            conn.sendall(data)
    except OSError:
        pass
    conn.close()


def serve(address):
    with socket.create_server(address) as server:
        print("ready", flush=True)
        while True:
            conn, _ = server.accept()
            threading.Thread(target=echo, args=(conn,), daemon=True).start()


def talk(address):
    conn = socket.create_connection(address)
    count = 0
    while True:
        want = b"%08d" % count
        conn.sendall(want)
        got = b""
        while len(got) < len(want):
            data = conn.recv(len(want) - len(got))
            if not data:
                print("ended after", count, flush=True)
                return
            got += data
        assert got == want, (got, want)
        print("answer", count, flush=True)
        count += 1
        time.sleep(0.1)


try:
    {"serve": serve, "talk": talk}[sys.argv[1]]((sys.argv[2], int(sys.argv[3])))
except ConnectionResetError:
    print("reset", flush=True)
