#!/usr/bin/env python3
"""The control socket, spoken raw: control.py SOCKET DEED ARGUMENT...

ask WORD...      one request, the words as they go on the wire; a list of IDs
                 for it on stdin when the first is followed by '+'; prints
                 the answer's lines; exit 0 after "end", 1 after an error, 2
                 when it was cut off
raw              stdin as it is, then what comes back
deaf WORD...     asks, reads nothing; ms until the daemon hangs up, at most 90 s
hold N WORD...   so many at once, that read nothing; says so when each has its
                 answer's beginning, and goes when stdin ends
leave N WORD...  so many, one behind the other, that read a little of the answer
                 and go
crowd N OUT WORD...  so many at once, of whom OUT are turned away before the
                 others ask; how many answers were whole, and how many said
                 that there were too many
gap MS WORD...   asks "flush" again and again while another makes this request:
                 the longest wait for an answer, in ms, and the request's time
"""
import select
import socket
import sys
import threading
import time


def dial(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(300)
    s.connect(path)
    return s


def request(words, ids=None):
    text = ' '.join(words) + '\n'
    if ids is not None:
        text += ''.join(i + '\n' for i in ids) + '.\n'
    return text.encode()


def answer(s):
    data = bytearray()
    while True:
        try:
            piece = s.recv(1 << 20)
        except ConnectionResetError:
            piece = b''
        if not piece:
            return data.decode('ascii').split('\n')[:-1]
        data += piece


def verdict(lines):
    if not lines:
        return 2
    if lines[-1] == 'end':
        return 0
    return 1 if lines[-1].startswith('error ') else 2


def ask(path, words, ids=None):
    s = dial(path)
    s.sendall(request(words, ids))
    lines = answer(s)
    s.close()
    return lines


def split_list(words):
    if words[0].endswith('+'):
        return [words[0][:-1]] + words[1:], sys.stdin.read().split()
    return words, None


def deaf(path, words):
    s = dial(path)
    begun = time.monotonic()
    s.sendall(request(words))
    while time.monotonic() - begun < 300:
        time.sleep(0.2)
        try:
            # Closing with something unread resets the connection.
            s.send(b'x', socket.MSG_DONTWAIT)
        except (BrokenPipeError, ConnectionResetError):
            print(int((time.monotonic() - begun) * 1000))
            return 0
        except BlockingIOError:
            pass
    return 1


def hold(path, n, words):
    made = [dial(path) for _ in range(n)]
    for s in made:
        s.sendall(request(words))
    for s in made:
        s.recv(1, socket.MSG_PEEK)
    print('held', flush=True)
    sys.stdin.read()
    return 0


def leave(path, n, words):
    for _ in range(n):
        s = dial(path)
        s.sendall(request(words))
        s.recv(100)
        s.close()
    return 0


def crowd(path, n, out, words):
    made = [dial(path) for _ in range(n)]
    end = time.monotonic() + 100
    while len(select.select(made, [], [], 0.1)[0]) < out and time.monotonic() < end:
        pass
    for s in made:
        try:
            s.sendall(request(words))
        except (BrokenPipeError, ConnectionResetError):
            pass
    got = []
    threads = [threading.Thread(target=lambda s=s: got.append(answer(s))) for s in made]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    print(sum(verdict(g) == 0 for g in got), sum('too%20many' in ''.join(g) for g in got))
    return 0


def gap(path, words, ids):
    waits, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            begun = time.monotonic()
            ask(path, ['nothing'])
            waits.append((time.monotonic() - begun) * 1000)

    t = threading.Thread(target=watch)
    s = dial(path)
    t.start()
    begun = time.monotonic()
    s.sendall(request(words, ids))
    last = b''
    while True:
        piece = s.recv(1 << 20)
        if not piece:
            break
        last = (last + piece)[-200:]
    took = time.monotonic() - begun
    stop.set()
    t.join()
    print('longest-wait-ms=%.1f asked=%d request-s=%.2f %s' % (
        max(waits), len(waits), took, last.decode().split('\n')[-2]))
    return 0


def main():
    path, deed, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
    if deed == 'ask':
        words, ids = split_list(rest)
        lines = ask(path, words, ids)
        print('\n'.join(lines))
        return verdict(lines)
    if deed == 'raw':
        s = dial(path)
        try:
            s.sendall(sys.stdin.buffer.read())
        except (BrokenPipeError, ConnectionResetError):
            pass
        lines = answer(s)
        print('\n'.join(lines))
        return verdict(lines)
    if deed == 'deaf':
        return deaf(path, rest)
    if deed == 'hold':
        return hold(path, int(rest[0]), rest[1:])
    if deed == 'leave':
        return leave(path, int(rest[0]), rest[1:])
    if deed == 'crowd':
        return crowd(path, int(rest[0]), int(rest[1]), rest[2:])
    if deed == 'gap':
        words, ids = split_list(rest)
        return gap(path, words, ids)
    return 64


sys.exit(main())
