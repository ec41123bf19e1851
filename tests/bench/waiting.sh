# waiting.sh - what one relay's secret that takes its time costs the others:
# how long the daemon's loop is deaf while a password-command or a renewal of
# a token runs.  Seen from outside, where waiting for a processor counts too,
# and by its own clock, from the start on.  Sourced by run.
# shellcheck shell=bash disable=SC2034,SC2154

slow_command() {	# a program of the daemon's user
	mkdir -p "$TMP/slow"
	printf '#!/bin/sh\nsleep 2\necho "%s"\n' "$PASSWORD" > "$TMP/slow/command"
	chmod 755 "$TMP/slow" "$TMP/slow/command"
}

slow_provider() {
	rm -rf "$TMP/idp"
	mkdir -p "$TMP/idp"
	python3 "$SYSTEM/idp.py" serve "$TMP/idp" 2> "$TMP/idp.log" &
	PIDS+=("$!")
	wait_for 10 test -s "$TMP/idp/port" || die 'the identity provider did not start'
	IDP=http://127.0.0.1:$(cat "$TMP/idp/port")
	python3 "$SYSTEM/idp.py" set "${IDP##*:}" delay=2
	(umask 077; echo client-secret-word > "$TMP/slow/secret")
	test -z "$(daemon_user)" || chown "$(daemon_user)" "$TMP/slow/secret"
}

# The renewal begins with the daemon, the command with the first message.
slow_relay() {	# command, token or nothing
	case $1 in
	command)
		relay "$1" "$UP_PORT" implicit "password-command = { \"$TMP/slow/command\" }" | grep -v password-file ;;
	token)
		relay "$1" "$UP_PORT" implicit 'oauth { flow = "client-credentials"  client-id = "client"' \
		    "    client-secret-file = \"$TMP/slow/secret\"  token-endpoint = \"$IDP/token\"  scope = \"app/.default\" }" \
		    | grep -v password-file ;;
	*)
		return ;;
	esac
	printf 'route { sender = "slow@example.com"  relays = { "%s" } }\n' "$1"
}

slow_conf() {
	upstream_port --mechanisms 'PLAIN XOAUTH2' --tokens "$TMP/idp/valid"
	write_conf "$(relay good "$UP_PORT" implicit)" 'relays = { "good" }' "$(slow_relay "$1")"
}

waiting_row() {	# NAME RELAY
	local run
	for ((run = 0; run < RUNS; run++)); do
		slow_provider
		slow_conf "$2"
		rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log"
		make_spool
		start_posternd
		asks /bin/sh -c "printf 'Subject: slow\n\n' | '$BUILD/sendmail' -f slow@example.com bob@example.net; sleep 3"
		wait_for 10 log_says status=sent || die "$1: no end of it"
		"$BUILD/postern" status --json | tr ',{}' '\n\n\n' | sed -n 's/^ *"longest_gap_ms": *//p' >> "$TMP/own"
		stop_all
	done
	row "$1" "$(awk '{ print $4 }' "$TMP/asks" | median | awk '{ printf "%.3f", $1 / 1000 }')" \
	    "$(awk '{ print $5 }' "$TMP/asks" | median | awk '{ printf "%.3f", $1 / 1000 }')" "$(median < "$TMP/own")" 5
	rm -f "$TMP/asks" "$TMP/own"
}

waiting() {
	if ! command -v python3 > /dev/null; then
		title 'Secrets that take their time: python3 is missing'
		return
	fi
	slow_command
	title 'A secret that takes 2 s: how long the loop is deaf to others meanwhile'
	FORMAT='  %-30s %15s %15s %20s %8s'
	row '' '99 of 100, ms' 'longest, ms' "the loop's own, ms" target
	waiting_row 'nothing slow' nothing
	waiting_row 'a password-command' command
	waiting_row 'the renewal of a token' token
}
