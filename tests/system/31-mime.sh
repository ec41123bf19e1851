#!/usr/bin/env bash
# Content that the upstream cannot take as it is: at the other end a reader of
# another make, python3's email package, finds what was submitted.
. "$SYSTEM/lib.sh"

if ! python3 -c 'import email' 2> /dev/null; then
	skip mime 'no python3 with its email package to read the messages'
	exit 0
fi

# make_messages: a file each, as programs write them, LF line ends.
python3 - "$TMP" <<'PY' || die 'the messages could not be written'
import base64, os, random, sys
top = sys.argv[1]
rolls = random.Random(31)

def put(name, text):
    if isinstance(text, str):
        text = text.encode()
    head = b'From: alice@example.com\nTo: bob@example.net\n'
    open(os.path.join(top, name), 'wb').write(head + text)

binary = bytes(c for c in rolls.randbytes(90000) if c not in (0, 10, 13))
lines = '\n'.join(''.join(rolls.choice('aäöü ß=€.-_\t') for _ in range(rolls.randrange(120))) for _ in range(900))
put('text', 'Subject: Grüße aus Köln\n\n' + lines + '\n.\n..\n-- \nFrom here\n')
put('latin', 'Subject: plain\nContent-Type: text/plain; charset=iso-8859-1\n'
    'Content-Transfer-Encoding: 8bit\n\n'.encode() + 'Größe: 5 µm\n'.encode('latin-1') * 40)
put('bytes', b'MIME-Version: 1.0\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: binary\n\n' +
    binary + b'\n')
put('long-line', b'Subject: x\n\n' + b'a long line = ' * 7200 + b'\nand the end\n')
put('long-header', 'Subject: %s\nCc: %s\nReferences: %s\n\nbody\n' % (
    'word ' * 400, ','.join('list%d@example.org' % i for i in range(300)),
    ''.join('<%d@example.org>' % i for i in range(200))))
put('attachment', 'Subject: mixed\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="=_a"\n'
    'Content-Transfer-Encoding: 8bit\n\nThis is no part: ä\n--=_a\nContent-Type: text/plain; charset=utf-8\n'
    'Content-Transfer-Encoding: 8bit\n\n'.encode() + lines.encode() +
    '\n--=_a\nContent-Type: image/png; name="Grün.png"\nContent-Disposition: attachment; filename="Grün.png"\n'
    'Content-Transfer-Encoding: 8bit\n\n'.encode() + binary +
    b'\n--=_a\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n' + base64.encodebytes(binary) +
    b'--=_a--\nnor is this\n')
put('nested', 'Subject: forwarded\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n'
    '--b\nContent-Type: multipart/alternative; boundary="b1"\n\n--b1\n\nplain ä\n--b1\nContent-Type: text/html; '
    'charset=utf-8\n\n<p>' + 'ä' * 3000 + '</p>\n--b1--\n--b\nContent-Type: message/rfc822\n\n'
    'From: Jörg <j@example.org>\nSubject: Überschrift\nContent-Type: multipart/digest; boundary="b2"\n\n'
    '--b2\n\nSubject: eins\n\näöü\n--b2\n\nSubject: zwei\n\nplain\n--b2--\n--b\n\n' + 'x' * 5000 + '\n--b--\n')
put('signed', 'Subject: signiert ä\nMIME-Version: 1.0\nContent-Type: multipart/signed; boundary="s"; '
    'protocol="application/pgp-signature"\n\n--s\nContent-Type: text/plain; charset=utf-8\n\nä\n--s\n'
    'Content-Type: application/pgp-signature\n\n-----BEGIN PGP SIGNATURE-----\n--s--\n')
put('sealed', 'DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=x; h=from; bh=x; b=x\nSubject: sealed\n\n'
    + 'x' * 1500 + ' ä\n')
put('plain', 'Subject: plain\n\n' + 'nothing to do here.\n' * 2000)
PY

# compare SUBMITTED STORED: says what differs, fails then.
cat > "$TMP/compare.py" <<'PY'
import email, email.header, sys

def text_of(value):
    """A field's octets, unfolded, its encoded words decoded."""
    out = b''
    for part, charset in email.header.decode_header(value):
        out += part if isinstance(part, bytes) else part.encode('ascii', 'surrogateescape')
    return b' '.join(out.replace(b'\r\n', b'').replace(b'\n', b'').replace(b',', b', ').replace(b'><', b'> <').split())

def name_of(part, field):
    value = part.get_param('filename' if field == 'Content-Disposition' else 'name', None, field)
    if isinstance(value, tuple):
        return value[2].encode('latin-1').decode(value[0])
    if value is None or '\ufffd' not in value:
        return value
    raw = dict(part._headers)[field].encode('ascii', 'surrogateescape').decode()
    return raw.split('name="')[1].split('"')[0]

def flat(part, path, out, seen):
    payload = part.get_payload()
    for field, value in part._headers:
        if field in ('Subject', 'From', 'To', 'Cc', 'References'):
            out.append((path, field, text_of(value)))
        if field in ('Content-Type', 'Content-Disposition'):
            out.append((path, field, name_of(part, field)))
        if field == 'Content-Transfer-Encoding':
            seen.add(value.lower())
    if isinstance(payload, list):
        out.append((path, part.get_content_type(), len(payload)))
        for i, child in enumerate(payload):
            flat(child, path + (i,), out, seen)
    else:
        out.append((path, part.get_content_type(), part.get_payload(decode=True)))

def read(raw):
    out, seen = [], set()
    flat(email.message_from_bytes(raw), (), out, seen)
    return [o for o in out if not (o[1] == 'Content-Type' and o[2] is None)], seen

sent = open(sys.argv[1], 'rb').read().replace(b'\n', b'\r\n')
got = open(sys.argv[2], 'rb').read().split(b'\n\n', 1)[1]
form = sys.argv[3]
problems = []
if form == '7bit' and any(octet > 127 for octet in got):
    problems.append('8-bit octets')
if form != 'as-it-is' and max(len(line) for line in got.split(b'\r\n')) > 998:
    problems.append('a line over 998 octets')
a, b = read(sent)[0], read(got)[0]
if a != b:
    problems.append(next((repr(x)[:200] + ' became ' + repr(y)[:200] for x, y in zip(a, b) if x != y),
                         'not the same number of parts'))
if form == 'as-it-is' and not got.endswith(sent.split(b'\r\n\r\n', 1)[1]):
    problems.append('the body was changed')
print('; '.join(problems))
sys.exit(bool(problems))
PY

stored_of() {	# UPSTREAM SENDER: the stored file
	grep -l "^MAIL FROM:<$2@example.com>" "$TMP/$1.mail"/[0-9]* 2> /dev/null
}

came() {
	test -n "$(stored_of "$1" "$2")"
}

same() {	# UPSTREAM MESSAGE FORM
	local why
	if ! wait_for 20 came "$1" "$2"; then
		not_ok "$1: $2" 'it did not arrive'
	elif ! why=$(python3 "$TMP/compare.py" "$TMP/$2" "$(stored_of "$1" "$2")" "$3" 2>&1); then
		not_ok "$1: $2" "$(echo "$why" | tail -n 1)"
	else
		ok "$1: $2"
	fi
}

run_upstream() {	# NAME MESSAGES… ; more options for it in OPTIONS
	local name=$1 message
	shift
	start_upstream "$name" "${OPTIONS[@]}"
	write_conf "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
	start_posternd
	for message; do
		post -i -f "$message@example.com" bob@example.net < "$TMP/$message" || not_ok "$name: $message" 'sendmail failed'
	done
}

end_upstream() {
	wait_for 20 drained || not_ok "$1: nothing stays" "$(mailq | head -n 5)"
	is "$1: nothing wrong with the protocol" "$(total "$1" breaches)" 0
	stop_posternd
	stop "$UP_PID"
}

common=(text latin bytes long-line long-header attachment nested plain)

# No 8BITMIME: everything in 7 bits; once as BDAT, once as DATA in small steps.
OPTIONS=(--no-8bitmime --no-smtputf8)
run_upstream seven "${common[@]}" signed sealed
for message in "${common[@]}"; do
	same seven "$message" 7bit
done
for message in signed sealed; do
	check "seven: $message is refused" wait_for 20 grep -q "to=<bob@example.net>.*dsn=5\.6\.3, status=bounced" "$TMP/posternd.log"
	is "seven: $message did not go" "$(stored_of seven "$message")" ''
done
for message in signed sealed; do
	check "seven: the sender of $message is told" wait_for 20 grep -qs "^RCPT TO:<$message@example.com>" -r "$TMP/seven.mail"
done
check 'seven: the reason of a signature' log_says 'a part of it is signed'
check 'seven: the reason of a seal' log_says 'it is signed (DKIM or ARC)'
end_upstream seven

OPTIONS=(--no-8bitmime --no-smtputf8 --no-chunking --no-pipelining --drip)
run_upstream steps text attachment nested
for message in text attachment nested; do
	same steps "$message" 7bit
done
end_upstream steps

# 8BITMIME, not SMTPUTF8: 8-bit bodies as they are, long lines and headers not.
OPTIONS=(--no-smtputf8)
run_upstream eight "${common[@]}"
for message in text latin long-line long-header attachment nested; do
	same eight "$message" 8bit
done
same eight plain as-it-is
check 'eight: 8-bit text stays 8-bit' eval "body_of '$(stored_of eight latin)' | grep -q \$'\\xf6'"
end_upstream eight

# Everything offered: only what no server has to take is touched.
OPTIONS=(--lax)
run_upstream all text latin plain signed sealed
for message in text latin plain signed sealed; do
	same all "$message" as-it-is
done
end_upstream all
