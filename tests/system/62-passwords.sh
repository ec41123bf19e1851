#!/usr/bin/env bash
# Where a password comes from while the daemon runs: a command that takes its
# time, one that fails, a file that is corrected.
. "$SYSTEM/lib.sh"

OWN=$TMP/own            # what the command reads and writes
make_own() {
	local user
	user=$(daemon_user)
	rm -rf "$OWN"
	mkdir -p "$OWN"
	printf '%s\n' "$PASSWORD" > "$OWN/word"
	cat > "$OWN/command" <<-EOF
	#!/bin/sh
	echo run >> "$OWN/runs"
	test -z "\$1" || until test -e "$OWN/go"; do sleep 0.05; done
	test ! -e "$OWN/sealed" || { echo 'the vault is sealed' >&2; exit 3; }
	cat "$OWN/word"
	EOF
	chmod 755 "$OWN/command"
	chmod 600 "$OWN/word"
	test -z "$user" || chown -R "$user" "$OWN"
}

runs() {
	wc -l < "$OWN/runs"
}

commanded() {	# [ARGUMENT]
	relay demo "$UP_PORT" implicit "password-command = { \"$OWN/command\"${1:+, \"$1\"} }" | grep -v password-file
}

SECRETS=("$PASSWORD" 'not the password') KEPT=("$OWN/word" "$TMP/password")
start_secure_upstream upstream implicit
make_own
write_conf "$(commanded wait)"
check 'postern check runs nothing' "$BUILD/postern" check
check 'postern check: nothing was run' test ! -e "$OWN/runs"
start_posternd
post bob@example.net < /dev/null
check 'the command is run' wait_for 10 test -s "$OWN/runs"
# The loop would be deaf now if it waited.
check 'the daemon answers meanwhile' "$BUILD/postern" status
post bob@example.net < /dev/null
is 'nothing is sent without it' "$(arrived upstream)" 0
touch "$OWN/go"
check 'then all is sent' wait_for 10 has_arrived upstream 2
is 'by one run' "$(runs)" 1
no_secret_got_out 'a slow command'
stop_posternd

touch "$OWN/sealed"
write_conf "$(commanded)"
start_posternd
post bob@example.net < /dev/null
check 'a failure is told' wait_for 10 log_says 'password-command: command: exit 3: the vault is sealed'
is 'and the message kept' "$(queued)" 1
rm "$OWN/sealed"
post bob@example.net < /dev/null
check 'it is run again' wait_for 30 has_arrived upstream 4
no_secret_got_out 'a command that fails'
stop_posternd

chmod 644 "$OWN/command"
"$BUILD/postern" check > "$TMP/check.log" 2>&1
is 'postern check: a command that cannot be run' "$?" 78
check 'and says how it could' grep -q 'cannot be executed; chmod 0755' "$TMP/check.log"

write_conf "$(relay demo "$UP_PORT" implicit)"
write_password 'not the password'
start_posternd
post bob@example.net < /dev/null
check 'a wrong password rests the relay' wait_for 10 log_says 'needs-attention'
is 'the message is kept' "$(queued)" 1
write_password "$PASSWORD"
# Without that it would be looked at in an hour.
check 'the file is corrected: all is sent' wait_for 20 has_arrived upstream 5
no_secret_got_out 'a corrected file'
stop_all
