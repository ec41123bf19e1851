#!/usr/bin/env python3
"""What arrived at the tests' upstream, decoded by Python's email package.

usage: arrived.py DIR SECONDS [KEY=VALUE...]

Waits until exactly one message of the folder is the one looked for (count=N:
N of them, and all are compared), then compares.  Exit 0 and silence, or 1 and a line for each difference.

  find=rcpt:ADDRESS     the message with that envelope recipient
  find=subject:REGEX    the one whose decoded subject matches
  from=ADDRESS          its envelope sender
  rcpt=A,B              its envelope recipients, in any order
  body8=8BITMIME        the BODY parameter of MAIL
  NAME:=REGEX           the decoded value of a header field, all of it
  no=NAME               no such field
  text=FILE             the first text part, decoded, is that file's content
  text-has=REGEX        it matches there (MULTILINE)
  part:NAME=FILE        the decoded attachment of that file name
"""
import email
import email.header
import email.policy
import os
import re
import sys
import time


class Arrived:
    """A file of the upstream: see tests/upstream/keep.h."""

    def __init__(self, path):
        with open(path, 'rb') as f:
            envelope, _, self.raw = f.read().partition(b'\n\n')
        self.lines = envelope.decode('utf-8', 'surrogateescape').split('\n')
        self.mail = self.value('MAIL FROM:')
        self.sender = re.match('<(.*?)>', self.mail).group(1)
        self.rcpts = [re.match('<(.*?)>', line[8:]).group(1)
                      for line in self.lines if line.startswith('RCPT TO:')]
        self.message = email.message_from_bytes(self.raw, policy=email.policy.compat32)

    def value(self, name):
        return [line[len(name):] for line in self.lines if line.startswith(name)][0]

    def field(self, name):
        return [decoded(value) for value in self.message.get_all(name, [])]

    def leaves(self):
        return [part for part in self.message.walk() if not part.is_multipart()]


def decoded(value):
    """A field as a person reads it: unfolded, encoded words decoded."""
    if isinstance(value, email.header.Header):      # raw 8-bit bytes
        value = str(value).encode('ascii', 'surrogateescape')
    else:
        value = value.encode('ascii', 'surrogateescape')
    text = re.sub(r'\r?\n(?=[ \t])', '', value.decode('utf-8', 'surrogateescape'))
    pieces = []
    for piece, charset in email.header.decode_header(text):
        if isinstance(piece, bytes):
            piece = piece.decode(charset or 'utf-8', 'surrogateescape')
        pieces.append(piece)
    return ''.join(pieces).strip()


def all_of(folder):
    names = sorted(n for n in os.listdir(folder) if n[:1].isdigit())
    return [Arrived(os.path.join(folder, n)) for n in names]


def is_wanted(arrived, how):
    kind, _, what = how.partition(':')
    if kind == 'rcpt':
        return what in arrived.rcpts
    return any(re.search(what, s) for s in arrived.field('Subject'))


def find(folder, seconds, how, count):
    end = time.monotonic() + seconds
    while True:
        found = [a for a in all_of(folder) if is_wanted(a, how)]
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.05)


def lf(content):
    return content.replace(b'\r\n', b'\n')


def first_text(arrived):
    for part in arrived.leaves():
        if part.get_content_maintype() == 'text':
            return lf(part.get_payload(decode=True))
    return b''


def differs(what, got, wanted):
    return [] if got == wanted else ['%s: got %.300r, wanted %.300r' % (what, got, wanted)]


def compare(arrived, key, value):
    if key == 'from':
        return differs('sender', arrived.sender, value)
    if key == 'rcpt':
        return differs('recipients', sorted(arrived.rcpts), sorted(value.split(',')))
    if key == 'body8':
        return differs('BODY', 'BODY=' + value in arrived.mail.split(), True)
    if key == 'no':
        return differs(value, arrived.field(value), [])
    if key == 'text':
        with open(value, 'rb') as f:
            return differs('text', first_text(arrived), f.read())
    if key == 'text-has':
        text = first_text(arrived).decode('utf-8', 'surrogateescape')
        return [] if re.search(value, text, re.M) else ['no %r in %.300r' % (value, text)]
    if key.startswith('part:'):
        with open(value, 'rb') as f:
            wanted = f.read()
        got = [p.get_payload(decode=True) for p in arrived.leaves() if p.get_filename() == key[5:]]
        return differs(key, [g == wanted for g in got], [True])
    if key.endswith(':'):
        got = arrived.field(key[:-1])
        matches = len(got) == 1 and re.fullmatch(value, got[0], re.S)
        return [] if matches else ['%s %.300r, wanted %r' % (key, got, value)]
    sys.exit('arrived.py: what is %s?' % key)


def main():
    folder, seconds = sys.argv[1], float(sys.argv[2])
    wanted = [tuple(re.match(r'([\w:.-]+?:?)=(.*)', a, re.S).groups()) for a in sys.argv[3:]]
    how = dict(wanted)['find']
    count = int(dict(wanted).get('count', 1))
    found = find(folder, seconds, how, count)
    if len(found) != count:
        sys.exit('%d messages are %s' % (len(found), how))
    wrong = [w for a in found for key, value in wanted if key not in ('find', 'count')
             for w in compare(a, key, value)]
    if wrong:
        sys.exit('\n'.join(wrong))


if __name__ == '__main__':
    main()
