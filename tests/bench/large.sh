# large.sh - what one large message costs the others: how long the daemon's
# loop is deaf while it is brought into the form that its server takes.
# Sourced by run.
# shellcheck shell=bash disable=SC2034,SC2154

large_letters() {	# a file each, about 25 MB
	python3 - "$TMP" <<'PY'
import random, sys
top, size = sys.argv[1], 25 << 20
head = b'From: alice@example.com\nTo: bob@example.net\nSubject: large\n\n'

def put(name, piece):
    with open(top + '/large.' + name, 'wb') as f:
        f.write(head + piece * (size // len(piece)) + b'\n')

put('plain', b'nothing to be done with a line like this one.\n')
put('text', 'Grüße an alle, die es noch erreicht.\n'.encode())
put('bytes', bytes(c for c in random.Random(7).randbytes(70000) if c not in (0, 10, 13)) + b'\n')
put('line', b'and so on and on, ')
PY
}

large_row() {	# NAME OPTION…
	local name=$1 run
	shift
	for ((run = 0; run < RUNS; run++)); do
		upstream_port "$@"
		write_conf "$(relay up "$UP_PORT" implicit)"
		rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log"
		make_spool
		start_posternd
		asks /bin/sh -c "'$BUILD/sendmail' -f alice@example.com bob@example.net < '$TMP/large.$name'
			i=0; until grep -q status=sent '$TMP/posternd.log' || test \$i -ge 600; do sleep 0.05; i=\$((i + 1)); done"
		log_says status=sent || die "$name: it did not leave"
		"$BUILD/postern" status --json | grep -o '"longest_gap_ms": *[0-9]*' | grep -o '[0-9]*$' >> "$TMP/turns"
		stop_all
	done
	row "$name" "$(awk '{ print $1 }' "$TMP/asks" | median)" "$(awk '{ print $3 }' "$TMP/asks" | median)" \
	    "$(per_thousand "$(awk '{ print $4 }' "$TMP/asks" | median)" 1)" \
	    "$(per_thousand "$(awk '{ print $5 }' "$TMP/asks" | median)" 1)" 20 "$(median < "$TMP/turns")"
	rm -f "$TMP/asks" "$TMP/turns"
}

large() {
	if ! command -v python3 > /dev/null; then
		title 'A large message: python3 is missing'
		return
	fi
	large_letters
	title 'A message of 25 MB to a server without 8BITMIME: how long the loop is deaf to others meanwhile'
	FORMAT='  %-10s %9s %11s %15s %15s %8s %21s'
	row '' 'wall, ms' 'daemon, ms' '99 of 100, ms' 'longest, ms' target 'by its own count, ms'
	large_row plain --no-8bitmime
	large_row text --no-8bitmime
	large_row bytes --no-8bitmime
	large_row line --no-8bitmime
	rm -f "$TMP"/large.*
}
