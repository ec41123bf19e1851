#!/usr/bin/env bash
# What calls sendmail on a real system, called the way a new user would.
. "$SYSTEM/lib.sh"

# Programs look for sendmail in fixed places or in PATH; each is told where
# ours is by its own means.
SENDMAIL=$BUILD/sendmail
mkdir -p "$TMP/bin" "$TMP/home"
ln -s "$SENDMAIL" "$TMP/bin/sendmail"
export HOME=$TMP/home

sent=0

# arrives NAME PATTERN…: one message more, with each of these in it.
arrives() {
	local name=$1 file pattern
	shift
	sent=$((sent + 1))
	if ! wait_for 10 has_arrived up "$sent"; then
		not_ok "$name" 'nothing arrived'
		sent=$((sent - 1))
		return
	fi
	# shellcheck disable=SC2012 # names are numbers
	file=$TMP/up.mail/$(ls "$TMP/up.mail" | sort | tail -n 1)
	for pattern; do
		if ! tr -d '\r' < "$file" | grep -qi -- "$pattern"; then
			not_ok "$name" "no '$pattern' in $(tr -d '\r' < "$file" | head -c 800 | tr '\n' '|')"
			return
		fi
	done
	ok "$name"
}

missing() {	# COMMAND NAME: true, and skipped, when it is not there
	command -v "$1" > /dev/null && return 1
	skip "$2" "$1 is not installed"
}

cron() {
	# The line and the headers of Vixie cron, Debian's.
	"$SENDMAIL" -FCronDaemon -i -B8BITMIME -oem root <<-'EOF'
	From: root (Cron Daemon)
	To: root
	Subject: Cron <root@web1> test -x /usr/sbin/anacron
	MIME-Version: 1.0
	Content-Type: text/plain; charset=UTF-8
	Content-Transfer-Encoding: 8bit
	X-Cron-Env: <SHELL=/bin/sh>

	/bin/sh: 1: nöt found
	.
	and more
	EOF
	is 'cron: exit status' "$?" 0
	arrives cron '^RCPT TO:<ops@example.com>' '^MAIL FROM:<[^@]*@example.com>.*BODY=8BITMIME' \
	    '^From: root@example.com (Cron Daemon)$' '^X-Cron-Env: <SHELL=/bin/sh>' '^Subject: Cron <root@web1>' 'nöt found' \
	    '^and more'
}

anacron() {
	printf 'From: Anacron <root>\nTo: root\nSubject: Anacron job\n\ndone\n' |
	    "$SENDMAIL" -FAnacron -odi root
	arrives anacron '^RCPT TO:<ops@example.com>' '^Subject: Anacron job'
}

fail2ban() {
	printf 'Subject: [Fail2Ban] sshd: banned\nFrom: Fail2Ban <f2b@example.com>\nTo: root\n\nHi,\n' |
	    "$SENDMAIL" -f "f2b@example.com" "admin@example.net"
	arrives fail2ban '^MAIL FROM:<f2b@example.com>' '^RCPT TO:<admin@example.net>'
}

mdadm() {
	printf 'From: mdadm monitoring <root>\nTo: root\nSubject: DegradedArray event\n\n.\nlost\n' |
	    "$SENDMAIL" -t
	arrives mdadm '^RCPT TO:<ops@example.com>' '^Subject: DegradedArray event'
}

bsd_mailx() {
	missing mail 'mail root' && return
	if mail -V 2> /dev/null | grep -q '^v'; then
		# s-nail takes any path.
		echo 'the disk is full' | mail -S "mta=$SENDMAIL" -s 'disk' root
	else
		echo "set sendmail=$SENDMAIL" > "$HOME/.mailrc"
		echo 'the disk is full' | mail -s 'disk' root
	fi
	arrives 'mail root' '^RCPT TO:<ops@example.com>' '^Subject: disk' 'the disk is full'
}

git_send_email() {
	missing git 'git send-email' && return
	if ! git send-email --dump-aliases > /dev/null 2>&1 < /dev/null; then
		skip 'git send-email' 'not installed, or without its Perl modules'
		return
	fi
	(
		cd "$TMP" || exit
		git init -q repo && cd repo || exit
		git config user.name Alice
		git config user.email alice@example.com
		echo 'a file with ünïcode' > file
		git add file
		git commit -q -m 'first: add a file'
		git send-email --quiet --to=bob@example.net --cc=carol@example.net --confirm=never \
		    --suppress-cc=all --8bit-encoding=UTF-8 --smtp-server="$TMP/bin/sendmail" --envelope-sender=auto -1
	) > "$TMP/git.out" 2>&1 || not_ok 'git send-email' "$(tail -n 3 "$TMP/git.out")"
	arrives 'git send-email' '^MAIL FROM:<alice@example.com>' '^RCPT TO:<bob@example.net>' \
	    '^Subject: \[PATCH\] first: add a file' '^+a file with ünïcode'
}

php_mail() {
	missing php 'PHP mail()' && return
	cat > "$TMP/mail.php" <<-'EOF'
	<?php
	$ok = mail("bob@example.net", "from php", "line one\nline two\n",
	    "From: app@example.com\r\nBcc: hidden@example.net", "-fbounce@example.com");
	echo $ok ? "true" : "false";
	EOF
	is 'PHP mail(): answers true' "$(php -n -d "sendmail_path=$SENDMAIL -t -i" "$TMP/mail.php")" true
	arrives 'PHP mail()' '^MAIL FROM:<bounce@example.com>' '^RCPT TO:<bob@example.net>' \
	    '^RCPT TO:<hidden@example.net>' '^Subject: from php' '^line two'
}

mutt_send() {
	missing mutt mutt && return
	head -c 5000 /dev/urandom > "$TMP/blob"
	echo 'see attached' | mutt -n -F /dev/null -e "set sendmail='$SENDMAIL -oem -oi'" \
	    -e 'set from=alice@example.com use_from=yes use_envelope_from=yes copy=no' \
	    -s 'from mutt' -a "$TMP/blob" -- bob@example.net > "$TMP/mutt.out" 2>&1 ||
		not_ok mutt "$(head -n 3 "$TMP/mutt.out")"
	arrives mutt '^MAIL FROM:<alice@example.com>' '^RCPT TO:<bob@example.net>' '^Subject: from mutt' \
	    'filename=.*blob'
}

swaks_pipe() {
	missing swaks 'swaks --pipe' && return
	if ! test -x "$BUILD/postern-stdio"; then
		skip 'swaks --pipe' 'sendmail -bs is not there yet'
		return
	fi
	swaks --pipe "$SENDMAIL -bs" --from alice@example.com --to bob@example.net > "$TMP/swaks.out" 2>&1 ||
		not_ok 'swaks --pipe' "$(tail -n 3 "$TMP/swaks.out")"
	arrives 'swaks --pipe' '^MAIL FROM:<alice@example.com>'
}

python_smtp_free() {
	missing python3 'Python subprocess' && return
	python3 - "$SENDMAIL" <<-'EOF'
	import subprocess, sys
	from email.message import EmailMessage
	m = EmailMessage()
	m["From"], m["To"], m["Subject"] = "app@example.com", "Bob <bob@example.net>", "grüße"
	m.set_content("héllo\n")
	m.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream")
	subprocess.run([sys.argv[1], "-t", "-oi"], input=m.as_bytes(), check=True)
	EOF
	arrives 'Python subprocess' '^RCPT TO:<bob@example.net>' '^Subject: =?utf-8?'
}

start_secure_upstream up implicit
write_conf 'local-mail = "ops@example.com"' "$(relay up "$UP_PORT" implicit)"
start_posternd
cron
anacron
fail2ban
mdadm
bsd_mailx
git_send_email
php_mail
mutt_send
swaks_pipe
python_smtp_free
is 'nothing was wrong with the protocol' "$(total up breaches)" 0
check 'the spool is empty' wait_for 5 drained
