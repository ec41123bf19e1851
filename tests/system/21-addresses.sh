#!/usr/bin/env bash
# A host with many addresses: some take no connection, one takes it and says
# nothing good; mail goes by the one that serves, and goes on doing so.
. "$SYSTEM/lib.sh"

# The daemon asks this one for the addresses; all else is the real thing.
make_resolver() {	# ADDRESS…
	mkdir -p "$TMP/programs"
	ln -sf "$BUILD"/postern-* "$TMP/programs/"
	rm -f "$TMP/programs/postern-resolve"
	printf '#!/bin/sh\nprintf "%%s\\n" %s\n' "$*" > "$TMP/programs/postern-resolve"
	chmod 755 "$TMP/programs/postern-resolve"
	export POSTERN_LIBEXEC=$TMP/programs
}

is_idle() {
	"$BUILD/postern" status | grep -q '^up  *idle'
}

# start_upstream at another address with the port of the good one.
start_bad_one() {	# ADDRESS FAULT
	start_upstream bad --listen "$1:$PORT" --tls implicit --cert "$TMP/pki/cert.pem" --key "$TMP/pki/key.pem" \
	    --fault "$2"
	BAD_PID=$UP_PID
}

make_resolver 127.0.0.4 127.0.0.2 127.0.0.3 127.0.0.1
start_secure_upstream up implicit
PORT=$UP_PORT
write_conf "$(relay up "$PORT" implicit 'connections = 1' 'idle = "1s"')"
start_bad_one 127.0.0.2 close:connect
start_posternd
echo 'Subject: first' | post -f alice@example.com bob@example.net
check 'past one that refuses and one that closes at once' wait_for 20 has_arrived up 1
check 'the one that closes was asked' log_says 'localhost[127.0.0.2]'
check 'the connection has ended' wait_for 10 is_idle
before=$(grep -cF 'localhost[127.0.0.2]' "$TMP/posternd.log")
echo 'Subject: second' | post -f alice@example.com bob@example.net
check 'the next connection' wait_for 20 has_arrived up 2
is 'went to the one that serves, at once' "$(grep -cF 'localhost[127.0.0.2]' "$TMP/posternd.log")" "$before"
stop_posternd
stop "$BAD_PID"

start_bad_one 127.0.0.2 'connect:421 4.3.2 going down'
start_posternd
echo 'Subject: third' | post -f alice@example.com bob@example.net
check 'past one that says 421' wait_for 20 has_arrived up 3
stop_posternd
