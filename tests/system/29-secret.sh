#!/usr/bin/env bash
# The daemon's memory has neither a password nor an AUTH line once a login is
# over, whether it was taken or refused, by whatever mechanism, nor a piece of
# one that something else did not happen to overwrite.
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip 'the secret in memory' 'no python3 here'
	exit 0
fi

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

start_logins() {	# NAME WORD...
	local name=$1
	shift
	rm -f "$TMP/$name.port"
	python3 "$SYSTEM/logins.py" server "$TMP/$name.port" "$TMP/pki" "$USER_NAME" "$PASSWORD" "$TMP/$name.mail" \
	    "$@" 2> "$TMP/$name.log" &
	UP_PID=$!
	PIDS+=("$UP_PID")
	wait_for 10 test -s "$TMP/$name.port" || die "the server $name did not start"
	UP_PORT=$(cat "$TMP/$name.port")
}

PASSWORD=correct-horse-battery-staple-and-some-more-words-behind-them
WRONG=wrong-pony-battery-staple-and-no-more-words-that-are-any-good
make_pki
for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256; do
	start_logins "$mechanism" "$mechanism"
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
