#!/usr/bin/env python3
"""A submission server with the logins that few others have, and who stands in between.

logins.py server PORT-FILE PKI USER PASSWORD-FILE MAIL [WORD...]
    Over TLS at once, on a port of its own.  A WORD is a mechanism that it
    offers (SCRAM-SHA-256-PLUS, CRAM-MD5, XOAUTH2 ...), or one of
        tls1.2      no more than that
        silent      refuses without SCRAM's reason
    Each message taken is a file in MAIL, each login a line in MAIL.logins: the
    mechanism, SCRAM's header, in or out.  With XOAUTH2 and OAUTHBEARER the
    password is the token.  A line "can TYPE" of it says what the server can bind to.
logins.py between PORT-FILE PKI PORT [strip] [tls1.2]
    Ends the TLS of whoever comes, with the server's own certificate, and
    passes on to PORT; "strip" takes every -PLUS from the list.  Here tls1.2
    is for its own side.
"""
import base64
import hashlib
import hmac
import os
import secrets
import socket
import socketserver
import ssl
import sys
import threading

try:
    from OpenSSL import SSL         # the exporter of TLS 1.3 is not in Python's own
except ImportError:
    SSL = None


def b64(data):
    return base64.b64encode(data).decode()


class Line:
    """A TLS connection by lines: Python's own, or one that can say what RFC 9266 binds to."""

    def __init__(self, sock, pki, old):
        if old or SSL is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pki + '/cert.pem', pki + '/key.pem')
            if old:
                context.maximum_version = ssl.TLSVersion.TLSv1_2
            self.tls = context.wrap_socket(sock, server_side=True)
            self.unique = self.tls.get_channel_binding('tls-unique') if old else None
            self.exporter = None
        else:
            context = SSL.Context(SSL.TLS_SERVER_METHOD)
            context.use_certificate_chain_file(pki + '/cert.pem')
            context.use_privatekey_file(pki + '/key.pem')
            self.tls = SSL.Connection(context, sock)
            self.tls.set_accept_state()
            self.tls.do_handshake()
            self.unique = None
            self.exporter = self.tls.export_keying_material(b'EXPORTER-Channel-Binding', 32, b'')
        self.kept = b''

    def some(self):
        try:
            return self.tls.recv(65536)
        except (OSError, ssl.SSLError, *([SSL.Error] if SSL else [])):
            return b''

    def read(self):
        while b'\r\n' not in self.kept:
            got = self.some()
            if not got:
                raise EOFError
            self.kept += got
        line, self.kept = self.kept.split(b'\r\n', 1)
        return line

    def say(self, text):
        self.tls.sendall(text.encode() + b'\r\n')

    def binding(self, name):
        return {'tls-unique': self.unique, 'tls-exporter': self.exporter}.get(name)


class Refused(Exception):
    """With SCRAM's reason, or none."""


class Session(socketserver.BaseRequestHandler):
    def challenge(self, text):
        self.line.say('334 ' + b64(text))
        said = self.line.read()
        if said == b'*':
            raise Refused
        return base64.b64decode(said)

    def scram(self, mechanism, first):
        digest = 'sha256' if '256' in mechanism else 'sha1'
        self.header, rest = first.rsplit(b',n=', 1)
        self.header += b','
        client_nonce = dict(part.split(b'=', 1) for part in (b'n=' + rest).split(b','))[b'r']
        flag = self.header.split(b',')[0].decode()
        binding = b''
        if flag == 'y' and any(word.endswith('-PLUS') for word in self.server.offered):
            raise Refused('server-does-support-channel-binding')
        if flag.startswith('p='):
            binding = self.line.binding(flag[2:])
            if binding is None:
                raise Refused('unsupported-channel-binding-type')
        if flag.startswith('p=') != mechanism.endswith('-PLUS'):
            raise Refused('other-error')
        salt, nonce = secrets.token_bytes(16), client_nonce + secrets.token_hex(12).encode()
        server_first = b'r=%s,s=%s,i=4096' % (nonce, base64.b64encode(salt))
        final = self.challenge(server_first)
        without, proof = final.rsplit(b',p=', 1)
        fields = dict(part.split(b'=', 1) for part in without.split(b','))
        if base64.b64decode(fields[b'c']) != self.header + binding:
            raise Refused('channel-bindings-dont-match')
        if fields[b'r'] != nonce:
            raise Refused('other-error')
        salted = hashlib.pbkdf2_hmac(digest, self.server.password.encode(), salt, 4096)
        client = hmac.digest(salted, b'Client Key', digest)
        message = b','.join([first[len(self.header):], server_first, without])
        signature = hmac.digest(hashlib.new(digest, client).digest(), message, digest)
        if bytes(a ^ b for a, b in zip(client, signature)) != base64.b64decode(proof):
            raise Refused('invalid-proof')
        self.challenge(b'v=' + base64.b64encode(hmac.digest(hmac.digest(salted, b'Server Key', digest), message, digest)))

    def cram(self):
        asked = b'<%s@mx.example.org>' % secrets.token_hex(8).encode()
        user, said = self.challenge(asked).rsplit(b' ', 1)
        want = hmac.new(self.server.password.encode(), asked, 'md5').hexdigest().encode()
        if user.decode() != self.server.user or said != want:
            raise Refused

    def token(self, mechanism, said):
        start = 'user=%s\1' if mechanism == 'XOAUTH2' else 'n,a=%s,\1'
        if not said.decode().startswith(start % self.server.user) or \
                not said.endswith(b'auth=Bearer %s\1\1' % self.server.password.encode()):
            self.challenge(b'{"status":"invalid_token"}')
            raise Refused

    def by(self, mechanism, initial):
        def first():
            return self.challenge(b'') if initial is None else base64.b64decode(initial)
        user, password = self.server.user.encode(), self.server.password.encode()
        if mechanism.startswith('SCRAM-'):
            self.scram(mechanism, first())
        elif mechanism == 'CRAM-MD5':
            self.cram()
        elif mechanism == 'LOGIN':
            said = first() if initial else self.challenge(b'Username:')
            if [said, self.challenge(b'Password:')] != [user, password]:
                raise Refused
        elif mechanism == 'PLAIN':
            if first() != b'\0%s\0%s' % (user, password):
                raise Refused
        else:
            self.token(mechanism, first())

    def auth(self, words):
        mechanism, initial = words[1].decode().upper(), words[2] if len(words) > 2 else None
        self.header = b''
        try:
            if mechanism not in self.server.offered:
                raise Refused
            self.by(mechanism, initial)
            outcome, reply = 'in', '235 2.7.0 welcome'
        except Refused as why:
            if why.args and not self.server.silent:
                try:
                    self.challenge(b'e=' + why.args[0].encode())
                except Refused:
                    pass
            outcome, reply = 'out', '535 5.7.8 user name and password not accepted'
        with open(self.server.mail + '.logins', 'a') as f:
            print(mechanism, self.header.decode() or '-', outcome, file=f)
        self.line.say(reply)

    def take(self):
        self.line.say('354 go on')
        text = b''
        while (line := self.line.read()) != b'.':
            text += line + b'\r\n'
        with self.server.lock:
            self.server.taken += 1
            with open('%s/%d' % (self.server.mail, self.server.taken), 'wb') as f:
                f.write(text)
        self.line.say('250 2.0.0 taken')

    def handle(self):
        try:
            self.line = Line(self.request, self.server.pki, self.server.old)
            self.line.say('220 mx.example.org ESMTP')
            while True:
                words = self.line.read().split(b' ')
                verb = words[0].upper()
                if verb == b'EHLO':
                    self.line.say('250-mx.example.org')
                    self.line.say('250 AUTH ' + ' '.join(self.server.offered))
                elif verb == b'AUTH':
                    self.auth(words)
                elif verb == b'DATA':
                    self.take()
                else:
                    self.line.say('221 bye' if verb == b'QUIT' else '250 fine')
        except (EOFError, OSError, ssl.SSLError, *([SSL.Error] if SSL else [])):
            pass


class Between(socketserver.BaseRequestHandler):
    def passed(self, come, go, strip):
        while got := come():
            if strip and b'250 AUTH' in got:
                head, said = got.split(b'250 AUTH', 1)
                words = [word for word in said.split(b' ') if b'-PLUS' not in word]
                got = head + b'250 AUTH' + b' '.join(words)
                got += b'' if got.endswith(b'\r\n') else b'\r\n'
            try:
                go(got)
            except OSError:
                return

    def handle(self):
        try:
            server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if self.server.old:
                server.maximum_version = ssl.TLSVersion.TLSv1_2
            server.load_cert_chain(self.server.pki + '/cert.pem', self.server.pki + '/key.pem')
            near = server.wrap_socket(self.request, server_side=True)
            client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            client.load_verify_locations(self.server.pki + '/ca.pem')
            far = client.wrap_socket(socket.create_connection(('localhost', self.server.far)), server_hostname='localhost')
        except OSError:
            return

        def some(tls):
            try:
                return tls.recv(65536)
            except OSError:
                return b''
        back = threading.Thread(target=self.passed, args=(lambda: some(far), near.sendall, self.server.strip), daemon=True)
        back.start()
        self.passed(lambda: some(near), far.sendall, False)
        far.close()
        back.join(5)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


deed, port_file, pki, *rest = sys.argv[1:]
server = Server(('127.0.0.1', 0), Session if deed == 'server' else Between)
server.pki = pki
if deed == 'server':
    server.user, secret, server.mail, *words = rest
    with open(secret) as f:
        server.password = f.read().rstrip('\n')
    server.old, server.silent = 'tls1.2' in words, 'silent' in words
    server.offered = [word for word in words if word not in ('tls1.2', 'silent')]
    server.lock, server.taken = threading.Lock(), 0
    os.makedirs(server.mail, exist_ok=True)
    with open(server.mail + '.logins', 'w') as f:
        print('can', 'tls-unique' if server.old else 'tls-exporter' if SSL else 'nothing', file=f)
else:
    server.far, server.strip, server.old = int(rest[0]), 'strip' in rest, 'tls1.2' in rest
with open(port_file + '.new', 'w') as f:
    print(server.server_address[1], file=f)
os.rename(port_file + '.new', port_file)
server.serve_forever()
