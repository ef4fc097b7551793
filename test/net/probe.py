"""Strangers at the server's port, and what they get.

  probe.py hello PCAP PORT FILE            the first ClientHello to PORT in a capture, its bytes into FILE
  probe.py talk HOST:PORT HOST:PORT FILE.. says the same to both, prints both answers as lists of records, and ends
                                           with status 1 when they differ, ten times in a row
  probe.py silent HOST:PORT FILE..         says it; ends with status 1 unless all are closed unanswered
  probe.py stall HOST:PORT FILE SECONDS    sends half of FILE, then waits; prints how and when it was closed
"""
import concurrent.futures
import socket
import struct
import sys
import time


def packets(path):
    """Frames of a classic pcap file with their link type."""
    with open(path, "rb") as f:
        data = f.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link, at = struct.unpack(order + "I", data[20:24])[0], 24
    while at + 16 <= len(data):
        n = struct.unpack(order + "I", data[at + 8 : at + 12])[0]
        yield link, data[at + 16 : at + 16 + n]
        at += 16 + n


def hello(path, port, out):
    """Links of type raw IP (101), IPv4, and a ClientHello that may span segments."""
    streams = {}
    for link, frame in packets(path):
        assert link in (12, 101), f"link type {link}"
        head = (frame[0] & 15) * 4
        if frame[0] >> 4 != 4 or frame[9] != 6:
            continue
        sport, dport, seq = struct.unpack(">HHI", frame[head : head + 8])
        total = struct.unpack(">H", frame[2:4])[0]
        payload = frame[head + (frame[head + 12] >> 4) * 4 : total]
        if dport != int(port) or not payload:
            continue
        first, data = streams.setdefault(sport, (seq, bytearray()))
        if seq - first == len(data):
            data += payload
        want = 5 + int.from_bytes(data[3:5], "big")
        if len(data) >= want and data[0] == 22:
            with open(out, "wb") as f:
                f.write(data[:want])
            print(f"ClientHello of {want} bytes from port {sport}")
            return
    sys.exit("no ClientHello in the capture")


def dial(where):
    host, port = where.rsplit(":", 1)
    return socket.create_connection((host, int(port)), 10)


def records(data):
    """TLS records as (type, length); anything else as text with its length, without what changes every second."""
    out, at = [], 0
    while at + 5 <= len(data) and data[at] in (20, 21, 22, 23) and data[at + 1] == 3:
        n = int.from_bytes(data[at + 3 : at + 5], "big")
        out.append(f"{data[at]}:{n}")
        at += 5 + n
    if at < len(data):
        out.append(f"{len(data) - at} bytes, {data[at:at + 24]!r}")
    return out


def said(where, request):
    """The answer, and how it ended."""
    with dial(where) as s:
        s.settimeout(15)
        s.sendall(request)
        data = b""
        try:
            while True:
                part = s.recv(65536)
                if not part:
                    return data, "FIN"
                data += part
        except ConnectionResetError:
            return data, "RST"
        except TimeoutError:
            return data, "open"


def show(answer):
    return f"{', '.join(records(answer[0])) or 'nothing'}, then {answer[1]}"


def contents(name):
    with open(name, "rb") as f:
        return f.read()


def talk(ours, real, *files):
    """A pair that differs is asked again: a server closes with RST when bytes were left unread, so how a request of two
    segments ends depends on whether the second came before the close."""
    status = 0
    with concurrent.futures.ThreadPoolExecutor(2 * len(files)) as pool:
        asked = [[pool.submit(said, w, contents(f)) for w in (ours, real)] for f in files]
    for name, pair in zip(files, asked):
        a, b = (show(future.result()) for future in pair)
        print(f"{name.rsplit('/', 1)[-1]} ({len(contents(name))} bytes): {a}")
        for _ in range(9):
            if a == b:
                break
            print(f"   but the web server itself: {b}; asked again")
            a, b = (show(said(w, contents(name))) for w in (ours, real))
        status |= int(a != b)
    return status


def silent(where, *files):
    """For a server without a decoy: every one is closed, none is answered."""
    with concurrent.futures.ThreadPoolExecutor(len(files)) as pool:
        answers = [show(a) for a in pool.map(lambda f: said(where, contents(f)), files)]
    for name, a in zip(files, answers):
        print(f"{name.rsplit('/', 1)[-1]}: {a}")
    return int(any(a not in ("nothing, then FIN", "nothing, then RST") for a in answers))


def stall(where, name, seconds):
    with open(name, "rb") as f:
        request = f.read()
    with dial(where) as s:
        began = time.monotonic()
        s.settimeout(float(seconds))
        s.sendall(request[: len(request) // 2])
        try:
            data = s.recv(65536)
            how = f"{len(data)} bytes" if data else "FIN"
        except ConnectionResetError:
            how = "RST"
        except TimeoutError:
            how = "open"
        print(f"{how} after {time.monotonic() - began:.1f} s")


sys.exit({"hello": hello, "talk": talk, "silent": silent, "stall": stall}[sys.argv[1]](*sys.argv[2:]))
