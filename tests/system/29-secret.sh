#!/usr/bin/env bash
# Secrets: first whether what looks for them finds them.  Then the daemon's
# memory has neither a password nor an AUTH line once a login is over, whether
# it was taken or refused, by whatever mechanism, nor a piece of one that
# something else did not happen to overwrite.
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip 'the secret in memory' 'no python3 here'
	exit 0
fi

# --- what looks for secrets elsewhere, in other scripts, sees them ---------------

SECRETS=('an unlikely+pass/word') KEPT=("$TMP/kept")
make_spool
spy_on_helpers
: > "$TMP/posternd.log"
(umask 077; echo "${SECRETS[0]}" > "$TMP/kept")
is 'where it belongs it may be' "$(secrets_that_got_out)" ''

found() {	# NAME TEXT: and gone again, once the plant is
	is "found: $1" "$(secrets_that_got_out | sed 's/process [0-9]*/process N/' | tr '\n' '.')" "$2."
}
plant() {	# NAME TEXT of the log
	printf '%s\n' "$2" > "$TMP/posternd.log"
	found "$1" "$TMP/posternd.log: $3"
	: > "$TMP/posternd.log"
}
plant 'in a log' "password=${SECRETS[0]}, status=bad" plain
plant 'in percent encoding' 'error text=an%20unlikely%2Bpass%2Fword' 'in percent encoding'
plant 'in small letters' 'an+unlikely%2bpass%2fword&x' 'in percent encoding'
for name in '' a ab abc; do
	plant "in base64 behind $((${#name} + 2))" "AUTH PLAIN $(printf '\0%s\0%s' "$name" "${SECRETS[0]}" | base64)" 'in base64'
done
chmod 644 "$TMP/kept"
is 'found: a file for others' "$(secrets_that_got_out | grep -c 'kept: for others, too (mode 644')" 1
chmod 600 "$TMP/kept"
cp "$TMP/kept" "$POSTERN_SPOOL/cur/copy"
found 'in the spool' "$POSTERN_SPOOL/cur/copy: plain"
mv "$POSTERN_SPOOL/cur/copy" "$POSTERN_RUN/core"
is 'found: a core' "$(secrets_that_got_out | tr '\n' '.')" "$POSTERN_RUN/core: a core.$POSTERN_RUN/core: plain."
rm "$POSTERN_RUN/core"
"$POSTERN_LIBEXEC/postern-oauth" "${SECRETS[0]}" < /dev/null 2> /dev/null
is 'found: how a helper was started' "$(secrets_that_got_out | grep -c 'spied/postern-oauth.*: plain')" 1
rm "$TMP/spied"/*
mkfifo "$TMP/silent"
exec 3<> "$TMP/silent"
"$BUILD/sendmail" -F "${SECRETS[0]}" bob@example.net < "$TMP/silent" &
pid=$!
PIDS+=("$pid")
wait_for 10 test "$(readlink "/proc/$pid/exe")" = "$BUILD/sendmail"
found 'on a command line' 'cmdline of process N: plain'
stop "$pid"
env "WORD=${SECRETS[0]}" "$BUILD/sendmail" bob@example.net < "$TMP/silent" &
pid=$!
PIDS+=("$pid")
wait_for 10 grep -q WORD "/proc/$pid/environ"
found 'in an environment' 'environ of process N: plain'
stop "$pid"
exec 3>&-
is 'and nothing is left' "$(secrets_that_got_out)" ''

if test -n "${POSTERN_SANITIZED:-}"; then
	skip 'the secret in memory' 'terabytes of shadow memory under the sanitizers'
	exit 0
fi

# How many pieces of a password, or of what AUTH says with it, the daemon's memory has; "-" where the kernel lets nobody look.
seen() {	# PASSWORD
	python3 - "$POSTERND_PID" "$USER_NAME" "$1" <<-'EOF'
	import base64, re, sys
	pid, user, password = sys.argv[1], *(word.encode() for word in sys.argv[2:])
	said = [b'\0%s\0%s' % (user, password), password, b'user=%s\1auth=Bearer %s\1\1' % (user, password)]
	wide = b''.join(bytes([c, 0, 0, 0]) for c in password)
	wanted = [base64.b64encode(text) for text in said] + [password, wide]
	pieces = {word[i:i + 12] for word in wanted for i in range(0, max(len(word) - 12, 1))}
	pieces -= {piece for piece in pieces if piece in base64.b64encode(b'\0%s\0' % user)}
	n = 0
	try:
	    memory = open(f'/proc/{pid}/mem', 'rb', 0)
	    for line in open(f'/proc/{pid}/maps'):
	        where, rights = line.split()[:2]
	        if not rights.startswith('rw'):
	            continue
	        first, end = (int(at, 16) for at in where.split('-'))
	        try:
	            memory.seek(first)
	            bytes = memory.read(end - first)
	        except OSError:
	            continue
	        bytes = re.sub(b'\0{64,}', b'\0' * 32, bytes)     # most of it
	        n += sum(piece in bytes for piece in pieces)
	    print(n)
	except PermissionError:
	    print('-')
	EOF
}

row() {	# NAME PASSWORD
	local n
	n=$(seen "$2")
	if test "$n" = -; then
		skip "$1" 'the memory of the daemon is not to be read here'
	else
		is "$1" "$n" 0
	fi
}

PASSWORD=correct-horse-battery-staple-and-some-more-words-behind-them
WRONG=wrong-pony-battery-staple-and-no-more-words-that-are-any-good
make_pki
write_secret "$TMP/theirs" "$PASSWORD"
for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256; do
	start_logins "$mechanism" "$TMP/theirs" "$mechanism"
	write_conf "$(relay demo "$UP_PORT" implicit)"
	start_posternd
	HELD=$(printf '\0%s\0%s' "$USER_NAME" "$PASSWORD" | base64 -w 0)
	test "$mechanism" != PLAIN || check 'what is there is seen' test "$(POSTERND_PID=$$ seen "$PASSWORD")" != 0
	post bob@example.net < /dev/null
	check "$mechanism: a message is sent" wait_for 10 has_arrived "$mechanism" 1
	row "$mechanism: no login in memory after a login" "$PASSWORD"
	stop_posternd

	write_password "$WRONG"
	: > "$TMP/posternd.log"
	start_posternd
	post bob@example.net < /dev/null
	check "$mechanism: a login is refused" wait_for 10 log_says '535'
	row "$mechanism: no login in memory after a refusal" "$WRONG"
	stop_posternd
	stop "$UP_PID"
	find "$POSTERN_SPOOL/new" "$POSTERN_SPOOL/cur" "$POSTERN_SPOOL/later" -type f -delete
done
stop_all
