#!/usr/bin/env python3
"""A name server that knows one answer: dns.py PORT-FILE HOW [RECORD...]

HOW: secure, insecure (no AD), servfail, nxdomain, truncated (the records come
over TCP alone), alias (the name stands for another, which has them), silent.  RECORD: "USAGE SELECTOR TYPE HEX".  Each question is
printed: "udp 4660 ad".
"""
import os, socket, struct, sys, threading

port_file, how, records = sys.argv[1], sys.argv[2], sys.argv[3:]
AD, TC, RD, RA, QR = 0x20, 0x200, 0x100, 0x80, 0x8000


def answer(question, tcp):
    end = question.index(b'\0', 12) + 5
    flags = QR | RD | RA | (0 if how == 'insecure' else AD)
    flags |= {'servfail': 2, 'nxdomain': 3}.get(how, 0)
    asked = struct.unpack('!H', question[2:4])[0]
    print('tcp' if tcp else 'udp', struct.unpack('!H', question[:2])[0], 'ad' if asked & AD else '-', flush=True)
    if how == 'truncated' and not tcp:
        return question[:2] + struct.pack('!5H', flags | TC, 1, 0, 0, 0) + question[12:end]
    data, owner = b'', struct.pack('!H', 0xc00c)
    given = records if how in ('secure', 'insecure', 'truncated', 'alias') else []
    if how == 'alias':
        target = b'\4tlsa\7example\3org\0'
        data = owner + struct.pack('!HHIH', 5, 1, 60, len(target)) + target
        owner = target
    for record in given:
        usage, selector, kind, text = record.split()
        rdata = bytes([int(usage), int(selector), int(kind)]) + bytes.fromhex(text)
        data += owner + struct.pack('!HHIH', 52, 1, 60, len(rdata)) + rdata
    return question[:2] + struct.pack('!5H', flags, 1, len(given) + (how == 'alias'), 0, 0) + question[12:end] + data


def serve_tcp(listener):
    while True:
        peer, _ = listener.accept()
        with peer:
            size = struct.unpack('!H', peer.recv(2, socket.MSG_WAITALL))[0]
            said = answer(peer.recv(size, socket.MSG_WAITALL), True)
            peer.sendall(struct.pack('!H', len(said)) + said)


while True:
    udp, listener = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
    udp.bind(('127.0.0.1', 0))
    try:
        listener.bind(udp.getsockname())
        break
    except OSError:
        udp.close()
        listener.close()
listener.listen()
threading.Thread(target=serve_tcp, args=(listener,), daemon=True).start()
with open(port_file + '.new', 'w') as f:
    print(udp.getsockname()[1], file=f)
os.rename(port_file + '.new', port_file)
while True:
    said, peer = udp.recvfrom(4096)
    if how != 'silent':
        udp.sendto(answer(said, False), peer)
