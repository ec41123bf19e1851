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
: > "$TMP/posternd.log"         # the command that failed was a trouble, too
start_posternd
post bob@example.net < /dev/null
check 'a wrong password rests the relay' wait_for 10 log_says 'needs-attention'
is 'the message is kept' "$(queued)" 1
write_password "$PASSWORD"
# Without that it would be looked at in an hour.
check 'the file is corrected: all is sent' wait_for 20 has_arrived upstream 5
no_secret_got_out 'a corrected file'
stop_posternd

# A session that is still open says nothing about a password that came after it.
write_conf "$(relay demo "$UP_PORT" implicit 'idle = "10m"')"
start_posternd
post bob@example.net < /dev/null
check 'a session is open' wait_for 10 has_arrived upstream 6
# While the answer has not been read, the next message would take another connection.
check 'and idle' wait_for 10 drained
logins=$(total upstream auths)
post bob@example.net < /dev/null
check 'and is used again' wait_for 10 has_arrived upstream 7
is 'without another login' "$(total upstream auths)" "$logins"
write_password 'not the password'
: > "$TMP/posternd.log"
post bob@example.net < /dev/null
check 'a wrong new password is found by the next message' wait_for 10 log_says 'needs-attention'
is 'which is kept' "$(arrived upstream) $(queued)" '7 1'
write_password "$PASSWORD"
check 'and sent with the right one' wait_for 20 has_arrived upstream 8
no_secret_got_out 'a session of old'
stop_posternd

# --- the other places of a password ---------------------------------------------------

mkdir -p "$TMP/credentials"
printf '%s\n' "$PASSWORD" > "$TMP/credentials/isp"
chmod 600 "$TMP/credentials/isp"
test -z "$(daemon_user)" || chown -R "$(daemon_user)" "$TMP/credentials"
KEPT+=("$TMP/credentials/isp")
write_conf "$(relay demo "$UP_PORT" implicit 'credential = "isp"' | grep -v password-file)"
CREDENTIALS_DIRECTORY=$TMP/credentials start_posternd
post bob@example.net < /dev/null
check 'a credential of the service manager' wait_for 10 has_arrived upstream 9
no_secret_got_out 'a credential'
stop_posternd
start_posternd
post bob@example.net < /dev/null
check 'without one: what to add to the unit' wait_for 10 log_says 'add LoadCredential=isp:/path/of/the/password to the unit'
is 'without one: the message is kept' "$(queued)" 1
stop_posternd
chmod 644 "$TMP/credentials/isp"
CREDENTIALS_DIRECTORY=$TMP/credentials start_posternd
check 'one that others can read is refused' wait_for 10 log_says 'isp: readable by every user; chmod 0640'
chmod 600 "$TMP/credentials/isp"
check 'and taken when they cannot' wait_for 20 has_arrived upstream 10
stop_posternd

write_conf "$(relay demo "$UP_PORT" implicit "password = \"$PASSWORD\"" | grep -v password-file)"
modes=(644)
test -z "$(daemon_user)" || modes+=(640)
for mode in "${modes[@]}"; do
	test -z "$(daemon_user)" || chown "$(daemon_user):1" "$POSTERN_CONF"
	chmod "$mode" "$POSTERN_CONF"
	"$BUILD/posternd" -c "$POSTERN_CONF" 2> "$TMP/start.log"
	is "inline, mode $mode: refused" "$? $(grep -c 'other users can read the password here; use password-file, or chmod 0600' "$TMP/start.log")" '78 1'
done
chmod 600 "$POSTERN_CONF"
KEPT+=("$POSTERN_CONF")
start_posternd
post bob@example.net < /dev/null
check 'inline, for the daemon alone: taken' wait_for 10 has_arrived upstream 11
no_secret_got_out 'inline'
stop_posternd
for mode in "${modes[@]}"; do
	write_conf "$(relay demo "$UP_PORT" implicit)"
	test -z "$(daemon_user)" || chgrp 1 "$TMP/password"
	chmod "$mode" "$TMP/password"
	start_posternd
	post bob@example.net < /dev/null
	check "a password file of mode $mode and a foreign group: refused" wait_for 10 log_says "$TMP/password: readable by"
	: > "$TMP/posternd.log"
	stop_posternd
done
is 'and its mail is kept' "$(queued)" "${#modes[@]}"
stop_all
