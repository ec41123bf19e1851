#!/usr/bin/env bash
# What is held, and who is told: reports to senders, read by another project's
# parser; the flood guard and its digest; alerts for a relay in trouble.
. "$SYSTEM/lib.sh"

OUT=$TMP/out
begin() {	# NAME [UPSTREAM OPTION…]
	stop_all
	rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log"
	start_upstream "$@"
}
plain_relay() {	# NAME PORT [LINE…]
	printf 'relay %s {\n\thost = "127.0.0.1"\n\tport = %s\n\ttls = "none"\n' "$1" "$2"
	shift 2
	printf '\t%s\n' "$@"
	echo '}'
}
message() {	# SUBJECT [TEXT]
	printf 'From: alice@example.com\nTo: bob@example.net\nSubject: %s\n\n%s\n' "$1" "${2:-hello}"
}
# --- reports, all shapes ----------------------------------------------------

shapes() {
	local large
	begin shapes --fault 'rcpt:nobody@*:550 5.1.1 no such user' --fault 'rcpt:full@*:452 4.2.2 mailbox full' \
	    --fault 'rcpt:odd@*:554 too odd'
	write_conf 'queue { expire = "1h"  warn-after = "1s"  postmaster-copy = "pm@example.com" }' \
	    "$(plain_relay up "$UP_PORT" 'rule { code = 554 contains = { "too odd" } verdict = "reject" hint = "ask Bob nicely" }')"
	start_posternd
	large=$(head -c 80000 /dev/zero | tr '\0' x | fold -w 70)
	message plain | post -f alice@example.com nobody@example.net
	message two | post -f alice@example.com nobody@example.net odd@example.net fine@example.net
	message large "$large" | post -f alice@example.com nobody@large.example.net
	message headers | post -f alice@example.com -R hdrs nobody@headers.example.net
	message success | post -f alice@example.com -N success fine@success.example.net
	message quiet | post -f alice@example.com -N never nobody@quiet.example.net
	message null | post -f '<>' nobody@null.example.net
	message 'Grüße' | post -f alice@example.com nobody@utf8.example.net
	message both | post -f 'jürgen@example.com' nobody@both.example.net
	message letters | post -f alice@example.com 'nobody@bücher.example.net' 'nobodü@letters.example.net'
	message late | post -f alice@example.com full@late.example.net
	check 'shapes: one waits' wait_for 20 eval 'log_says "to=<full@late.example.net>" && in_place later 1'
	sleep_a_second
	post -q
	check 'shapes: told of the delay' wait_for 10 log_says 'notice to <alice@example.com>'
	sed -i 's/expire = "1h"/expire = "1s"/' "$POSTERN_CONF"
	kill -HUP "$POSTERND_PID"
	wait_for 5 eval 'test "$(grep -c "reload: .* is in use" "$TMP/posternd.log")" -eq 1'
	# The daemon heeds one flush in some seconds.
	check 'shapes: all through' wait_for 30 eval 'post -q; drained'
	check 'shapes: each report is valid' eval \
	    'python3 "$SYSTEM/reports.py" "$TMP/shapes.mail" > "$OUT" 2> "$OUT.err" || { cat "$OUT.err" >&2; false; }'
	while read -r wanted; do
		check "shapes: $wanted" grep -qxF "$wanted" "$OUT"
	done <<-EOF2
	failed 5.1.1 nobody@example.net message/rfc822 alice@example.com
	failed 5.0.0 odd@example.net message/rfc822 alice@example.com
	failed 5.1.1 nobody@large.example.net text/rfc822-headers alice@example.com
	failed 5.1.1 nobody@headers.example.net text/rfc822-headers alice@example.com
	relayed 2.0.0 fine@success.example.net text/rfc822-headers alice@example.com
	failed 5.1.1 nobody@utf8.example.net message/global alice@example.com
	failed 5.1.1 nobody@both.example.net message/rfc822 jürgen@example.com
	delayed 4.2.2 full@late.example.net text/rfc822-headers alice@example.com
	failed 4.2.2 full@late.example.net message/rfc822 alice@example.com
	EOF2
	check 'shapes: the hint in plain words' grep -qr 'What to do: ask Bob nicely' "$TMP/shapes.mail"
	check 'shapes: of the large one it says why' grep -qr 'Only the header of your message' "$TMP/shapes.mail"
	check 'shapes: none for NOTIFY=NEVER' eval '! grep -q quiet "$OUT"'
	check 'shapes: none for the null sender, which stays to be seen' eval '! grep -q null "$OUT" && in_place dead 1'
	is 'shapes: told of the delay once' "$(grep -c '^delayed' "$OUT")" 1
	is 'shapes: the postmaster has failures alone' \
	    "$(grep -rlx $'RCPT TO:<pm@example.com>.*' "$TMP/shapes.mail" | xargs grep -lE '^Action: (delayed|relayed)' | wc -l)" 0
	check 'shapes: and those he has' eval 'test "$(grep -rl "^RCPT TO:<pm@example.com>" "$TMP/shapes.mail" | wc -l)" -ge 6'
}
sleep_a_second() {	# until the clock shows another one, and one more
	local end
	end=$(($(date +%s) + 2))
	wait_for 5 eval 'test "$(date +%s)" -ge '"$end"
}

no_null_sender() {
	begin account --fault 'rcpt:nobody@*:550 5.1.1 no such user'
	write_conf "$(plain_relay up "$UP_PORT" 'null-sender = false' 'from = "ops@example.com"')"
	start_posternd
	message plain | post -f alice@example.com nobody@example.net
	check 'account: the report comes' wait_for 10 has_arrived account 1
	is 'account: valid, and from the account' \
	    "$(python3 "$SYSTEM/reports.py" "$TMP/account.mail" ops@example.com 2>&1)" \
	    'failed 5.1.1 nobody@example.net message/rfc822 alice@example.com'
}

# --- the flood guard --------------------------------------------------------

flood() {
	local port command
	begin flood
	port=$(free_port)
	write_conf 'local-mail = "ops@example.com"' 'flood { per-user = 3 }' "listen \"127.0.0.1:$port\" { }" \
	    "$(plain_relay up "$UP_PORT")"
	start_posternd
	python3 - "$port" <<-'EOF2'
	import smtplib, sys
	with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
	    for i in range(8):
	        s.sendmail("it's.me@example.com", ["bob@example.net"],
	                   "From: x@example.com\r\nSubject: disk $(reboot) full\r\n\r\nhello\r\n")
	EOF2
	check 'flood: the excess is held' wait_for 10 in_place hold 5
	check 'flood: the others go out' wait_for 10 has_arrived flood 3
	check 'flood: the log says whose' log_says 'flood: client 127.0.0.1 sent more than 3 messages in '
	for n in 1 2 3 4 5 6; do
		message "root's $n" | post -f root@example.com carol@example.net
	done
	check 'flood: root passes' wait_for 10 has_arrived flood 9
	check 'flood: a digest comes' wait_for 45 eval 'grep -rq "^Subject: 5 messages are held: client 127.0.0.1" "$TMP/flood.mail"'
	file=$(grep -rl '^Subject: 5 messages are held' "$TMP/flood.mail")
	check 'flood: to where root has his mail' grep -q '^RCPT TO:<ops@example.com>' "$file"
	check 'flood: with the subjects' grep -q '^ *5  disk $(reboot) full' "$file"
	python3 -c 'import email, email.policy, sys
data = open(sys.argv[1], "rb").read().partition(b"\n\n")[2]
m = email.message_from_bytes(data, policy=email.policy.default)
assert not m.defects and m["Auto-Submitted"] == "auto-generated", m.defects
print(m.get_content().replace("\r\n", "\n"))' "$file" > "$OUT"
	check 'flood: valid' test -s "$OUT"
	if ! "$BUILD/postern" help 2>&1 | grep -q release; then
		skip 'flood: its commands' 'postern release is not there'
		return
	fi
	command=$(grep -m 1 'postern release' "$OUT" | sed "s|^ *postern|'$BUILD/postern'|")
	check 'flood: the command releases them' eval "$command --yes > '$OUT.cmd' 2>&1 || { cat '$OUT.cmd' >&2; false; }"
	check 'flood: and they go out' wait_for 10 eval 'in_place hold 0 && has_arrived flood 15'
}

# --- alerts -----------------------------------------------------------------

alerts() {
	local first
	stop_all
	rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log" "$TMP/paged"
	cat > "$TMP/page-me" <<-EOF2
	#!/bin/sh
	# Not by an append of ours: the daemon's user must be able to write.
	{ printf '%s|' "\$#" "\$@"; env | cut -d= -f1 | grep -vxE 'PWD|SHLVL|_|OLDPWD' | sort | tr '\n' ' '; wc -c; } >> "$TMP/paged"
	EOF2
	chmod 755 "$TMP/page-me"
	: > "$TMP/paged"
	test -z "$(daemon_user)" || chown "$(daemon_user)" "$TMP/paged"
	python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
while True:
    print(s.recv(4096).decode(), flush=True)' "$TMP/notify" > "$TMP/notified" &
	PIDS+=($!)
	wait_for 5 test -S "$TMP/notify"
	start_secure_upstream login implicit
	first=$UP_PORT
	start_upstream other
	write_conf 'local-mail = "ops@example.com"' "alert-command = { \"$TMP/page-me\", \"--urgent\" }" \
	    "$(relay gmail "$first" implicit)" "$(plain_relay spare "$UP_PORT")"
	write_password 'wrong'
	NOTIFY_SOCKET=$TMP/notify start_posternd
	message one | post -f alice@example.com bob@example.net
	check 'alert: the mail goes by the other relay' wait_for 10 eval 'grep -rq "^RCPT TO:<bob@example.net>" "$TMP/other.mail"'
	check 'alert: the command is run' wait_for 10 grep -q '^5|--urgent|trouble|gmail|.* said: 535 ' "$TMP/paged"
	check 'alert: with nothing else around it' wait_for 10 grep -q '|LANG PATH 0$' "$TMP/paged"
	check 'alert: root has mail' wait_for 10 eval 'grep -rq "^Subject: Relay gmail needs attention" "$TMP/other.mail"'
	check 'alert: the log' eval 'grep -q "^<1>.*relay=gmail, status=needs-attention" "$TMP/posternd.log" ||
	    log_says "relay=gmail, status=needs-attention"'
	check 'alert: the supervisor' wait_for 5 grep -q '^STATUS=relay gmail needs attention: .* said: 535' "$TMP/notified"
	stop_posternd
	NOTIFY_SOCKET=$TMP/notify start_posternd
	message two | post -f alice@example.com bob@example.net
	check 'alert: refused again after a restart' wait_for 10 eval \
	    'test "$(grep -c "status=needs-attention" "$TMP/posternd.log")" -ge 2'
	is 'alert: and told once' "$(grep -c trouble "$TMP/paged") $(grep -rl "needs attention" "$TMP/other.mail" | wc -l)" '1 1'
	write_password "$PASSWORD"
	kill -HUP "$POSTERND_PID"
	message three | post -f alice@example.com bob@example.net
	check 'alert: well again' wait_for 40 grep -q '^5|--urgent|well|gmail|' "$TMP/paged"
	check 'alert: the supervisor too' wait_for 5 eval 'tail -n 1 "$TMP/notified" | grep -qx "STATUS=all 2 relays are well"'
}

# --- the line at login ------------------------------------------------------

motd() {
	local n
	cat > "$TMP/fake" <<-'EOF2'
	#!/bin/sh
	echo noise
	echo noise >&2
	test "$CODE" != hangs || exec sleep 100
	exit "$CODE"
	EOF2
	chmod 755 "$TMP/fake"
	for n in 0:0 1:1 2:1 69:0 hangs:0; do
		is "motd: status ${n%:*}" "$(CODE=${n%:*} POSTERN=$TMP/fake "$SYSTEM/../../contrib/motd/70-postern" 2>&1 | wc -l)" "${n#*:}"
	done
	is 'motd: no Postern' "$(POSTERN=$TMP/none "$SYSTEM/../../contrib/motd/70-postern" 2>&1; echo $?)" 0
	check 'motd: and well' env CODE=2 POSTERN="$TMP/fake" "$SYSTEM/../../contrib/motd/70-postern" > /dev/null
}

shapes
no_null_sender
flood
alerts
motd
