#!/usr/bin/env python3
"""Messages of every shape through sendmail to the upstream, and what came.

usage: shapes.py SENDMAIL SPOOL MAILDIR PASS [SMALL]

A table of messages (bodies, headers) and one of recipients.  Each row has a
sender of its own, which finds it again at the upstream; all are submitted
first, then the spool has to empty itself, then each is compared with what a
model of ten lines, below, makes of the input.  A line for each row: ok or
not ok.
"""
import email
import os
import re
import subprocess
import sys
import time

from arrived import all_of, decoded, lf

FIELD = re.compile(rb'[!-9;-~]+[ \t]*:')
MIME_TEXT = b'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n'
HEAD = b'From: Alice <alice@example.com>\nTo: bob@example.net\nSubject: a shape\n'
PLAIN = HEAD + b'\n'
ONE_ONLY = ['Date', 'From', 'Sender', 'Reply-To', 'To', 'Cc', 'Message-ID', 'In-Reply-To', 'References', 'Subject']


# --- the model: what of an input has to arrive ---------------------------------

def is_mbox_line(line):
    return line.startswith(b'From ') and re.search(rb'[0-2]\d:[0-5]\d', line)


def lines_of(data, dot_ends):
    """The lines that are the message: LF or CRLF ends them, CR and NUL elsewhere are blanks."""
    whole, _, rest = data.rpartition(b'\n')
    lines = whole.split(b'\n') if _ else []
    lines = [line[:-1] if line.endswith(b'\r') else line for line in lines]
    if dot_ends and b'.' in lines:
        lines, rest = lines[:lines.index(b'.')], b''
    if rest:
        lines.append(rest)
    lines = [re.sub(rb'[\r\0]', b' ', line) for line in lines]
    return lines[1:] if lines and is_mbox_line(lines[0]) else lines


def split(lines):
    """Header and body; a line that can be no field, and no fold, begins the body."""
    n = 0
    while n < len(lines) and (FIELD.match(lines[n]) or (n > 0 and lines[n][:1] in (b' ', b'\t'))):
        n += 1
    body = lines[n:]
    head = [re.sub(rb'^([!-9;-~]+)[ \t]+:', rb'\1:', line) for line in lines[:n]]     # no blank stays before a colon
    return head, body[1:] if body and body[0] == b'' else body


def expected(data, dot_ends):
    head, body = split(lines_of(data, dot_ends))
    return b''.join(line + b'\r\n' for line in head), b''.join(line + b'\r\n' for line in body)


# --- comparing -----------------------------------------------------------------------

def leaves(message):
    """Each leaf's type and decoded content; the line ends of text are the transport's."""
    found = []
    for part in message.walk():
        if not part.is_multipart():
            content = part.get_payload(decode=True)
            text = part.get_content_maintype() == 'text'
            found.append((part.get_content_type(), part.get_filename(), lf(content) if text else content))
    return found


def first_difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return 'at byte %d of %d, wanted %d: %r for %r' % (at, len(a), len(b), a[at:at + 40], b[at:at + 40])


def content_differences(arrived, wanted):
    got, want = leaves(arrived.message), leaves(email.message_from_bytes(wanted))
    if [leaf[:2] for leaf in got] != [leaf[:2] for leaf in want]:
        return ['parts %r, wanted %r' % ([leaf[:2] for leaf in got], [leaf[:2] for leaf in want])]
    return ['content ' + first_difference(g[2], w[2]) for g, w in zip(got, want) if g[2] != w[2]]


def unfolded(block):
    text = re.sub(rb'\r?\n(?=[ \t])', b'', block).decode('ascii', 'surrogateescape')
    fields = [line.partition(':') for line in text.replace('\r', '').split('\n') if line]
    return [(name.strip().lower(), ' '.join(decoded(value).split())) for name, _, value in fields]


def header_differences(arrived, head):
    """Every submitted field is there, in order and unchanged."""
    got = iter(unfolded(arrived.raw.partition(b'\r\n\r\n')[0]))
    dropped = ('bcc', 'resent-bcc', 'return-path', 'mime-version', 'content-type', 'content-transfer-encoding')
    return ['no %r, or out of order' % (field,) for field in unfolded(head)
            if field[0] not in dropped and field not in got]


def law_differences(arrived):
    """What RFC 5322 asks of any message."""
    block = arrived.raw.partition(b'\r\n\r\n')[0]
    counts = {name: len(arrived.message.get_all(name, [])) for name in ONE_ONLY}
    wrong = ['%d %s fields' % (n, name) for name, n in counts.items()
             if n > 1 or (n == 0 and name in ('Date', 'From', 'Message-ID'))]
    if arrived.message.get_all('Bcc'):
        wrong.append('a Bcc field')
    if any(len(line) > 998 for line in arrived.raw.split(b'\r\n')):
        wrong.append('a line over 998 bytes')
    if re.search(rb'^[^\x21-\x39\x3b-\x7e \t]|^[^:]*$(?<![ \t])', block.split(b'\r\n')[0]):
        wrong.append('a header that begins with %r' % block[:20])
    return wrong


# --- rows --------------------------------------------------------------------------------

class Row:
    def __init__(self, name, data, args=('-i', 'bob@example.net'), rcpts=('bob@example.net',), status=0,
                 said=None, big=False, changed=(), has=(), bounced=None, bounced_by_bare=None):
        self.name, self.data, self.args, self.rcpts = name, data, list(args), sorted(rcpts)
        self.status, self.said, self.big = status, said, big
        self.changed = [name.lower() for name in changed]   # header fields that are not as they were submitted
        self.has = has                  # fields that are in its header, as they stand
        self.bounced = bounced          # a regex in the report that comes instead
        self.bounced_by_bare = bounced_by_bare

    def submit(self, sendmail, sender):
        self.sender = sender
        done = subprocess.run([sendmail, '-f', sender] + self.args, input=self.data,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.got_status, self.got_said = done.returncode, done.stdout.decode('utf-8', 'replace').strip()

    def differences(self, arrived):
        if self.got_status != self.status or (self.said is not None and self.got_said != self.said):
            return ['status %d, %s' % (self.got_status, self.got_said)]
        mine = [a for a in arrived if a.sender == self.sender]
        if self.bounced is not None:
            reports = [a for a in arrived if a.sender == '' and self.sender in a.rcpts]
            if len(reports) != 1 or not re.search(self.bounced, lf(reports[0].raw).decode('utf-8', 'replace')):
                return ['%d reports, no %r in them' % (len(reports), self.bounced)]
        elif self.status == 0 and not mine:
            return ['it did not arrive']
        elif self.status == 0:
            got = sorted(rcpt for a in mine for rcpt in a.rcpts)
            if got != self.rcpts:
                return ['recipients missing %r, too many %r' %
                        ([r for r in self.rcpts if r not in got][:5], [r for r in got if r not in self.rcpts][:5])]
        return [] if self.bounced is not None else [w for a in mine for w in self.judge(a)]

    def judge(self, arrived):
        head, body = expected(self.data, '-i' not in self.args)
        kept = b''.join(f for f in re.findall(rb'.*\r\n(?:[ \t].*\r\n)*', head)
                        if f.partition(b':')[0].strip().decode('ascii', 'replace').lower() not in self.changed)
        block = b'\r\n' + arrived.raw.partition(b'\r\n\r\n')[0] + b'\r\n'
        missing = ['no %r' % field for field in self.has if b'\r\n' + field + b'\r\n' not in block]
        return (content_differences(arrived, head + b'\r\n' + body) + header_differences(arrived, kept) +
                law_differences(arrived) + missing)


def multipart(*parts):
    return (HEAD + b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b=_1"\n\npreamble\n' +
            b''.join(b'--b=_1\n' + part + b'\n' for part in parts) + b'--b=_1--\n')


UMLAUTS = 'Grüße, überall.\n'.encode()

MESSAGES = [
    # the beginning
    Row('an mbox From line', b'From alice Mon Jan  1 10:00:00 2024\n' + PLAIN + b'x\n'),
    Row('a text that begins with From', b'From here to there\nis all text\n'),
    Row('no header', b'hello\nworld\n'),
    Row('no header, a blank line first', b'\nhello: this is text\n'),
    Row('no header, a colon later', b'see below:\nfoo: bar\n'),
    Row('only a header', HEAD),
    Row('only a header, no final newline', HEAD[:-1]),
    Row('only a header, and its blank line', PLAIN),
    Row('nothing at all', b''),
    Row('a header ended by a line that is none', HEAD + b'this is text already\n\nmore\n'),
    Row('a field without a value', HEAD + b'X-Empty:\nX-Blank: \n\nx\n'),
    Row('a blank before the colon', HEAD + b'X-Old : value\n\nx\n'),
    Row('a fold that is only blanks', HEAD + b'X-Fold: a\n \n b\n\nx\n'),
    Row('a fold before any field', b' x\nSubject: x\n\ny\n'),
    Row('a header with 8-bit bytes', HEAD + 'X-Raw: Grüße\n'.encode() + MIME_TEXT + b'\n' + UMLAUTS),
    Row('no To: a field is added', b'From: a@example.com\nSubject: s\n\nx\n'),
    Row('two of what there may be one of', HEAD + b'Subject: another\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n'
        b'Date: Tue, 2 Jan 2024 10:00:00 +0000\nMessage-ID: <1@example.com>\nMessage-ID: <2@example.com>\n'
        b'To: carol@example.net\n\nx\n', changed=('To', 'Subject', 'Date', 'Message-ID')),
    Row('a zone with a name', HEAD + b'Date: Fri, 27 Nov 2026 10:00:00 PDT\n\nx\n', changed=('Date',),
        has=(b'Date: Fri, 27 Nov 2026 10:00:00 -0700',)),
    Row('a military zone', HEAD + b'Date: Fri, 27 Nov 2026 10:00:00 B\n\nx\n', changed=('Date',),
        has=(b'Date: Fri, 27 Nov 2026 10:00:00 -0000', b'X-Original-Date: Fri, 27 Nov 2026 10:00:00 B')),
    Row('a numeric zone with a comment', HEAD + b'Date: Fri, 27 Nov 2026 10:00:00 -0700 (PDT)\n\nx\n',
        has=(b'Date: Fri, 27 Nov 2026 10:00:00 -0700 (PDT)',)),
    Row('a Date that is none', HEAD + b'Date: tomorrow\n\nx\n', changed=('Date',), has=(b'X-Original-Date: tomorrow',)),
    Row('an empty Date', HEAD + b'Date:\nMessage-ID:\n\nx\n', changed=('Date', 'Message-ID')),
    Row('a Message-ID that ends in a dot', HEAD + b'Message-ID: <1.2@web1.>\n\nx\n', changed=('Message-ID',),
        has=(b'Message-ID: <1.2@web1>', b'X-Original-Message-ID: <1.2@web1.>')),
    Row('a Message-ID with two @ and a blank', HEAD + b'Message-ID: <a b@c@web1>\n\nx\n', changed=('Message-ID',),
        has=(b'Message-ID: <ab40c@web1>',)),
    Row('a Message-ID without brackets and a domain', HEAD + b'Message-ID: 12345\n\nx\n', changed=('Message-ID',),
        has=(b'Message-ID: <12345@web1.example.com>',)),
    Row('a signature over all of that', HEAD + b'DKIM-Signature: v=1; d=example.com; h=date:message-id\n'
        b'Date: Fri, 27 Nov 2026 10:00:00 PDT\nMessage-ID: <a@web1.>\n\nx\n',
        has=(b'Date: Fri, 27 Nov 2026 10:00:00 PDT', b'Message-ID: <a@web1.>')),
    Row('Return-Path and Bcc go', b'Return-Path: <x@example.com>\nBcc: secret@example.net\n' + PLAIN + b'x\n'),

    # the ends of lines, and of the message
    Row('no final newline', PLAIN + b'one\ntwo'),
    Row('CRLF', (PLAIN + b'one\ntwo\n').replace(b'\n', b'\r\n')),
    Row('CRLF header, LF body', PLAIN.replace(b'\n', b'\r\n') + b'one\ntwo\n'),
    Row('LF header, CRLF body', PLAIN + b'one\r\ntwo\r\n'),
    Row('CRLF and LF in turns', PLAIN + b'one\r\ntwo\nthree\r\n\nfour\n\r\n'),
    Row('CR CR LF', PLAIN + b'one\r\r\ntwo\n'),
    Row('a bare CR', PLAIN + b'one\rtwo\n\rthree\n'),
    Row('a bare CR at the very end', PLAIN + b'one\r'),
    Row('NUL', PLAIN + b'a\0b\n\0\n'),
    Row('NUL in a header', HEAD + b'X-Nul: a\0b\n\nx\n'),
    Row('no smuggling: LF . LF', PLAIN + b'a\n.\nMAIL FROM:<evil@example.com>\n'),
    Row('no smuggling: LF . CRLF', PLAIN + b'a\n.\r\nMAIL FROM:<evil@example.com>\n'),
    Row('no smuggling: CR LF . CR', PLAIN + b'a\r\n.\rMAIL FROM:<evil@example.com>\r\n'),
    Row('many empty lines', PLAIN + b'\n' * 500),
    Row('dots with -i', PLAIN + b'.\n..\n...\n.x\n..x\n. \n'),
    Row('a lone dot without -i', PLAIN + b'one\n..\n.x\n.\nnever seen\n', args=['bob@example.net']),
    Row('a lone dot with -oi', PLAIN + b'one\n.\ntwo\n', args=['-i', '-oi', 'bob@example.net']),
    Row('a lone dot in the header, without -i', HEAD + b'.\nnever seen\n', args=['bob@example.net']),
    Row('only a dot', b'.\n'),
    Row('a dot at the very end', PLAIN + b'one\n.'),

    # bytes and lengths
    Row('8-bit', HEAD + MIME_TEXT + b'\n' + UMLAUTS),
    Row('8-bit, undeclared', PLAIN + UMLAUTS),
    Row('8-bit, no UTF-8', PLAIN + bytes(range(128, 256)) + b'\n'),
    Row('every byte', PLAIN + bytes(range(256)) + b'\n'),
    Row('a line of 998', PLAIN + b'x' * 998 + b'\n'),
    Row('a line of 999', PLAIN + b'x' * 999 + b'\n'),
    Row('a line of 100 kB', PLAIN + b'before\n' + b'0123456789' * 10000 + b'\nafter\n'),
    Row('a line of 100 kB in 8 bits', HEAD + MIME_TEXT + b'\n' + UMLAUTS[:-1] * 6000 + b'\n'),
    Row('a line of 100 kB in a part', multipart(
        b'Content-Type: text/plain\n\nshort\n', b'Content-Type: text/html\n\n' + b'<b>x</b>' * 12500 + b'\n')),
    Row('parts of every encoding', multipart(
        b'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n' + UMLAUTS,
        b'Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe =\nhere\n',
        b'Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n',
        b'Content-Type: message/rfc822\n\nSubject: inside\n\n.\nFrom a to b\n')),
    Row('a header line of 900 kB, with blanks', HEAD + b'X-Long:' + b' 0123456789abcde' * 56000 + b'\n\nx\n', big=True),
    Row('a header line of 20 kB, without a blank', HEAD + b'X-Long: ' + b'y' * 20000 + b'\n\nx\n',
        bounced='554 5.6.0 malformed content'),
    Row('a header line of 1.2 MB', HEAD + b'X-Long:' + b' 0123456789abcde' * 75000 + b'\n\nx\n',
        bounced='header', big=True),
    Row('a header line of 1.2 MB, -t', HEAD + b'X-Long:' + b' 0123456789abcde' * 75000 + b'\n\nx\n', args=['-t', '-i'],
        status=65, said='sendmail: the header is longer than 1048576 bytes', rcpts=[], big=True),
    Row('1,000 fields', HEAD + b''.join(b'X-%d: value %d\n' % (i, i) for i in range(1000)) + b'\nx\n'),
    Row('25 MB of text', PLAIN + b'All work and no play makes a long message.....\n' * 560000, big=True),
    Row('25 MB attached', multipart(
        b'Content-Type: application/octet-stream; name=a\nContent-Transfer-Encoding: base64\n\n' +
        (b'QUJDRA' * 12 + b'AA==\n').replace(b'==', b'QU') * 328000), big=True),
]


def to(name, head, *rcpts, **more):
    """With -t; the text is ASCII or UTF-8."""
    data = head.encode() + b'From: Alice <alice@example.com>\nSubject: for whom\n\nx\n'
    return Row(name, data, args=['-t', '-i'] + more.pop('args', []), rcpts=rcpts, changed=('To', 'Cc'), **more)


def wrong(name, head, said, status=65):
    return to(name, head, status=status, said='sendmail: ' + said)


MANY = ['user%03d@example.net' % i for i in range(700)]

RECIPIENTS = [
    to('folded', 'To: a@x.example,\n\tb@x.example\n ,c@x.example\n', 'a@x.example', 'b@x.example', 'c@x.example'),
    to('folded inside a name', 'To: "A\n b, c" <a@x.example>\n', 'a@x.example'),
    to('folded before the first', 'To:\n a@x.example\n', 'a@x.example'),
    to('comments', 'To: (one) a@x.example (two (deeper), three), b@x.example(\\) b)\n', 'a@x.example', 'b@x.example'),
    to('a comment in an address', 'To: a(this is me)@x.example\n', 'a@x.example'),
    to('a group', 'To: Friends: a@x.example, "B; b" <b@x.example>;, c@x.example\n',
       'a@x.example', 'b@x.example', 'c@x.example'),
    to('an empty group and Bcc', 'To: undisclosed-recipients:;\nBcc: a@x.example\n', 'a@x.example'),
    to('two groups', 'To: a: a@x.example;, b: b@x.example;\n', 'a@x.example', 'b@x.example'),
    to('quoted local parts', 'To: "john doe"@x.example, <"a@b"@x.example>, "q\\"q"@x.example\n',
       '"john doe"@x.example', '"a@b"@x.example', '"q\\"q"@x.example'),
    to('encoded words', 'To: =?UTF-8?Q?M=C3=BCller=2C_Otto?= <a@x.example>,\n =?utf-8?b?R3LDvMOfZQ==?= <b@x.example>\n',
       'a@x.example', 'b@x.example'),
    to('encoded words in quotes', 'To: "=?UTF-8?Q?a,b?=" <a@x.example>\n', 'a@x.example'),
    to('UTF-8 in a name', 'To: Müller <a@x.example>\nCc: "Öz, Ü" <b@x.example>\n', 'a@x.example', 'b@x.example'),
    to('a name with dots and commas', 'To: John Q. Public <a@x.example>, "Doe, Jane" <b@x.example>\n',
       'a@x.example', 'b@x.example'),
    to('several fields', 'To: a@x.example\nCc: b@x.example\nTO: c@x.example\nbcc: d@x.example\nBcc: e@x.example\n',
       'a@x.example', 'b@x.example', 'c@x.example', 'd@x.example', 'e@x.example'),
    to('a blank before the colon', 'To : a@x.example\n', 'a@x.example'),
    to('empty members', 'To: ,a@x.example,, ,b@x.example,\n', 'a@x.example', 'b@x.example'),
    to('an empty field', 'To:\nCc: a@x.example\n', 'a@x.example'),
    to('the same one twice', 'To: a@x.example, A <a@X.example>\nCc: a@x.example\n', 'a@x.example'),
    to('an address literal', 'To: a@[192.0.2.1]\n', 'a@[192.0.2.1]'),
    to('a source route', 'To: <@r.example,@s.example:a@x.example>\n', 'a@x.example'),
    to('a sub-address', 'To: a+tag=1@x.example\n', 'a+tag=1@x.example'),
    to('a bare name', 'To: root\nCc: "Nobody" <postmaster>\n', 'ops@example.com'),
    to('no space behind the colon', 'To:a@x.example\n', 'a@x.example'),
    to('Resent-To instead', 'Resent-From: r@example.com\nResent-To: a@x.example\nResent-Bcc: b@x.example\n'
       'To: other@x.example\n', 'a@x.example', 'b@x.example'),
    to('the newest resending alone', 'Resent-To: a@x.example\nResent-From: r@example.com\n'
       'Resent-From: q@example.com\nResent-To: old@x.example\n', 'a@x.example'),
    to('with arguments: both', 'To: a@x.example\n', 'a@x.example', 'b@x.example', args=['b@x.example']),
    to('700 addresses, folded', 'To: ' + ',\n '.join(MANY) + '\n', *MANY),
    to('700 addresses on one line', 'To: ' + ', '.join(MANY) + '\n', *MANY),
    to('700 fields', ''.join('Bcc: %s\n' % a for a in MANY), *MANY),
    to('a name of 5 kB', 'To: "%s" <a@x.example>\n' % ('long name ' * 500), 'a@x.example'),
    to('UTF-8 in a local part', 'To: grüße@x.example\n', 'grüße@x.example', bounced_by_bare='SMTPUTF8'),
    to('a domain in other letters', 'To: Otto <otto@b\u00fccher.example>\n', 'otto@xn--bcher-kva.example',
       has=(b'To: Otto <otto@xn--bcher-kva.example>',)),
    to('a domain that there cannot be', 'To: otto@\u202e.example\n', bounced='there is no such domain'),
    wrong('no domain', 'To: a@\n', "To: a@: nothing behind '@'"),
    wrong('no local part', 'To: @x.example\n', "To: @x.example: nothing before '@'"),
    wrong('two @', 'Cc: a@b@x.example\n', "Cc: a@b@x.example: more than one '@'"),
    wrong('nobody', 'Subject: nobody\n', 'No recipient addresses found in header', status=64),
    wrong('nobody in a group', 'To: none:;\n', 'No recipient addresses found in header', status=64),
    Row('arguments with names', PLAIN, args=['-i', 'Bob <b@x.example>,', '"C, c" <c@x.example>'],
        rcpts=['b@x.example', 'c@x.example']),
    Row('an argument with an address literal', PLAIN, args=['-i', 'a@[192.0.2.1]'], rcpts=['a@[192.0.2.1]']),
    Row('an argument in other letters', PLAIN, args=['-i', 'otto@b\u00fccher.example'], rcpts=['otto@xn--bcher-kva.example']),
    Row('an argument without a local part', PLAIN, args=['-i', '@x.example'], rcpts=[], status=65),
    Row('an argument without a domain', PLAIN, args=['-i', 'a@'], rcpts=[], status=65),
    Row('an argument without a local part', PLAIN, args=['-i', '@x.example'], rcpts=[], status=65),
    Row('a comma alone', PLAIN, args=['-i', ','], rcpts=[], status=64),
]


# --- all of it --------------------------------------------------------------------------------

def empty(spool):
    return not any(os.listdir(os.path.join(spool, d)) for d in ('new', 'cur', 'later'))


def main():
    sendmail, spool, maildir, name = sys.argv[1:5]
    rows = [r for r in MESSAGES + RECIPIENTS if not (r.big and 'SMALL' in sys.argv[5:])]
    for i, row in enumerate(rows):
        row.bounced = row.bounced_by_bare if name == 'bare' and row.bounced_by_bare else row.bounced
        row.submit(sendmail, 'row%d@rows.example' % i)
    end = time.monotonic() + 300
    while not empty(spool) and time.monotonic() < end:
        time.sleep(0.05)
    arrived = all_of(maildir)
    for row in rows:
        wrong_things = row.differences(arrived)
        title = '%s, %s' % (name, row.name)
        if not wrong_things:
            print('ok ' + title)
        else:
            print('not ok %s: %s' % (title, '; '.join(wrong_things)[:400]))


if __name__ == '__main__':
    main()
