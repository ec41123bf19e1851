#!/usr/bin/env bash
# What an upstream can refuse, and whose trouble it is: the recipient's, the
# message's, the relay's.
. "$SYSTEM/lib.sh"

simple_message() {	# SUBJECT RECIPIENT…
	printf 'From: alice@example.com\nTo: list@example.net\nSubject: %s\n\nhello\n' "$1"
}

begin() {	# NAME TLS [UPSTREAM OPTION…]
	stop_all
	rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log"
	start_secure_upstream "$@"
	write_conf "$(relay up "$UP_PORT" "$2")"
	start_posternd
}

stored_with() {		# NAME PATTERN: the first stored file that has it
	grep -lr -- "$2" "$TMP/$1.mail" | head -n 1
}

refused_recipient() {
	local report
	begin refused implicit --fault 'rcpt:bob@*:550 5.1.1 no such user'
	simple_message one | post -f alice@example.com bob@example.net carol@example.net
	wait_for 10 has_arrived refused 2 || not_ok refused 'message and report: not both arrived'
	report=$(stored_with refused 'MAIL FROM:<>')
	if test -z "$report"; then
		not_ok 'refused: a report' 'none came'
		return
	fi
	check 'refused: report goes to the sender' grep -q '^RCPT TO:<alice@example.com>' "$report"
	for field in 'Final-Recipient: rfc822; *bob@example.net' 'Action: failed' \
	    'Status: 5.1.1' 'Diagnostic-Code: smtp; *550 5.1.1 no such user' \
	    'Content-Type: multipart/report'; do
		check "refused: report has $field" grep -qi "^$field" "$report"
	done
	check 'refused: carol has hers' grep -qr 'RCPT TO:<carol' "$TMP/refused.mail"
	check 'refused: the spool is empty' wait_for 10 drained
	check 'refused: log' log_says 'dsn=5.1.1, status=bounced (550 5.1.1 no such user'
}

flushed() {
	begin flushed implicit --fault 'rcpt:bob@*:452 4.2.2 mailbox full:first=1'
	simple_message flush | post -f alice@example.com bob@example.net
	check 'flush: waits in later/' wait_for 10 in_place later 1
	check 'flush: sendmail -q' post -q
	check 'flush: tried at once' wait_for 10 has_arrived flushed 1
	check 'flush: the spool is empty' wait_for 10 drained
	stop_posternd
	check 'flush: without a daemon it says so' eval \
	    'post -q 2> "$TMP/flush.err"; test $? -eq 69 && grep -q "posternd is not running" "$TMP/flush.err"'
}

refused_message() {
	begin content implicit --fault 'end:554 5.7.1 looks like spam:first=1'
	simple_message spam | post -f alice@example.com bob@example.net
	wait_for 10 has_arrived content 1
	check 'content: reported' test -n "$(stored_with content 'Status: 5.7.1')"
	check 'content: the spool is empty' wait_for 10 drained
}

refused_for_now() {
	begin later implicit --fault 'rcpt:bob@*:452 4.2.2 mailbox full'
	simple_message two | post -f alice@example.com bob@example.net carol@example.net
	check 'later: waits in later/' wait_for 10 in_place later 1
	is 'later: the other recipient had it' "$(arrived later)" 1
	mailq > "$TMP/mailq"
	check 'later: mailq tells the reply' grep -q '452 4.2.2 mailbox full' "$TMP/mailq"
	check 'later: mailq lists who waits' grep -q 'bob@example.net' "$TMP/mailq"
	check 'later: mailq leaves out who has it' eval "! grep -q carol@ '$TMP/mailq'"
	check 'later: log' log_says 'dsn=4.2.2, status=deferred (452 4.2.2 mailbox full'
	stop_posternd
	start_posternd
	check 'later: after a restart too' in_place later 1
	is 'later: nobody had it twice' "$(arrived later)" 1
}

wrong_password() {
	begin login implicit
	stop_posternd
	write_password 'not the password'
	start_posternd
	for n in 1 2 3; do
		simple_message "login $n" | post -f alice@example.com bob@example.net
	done
	check 'login: said in the log' wait_for 10 log_says '535'
	is 'login: nothing went out' "$(arrived login)" 0
	is 'login: all is kept' "$(queued)" 3
	mailq > "$TMP/mailq"
	check 'login: mailq says what is wrong' grep -q '535' "$TMP/mailq"
	check 'login: mailq says what to do' grep -qi 'password' "$TMP/mailq"
	is 'login: and lists all' "$(grep -c '^[0-9A-F]\{16\}' "$TMP/mailq")" 3
	check 'login: the secret is not shown' \
	    eval "! grep -q 'not the password' '$TMP/mailq' '$TMP/posternd.log'"
	is 'login: one try is enough' "$(total login auth_failures)" 1
	write_password "$PASSWORD"
	kill -HUP "$POSTERND_PID"
	check 'login: the right one and SIGHUP drain it' wait_for 15 drained
	is 'login: all arrived' "$(arrived login)" 3
}

# A certificate that is not the server's: nothing may go out, nothing is lost.
bad_certificate() {	# NAME
	stop_all
	rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log"
	make_pki
	start_upstream "cert-$1" --tls implicit --cert "$TMP/pki/$1.pem" --key "$TMP/pki/key.pem" \
	    --user "$USER_NAME" --password "$PASSWORD"
	write_conf "$(relay up "$UP_PORT" implicit)"
	start_posternd
	simple_message cert | post -f alice@example.com bob@example.net
	check "certificate $1: said in the log" wait_for 10 log_says 'certificate'
	is "certificate $1: no login was tried" "$(total "cert-$1" auths)" 0
	is "certificate $1: kept" "$(queued)" 1
	is "certificate $1: nothing arrived" "$(arrived "cert-$1")" 0
}

injected() {
	begin inject starttls --fault starttls-inject
	simple_message inject | post -f alice@example.com bob@example.net
	check 'inject: noticed' wait_for 10 log_says 'the server spoke out of turn'
	is 'inject: nothing went out' "$(arrived inject)" 0
	is 'inject: kept' "$(queued)" 1
}

# Accepted, and the link dies before we hear of it: a duplicate, never a loss.
unknown_end() {
	begin unknown implicit --fault 'drop-after-data:first=1'
	simple_message unknown | post -f alice@example.com bob@example.net
	check 'unknown: waits in later/' wait_for 10 in_place later 1
	check 'unknown: says so' log_says 'may be duplicated'
	simple_message next | post -f alice@example.com bob@example.net
	check 'unknown: the others go on' wait_for 15 has_arrived unknown 2
}

# An extension that was offered and is not there: without it, at once.
no_bdat_after_all() {
	begin nobdat implicit --fault 'bdat:502 5.5.1 what'
	simple_message nobdat | post -f alice@example.com bob@example.net
	check 'no BDAT: delivered all the same' wait_for 15 has_arrived nobdat 1
	check 'no BDAT: with DATA' grep -q '^VIA DATA' "$(stored_with nobdat 'Subject: nobdat')"
	check 'no BDAT: the spool is empty' wait_for 10 drained
}

refused_recipient
refused_message
refused_for_now
flushed
wrong_password
bad_certificate other
bad_certificate expired
bad_certificate self
injected
unknown_end
no_bdat_after_all
