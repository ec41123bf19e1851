#!/usr/bin/env python3
"""Clients of a listener: listen.py DEED ARGUMENT...

crowd PORT CLIENTS EACH NAME   so many at once, each with so many messages;
                               prints accepted, refused, seconds
talk PORT|PATH [FROM] < LINES  a dialogue: "C: line" sends, "S: code" expects,
                               "W: seconds" waits, "T: file" makes it, "E:"
                               expects the end
login PORT HOW USER PASSWORD   tls|clear|implicit-MECHANISM: the code of AUTH
drip PORT WHAT SECONDS         command|content|silent|tls: what the server
                               says to one so slow, and after how many ms
ports N                        as many that are free
exec NAME PORT... -- COMMAND   with a socket for each port passed by NAME
"""
import asyncio
import base64
import hashlib
import hmac
import os
import re
import select
import smtplib
import socket
import ssl
import sys
import time


async def crowd_client(port, number, each, name, score):
    reader, writer = await asyncio.open_connection('127.0.0.1', port)
    await reader.readline()
    writer.write(b'HELO crowd\r\n')
    await reader.readline()
    for i in range(each):
        subject = '%s %d-%d' % (name, number, i)
        body = ('.' + subject + '\r\n') * 20
        text = 'Subject: %s\r\n\r\n%s' % (subject, body.replace('\r\n.', '\r\n..'))
        text = text.replace('\r\n\r\n.', '\r\n\r\n..', 1)
        writer.write(b'MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n')
        for _ in range(3):
            line = await reader.readline()
        if not line.startswith(b'354'):
            score[1] += 1
            return
        writer.write(text.encode() + b'.\r\n')
        line = await reader.readline()
        if line.startswith(b'250'):
            score[0] += 1
            score[2].append(subject)
        else:
            score[1] += 1
            return
    writer.write(b'QUIT\r\n')
    await reader.readline()
    writer.close()


async def crowd(port, clients, each, name):
    score = [0, 0, []]
    begun = time.monotonic()
    result = await asyncio.gather(*(crowd_client(port, n, each, name, score)
                                    for n in range(clients)), return_exceptions=True)
    broken = sum(isinstance(r, Exception) for r in result)
    with open(os.environ['TMP'] + '/' + name + '.accepted', 'w') as f:
        f.write(''.join(s + '\n' for s in score[2]))
    print(score[0], score[1] + broken, '%.1f' % (time.monotonic() - begun))


def connect(where, source=None):
    if where.startswith('/'):
        s = socket.socket(socket.AF_UNIX)
        s.connect(where)
    else:
        s = socket.create_connection(('127.0.0.1', int(where)), 200,
                                     (source, 0) if source else None)
    s.settimeout(200)
    return s


def reply(f):
    while True:
        line = f.readline()
        if not line or line[3:4] != b'-':
            return line.decode().strip()


def talk(where, source=None):
    s = connect(where, source)
    f = s.makefile('rb')
    for step in sys.stdin.read().splitlines():
        deed, _, rest = step.partition(': ')
        if deed == 'C':
            s.sendall(rest.encode() + b'\r\n')
        elif deed == 'W':
            time.sleep(float(rest))
        elif deed == 'T':
            open(rest, 'w').close()
        else:
            try:
                line = reply(f)
            except ConnectionResetError:
                line = ''
            if not re.match(rest if deed == 'S' else '$', line):
                print('wanted %s, got %s' % (step, line or 'the end'))
                return
    print('as wanted')


def scram(smtp, user, password):
    nonce = base64.b64encode(os.urandom(12)).decode()
    bare = 'n=%s,r=%s' % (user, nonce)
    # One that is given up leaves nothing behind.
    smtp.docmd('AUTH', 'SCRAM-SHA-256 ' + base64.b64encode(b'n,,n=printer,r=given-up').decode())
    code = smtp.docmd('*')[0]
    if code != 501:
        return code
    code, text = smtp.docmd('AUTH', 'SCRAM-SHA-256 ' + base64.b64encode(
        ('n,,' + bare).encode()).decode())
    if code != 334:
        return code
    first = base64.b64decode(text).decode()
    said = dict(p.split('=', 1) for p in first.split(','))
    salted = hashlib.pbkdf2_hmac('sha256', password.encode(), base64.b64decode(said['s']),
                                 int(said['i']))
    key = hmac.digest(salted, b'Client Key', 'sha256')
    final = 'c=biws,r=' + said['r']
    message = ','.join((bare, first, final)).encode()
    sign = hmac.digest(hashlib.sha256(key).digest(), message, 'sha256')
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, sign))).decode()
    code, text = smtp.docmd(base64.b64encode((final + ',p=' + proof).encode()).decode())
    if code != 334:
        return code
    server = hmac.digest(hmac.digest(salted, b'Server Key', 'sha256'), message, 'sha256')
    if base64.b64decode(text).decode() != 'v=' + base64.b64encode(server).decode():
        return 'a server that does not know the password'
    return smtp.docmd('')[0]


def login(port, how, user, password):
    layer, _, mechanism = how.partition('-')
    context = ssl.create_default_context(cafile=os.environ['CA'])
    if layer == 'implicit':
        smtp = smtplib.SMTP_SSL('localhost', int(port), 'client', context=context)
    else:
        smtp = smtplib.SMTP('localhost', int(port), 'client')
    if layer == 'tls':
        smtp.starttls(context=context)
    smtp.ehlo()
    if mechanism not in smtp.esmtp_features.get('auth', '').split():
        print('not offered')
        return
    smtp.user, smtp.password = user, password
    begun = time.monotonic()
    if mechanism.startswith('SCRAM'):
        code = scram(smtp, user, password)
    else:
        try:
            code = smtp.auth(mechanism, getattr(smtp, 'auth_' + mechanism.lower()))[0]
        except smtplib.SMTPAuthenticationError as e:
            code = e.smtp_code
    took = time.monotonic() - begun
    if code == 235:
        smtp.sendmail('a@example.com', ['b@example.net'],
                      'Subject: by %s\r\n\r\nx\r\n' % how)
        smtp.quit()
    print(code if code == 235 else '%d %s' % (code, 'late' if took > 1.5 else 'at once'))


def drip(port, what, seconds):
    s = connect(port)
    f = s.makefile('rb')
    begun = time.monotonic()
    if what != 'tls':
        f.readline()
    if what == 'content':
        for c in b'HELO x', b'MAIL FROM:<a@b.c>', b'RCPT TO:<d@e.f>', b'DATA':
            s.sendall(c + b'\r\n')
            f.readline()
        begun = time.monotonic()
    line = b''
    while time.monotonic() - begun < float(seconds):
        if select.select([s], [], [], 0.2)[0]:
            try:
                line = f.readline()
            except OSError:
                pass
            break
        if what in ('command', 'content'):
            s.sendall(b'x')
    print(line.decode()[:9].strip() or 'the end', int((time.monotonic() - begun) * 1000))


def pass_on(name, ports, command):
    for fd, port in enumerate(ports, 3):
        s = socket.create_server(('127.0.0.1', int(port)))
        os.dup2(s.fileno(), 100 + fd)
    for fd in range(3, 3 + len(ports)):
        os.dup2(100 + fd, fd)
        os.close(100 + fd)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(ports)),
                      LISTEN_FDNAMES=':'.join([name] * len(ports)))
    os.execv(command[0], command)


deed, args = sys.argv[1], sys.argv[2:]
if deed == 'crowd':
    asyncio.run(crowd(int(args[0]), int(args[1]), int(args[2]), args[3]))
elif deed == 'talk':
    talk(*args)
elif deed == 'login':
    login(*args)
elif deed == 'drip':
    drip(*args)
elif deed == 'ports':
    held = [socket.create_server(('127.0.0.1', 0)) for _ in range(int(args[0]))]
    print(*(s.getsockname()[1] for s in held))
elif deed == 'exec':
    at = args.index('--')
    pass_on(args[0], args[1:at], args[at + 1:])
