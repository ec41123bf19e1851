#!/usr/bin/env bash
# Postern as `make install` leaves it, in a mount namespace of its own, and
# the programs of the distribution that find /usr/sbin/sendmail by themselves:
# as an ordinary user and as root.  What came is judged by arrived.py.
# shellcheck disable=SC2016 # what stands in single quotes is for other programs

self=$(basename "$0" .sh)
if test "${1:-}" != inside; then
	for need in unshare setpriv runuser useradd python3 make; do
		command -v "$need" > /dev/null || { echo "skip $self: $need is not there"; exit; }
	done
	test "$(id -u)" -eq 0 || { echo "skip $self: needs root"; exit; }
	test -z "${POSTERN_SANITIZED:-}" || { echo "skip $self: setgid, where sanitizers are off"; exit; }
	unshare -mup -f --mount-proc true 2> /dev/null || { echo "skip $self: no namespaces"; exit; }
	exec unshare -mup -f --kill-child --mount-proc -- "$0" inside
fi

. "$SYSTEM/lib.sh"
. "$SYSTEM/peers.sh"
export -n POSTERN_SPOOL POSTERN_RUN POSTERN_LIBEXEC POSTERN_CONF POSTERN_PROVIDERS
POSTERN_SPOOL=/var/spool/postern
POSTERN_RUN=/run/postern
POSTERN_CONF=/etc/postern/postern.conf
SOURCE=$(cd "$SYSTEM/../.." && pwd)
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
F=$TMP/files
umask 022

# --- a machine of its own ----------------------------------------------------

layer() {	# DIR…: what is written there is gone with this namespace
	local d
	for d; do
		mkdir -p "$TMP/layers/$d/up" "$TMP/layers/$d/work"
		mount -t overlay overlay -o \
		    "lowerdir=$d,upperdir=$TMP/layers/$d/up,workdir=$TMP/layers/$d/work" "$d" || return 1
	done
}

machine() {
	mkdir "$TMP/layers" "$TMP/home" "$F"
	mount -t tmpfs -o mode=755 tmpfs "$TMP/layers" && layer /usr /etc /var &&
	    mount -t tmpfs -o mode=755 tmpfs /run || return 1
	mkdir -p /run/lock /var/spool/cron
	hostname web1
	printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 web1.example.com web1\n' > /etc/hosts
	rm -rf /etc/cron.d/* /etc/crontab /etc/cron.hourly/* /etc/aliases
	useradd -m -d "$TMP/home/alice" -s /bin/bash -c 'Alice Example' alice > /dev/null 2>&1 || return 1
	echo 'alice:correct horse' | chpasswd
	mkdir "$TMP/home/root"
	mkdir -p "$POSTERN_SPOOL" "$TMP/spool"
	mount --bind "$TMP/spool" "$POSTERN_SPOOL"
}

# as USER COMMAND…: with the environment of a new login, without a terminal.
as() {
	local user=$1
	shift
	runuser -u "$user" -- env -i -C "$TMP/home/$user" HOME="$TMP/home/$user" LOGNAME="$user" \
	    USER="$user" PATH="$PATH" SHELL=/bin/sh LANG=C.UTF-8 LC_ALL=C.UTF-8 "$@"
}

# Every build product is there; nothing may be remade while others work on the tree.
install_postern() {	# GOAL [VARIABLE…]
	make -C "$SOURCE" BUILD="$BUILD" -o all -o config.mk -o configure "$@" > "$TMP/install.log" 2>&1
}

# As the unit starts it.
start_daemon() {
	install -d -o postern -g postern -m 0755 "$POSTERN_RUN"
	WRAP=(setpriv --reuid=postern --regid=postern --init-groups --bounding-set=-all --no-new-privs)
	local before
	before=$(starts)
	"${WRAP[@]}" /usr/sbin/posternd -c "$POSTERN_CONF" 2>> "$TMP/posternd.log" &
	POSTERND_PID=$!
	PIDS+=("$POSTERND_PID")
	wait_for 10 eval "test \"\$(starts)\" != '$before'" ||
	    die "posternd did not start: $(tail -n 1 "$TMP/posternd.log")"
}

configure() {
	install -o root -g postern -m 0640 /dev/null /etc/postern/up.password
	echo "$PASSWORD" > /etc/postern/up.password
	cat > "$POSTERN_CONF" <<-EOF
	hostname = "web1.example.com"
	domain = "example.com"
	local-mail = "ops@example.com"
	log { to = "stderr" }
	listen "127.0.0.1:$LISTEN_PORT" { }
	relay up {
	    host = "localhost"
	    port = $UP_PORT
	    tls = "implicit"
	    ca-file = "$CA"
	    user = "$USER_NAME"
	    password-file = "/etc/postern/up.password"
	}
	EOF
}

# --- a row -------------------------------------------------------------------

# want WHAT NAME: true when a command, or a file (a path), is there; else skipped.
want() {
	case $1 in
	/*)	test -e "$1" && return ;;
	*)	command -v "$1" > /dev/null && return ;;
	esac
	skip "$2" "$1 is not installed"
	return 1
}

# sends NAME USER COMMAND…: it ends with 0.  Standard input is the row's.
sends() {
	local name=$1 user=$2 status
	shift 2
	as "$user" "$@" > "$TMP/said" 2>&1
	status=$?
	test "$status" -eq 0 || not_ok "$name" "status $status: $(tail -n 3 "$TMP/said" | tr '\n' '|')"
}

# arrives NAME KEY=VALUE…: see arrived.py.
arrives() {
	local name=$1 why
	shift
	if why=$(python3 "$SYSTEM/arrived.py" "$TMP/up.mail" "${ARRIVE_S:-10}" "$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "$(echo "$why" | tr '\n' '|')"
	fi
}

files() {
	head -c 5000 /dev/urandom > "$F/blob.bin"
	printf '%s\n' 'Grüße aus dem Norden.' . '..two dots' . 'From the beginning, >From.' \
	    $'\ta tab, and blanks at the end  ' '' 'last line' > "$F/text"
	# For callers without -i: there a dot alone ends the message, with every sendmail.
	grep -vx '\.' "$F/text" > "$F/dotless"
	# For those that put an empty line behind.
	{ cat "$F/text"; echo; } > "$F/longer"
	chmod -R a+rX "$F"
}

# --- what is installed -------------------------------------------------------

installed() {
	is 'sendmail: owner, group and mode' "$(stat -c '%U %G %a' /usr/sbin/sendmail)" 'root posterndrop 2755'
	for link in /usr/lib/sendmail /usr/bin/mailq /usr/bin/newaliases; do
		is "$link" "$(readlink -f "$link")" /usr/sbin/sendmail
	done
	is 'the daemon runs as' "$(ps -o user= -p "$POSTERND_PID" | tr -d ' ')" postern
	as alice cat /etc/postern/up.password > /dev/null 2>&1
	is 'a user cannot read the password' "$?" 1
	as alice ls "$POSTERN_SPOOL" > /dev/null 2>&1
	is 'nor look into the spool' "$?" 2
	is 'postern check is content' "$(as root postern check > "$TMP/said" 2>&1; echo $?)" 0
}

# --- jobs ----------------------------------------------------------------------

cron_call() {
	{
		cat <<-'EOF'
		From: root (Cron Daemon)
		To: alice
		Subject: Cron <alice@web1> the call
		MIME-Version: 1.0
		Content-Type: text/plain; charset=UTF-8
		Content-Transfer-Encoding: 8bit
		X-Cron-Env: <SHELL=/bin/sh>

		EOF
		cat "$F/text"
	} | sends 'cron, its call' alice /usr/sbin/sendmail -FCronDaemon -i -B8BITMIME -oem alice
	arrives 'cron, its call' find='subject:the call$' from=alice@example.com rcpt=ops@example.com \
	    body8=8BITMIME From:='root@example.com \(Cron Daemon\)' X-Cron-Env:='<SHELL=/bin/sh>' text="$F/text"
}

# The daemon itself: its first minute is the longest of these tests, so it begins early.
cron_begin() {
	want cron 'cron, the daemon' || return
	echo "* * * * * alice cat '$F/text'" > /etc/cron.d/row
	cron -f 2> "$TMP/cron.log" &
	CRON_PID=$!
	PIDS+=("$CRON_PID")
}

cron_end() {
	test -n "${CRON_PID:-}" || return
	ARRIVE_S=70 arrives 'cron, the daemon' find='subject:^Cron <alice@web1> cat ' from=alice@example.com \
	    rcpt=ops@example.com From:='root@example.com \(Cron Daemon\)' text="$F/text"
	stop "$CRON_PID"
}

anacron_run() {
	want anacron anacron || return
	mkdir "$F/anacron"
	printf 'SHELL=/bin/sh\nMAILTO=root\n1 0 row.job cat "%s"\n' "$F/dotless" > "$F/anacrontab"
	sends anacron root anacron -f -n -d -t "$F/anacrontab" -S "$F/anacron"
	arrives anacron find='subject:row.job' from=root@example.com rcpt=ops@example.com \
	    From:='.*root.*' text="$F/dotless"
}

at_run() {
	want at at && want atd at || return
	install -d -o daemon -g daemon -m 1770 /var/spool/cron/atjobs /var/spool/cron/atspool
	atd -f > "$TMP/atd.log" 2>&1 &
	PIDS+=("$!")
	wait_for 5 test -s /run/atd.pid || not_ok at 'atd did not start'
	echo "cat '$F/dotless'" | sends at alice at now
	arrives at find='subject:^Output from your job' from=alice@example.com rcpt=ops@example.com \
	    text="$F/dotless"
}

sudo_mails() {
	want sudo sudo || return
	cat > /etc/sudoers.d/row <<-'EOF'
	Defaults mail_badpass, mailto = "sudo@example.net", passwd_tries = 1
	Defaults!/bin/true mail_always
	alice ALL = NOPASSWD: /bin/true
	alice ALL = /bin/false
	EOF
	chmod 440 /etc/sudoers.d/row
	sends sudo alice sudo -n /bin/true
	# One when it is allowed, one when it is over.
	arrives 'sudo, mail_always' count=2 find=rcpt:sudo@example.net rcpt=sudo@example.net \
	    Subject:='\*\*\* SECURITY information for web1.* \*\*\*' text-has='^web1.* : alice : .*COMMAND=/bin/true'
	sed -i 's/sudo@/badpass@/' /etc/sudoers.d/row
	echo wrong | as alice sudo -S -k /bin/false > "$TMP/said" 2>&1
	arrives 'sudo, mail_badpass' find=rcpt:badpass@example.net text-has='1 incorrect password attempt'
}

# --- what watches --------------------------------------------------------------

mdadm_test() {
	want mdadm mdadm || return
	mdadm --monitor --test --oneshot --mail=mdadm@example.net /dev/md127 > "$TMP/said" 2>&1
	arrives mdadm find=rcpt:mdadm@example.net from=root@example.com \
	    Subject:='TestMessage event on /dev/md127:.*' From:='.*root.*' text-has='md device /dev/md127'
}

smartd_warns() {
	local script
	script=$(find /etc/smartmontools /usr/share/smartmontools -name smartd_warning.sh 2> /dev/null | head -n 1)
	want "${script:-/usr/share/smartmontools/smartd_warning.sh}" smartd || return
	want mail smartd || return
	SMARTD_MAILER=$(command -v mail) SMARTD_ADDRESS=smartd@example.net SMARTD_DEVICE=/dev/sda \
	    SMARTD_DEVICESTRING='/dev/sda [SAT]' SMARTD_DEVICETYPE=sat SMARTD_FAILTYPE=EmailTest \
	    SMARTD_MESSAGE='TEST EMAIL from smartd' SMARTD_PREVCNT=0 SMARTD_SUBJECT='' \
	    SMARTD_TFIRST="$(date)" SMARTD_TFIRSTEPOCH="$(date +%s)" "$script" > "$TMP/said" 2>&1
	is 'smartd: status' "$?" 0
	arrives smartd find=rcpt:smartd@example.net from=root@example.com \
	    Subject:='SMART error \(EmailTest\) detected on host: web1.*' text-has='TEST EMAIL from smartd'
}

logwatch_mails() {
	want logwatch logwatch || return
	touch /var/log/auth.log /var/log/syslog
	mkdir -p /var/cache/logwatch
	sends logwatch root logwatch --output mail --mailto logwatch@example.net --service zz-sys --detail low
	arrives logwatch find=rcpt:logwatch@example.net from=root@example.com \
	    Subject:='Logwatch for web1.*' text-has='Logwatch End'
}

fail2ban_call() {
	printf 'Subject: [Fail2Ban] sshd: banned 192.0.2.9\nFrom: Fail2Ban <f2b@example.com>\nTo: f2b@example.net\n\nHi,\n' |
	    sends fail2ban root /usr/sbin/sendmail -f "f2b@example.com" "f2b@example.net"
	arrives fail2ban find=rcpt:f2b@example.net from=f2b@example.com \
	    Subject:='\[Fail2Ban\] sshd: banned 192\.0\.2\.9' From:='Fail2Ban <f2b@example.com>' text-has='^Hi,$'
}

listchanges_call() {
	{
		printf 'From: root\nTo: changes@example.net\nSubject: apt-listchanges: news\n\n'
		cat "$F/text"
	} | sends apt-listchanges root /usr/sbin/sendmail -oi -t
	arrives apt-listchanges find=rcpt:changes@example.net from=root@example.com text="$F/text"
}

# The calls without -i: a dot alone ends the message, as sendmail(8) says.
plain_t_call() {
	printf 'To: plain@example.net\nSubject: no -i\n\none\n..two\n.\nthree\n' |
	    sends 'sendmail -t without -i' alice sendmail -t
	printf 'one\n..two\n' > "$F/plain"
	arrives 'sendmail -t without -i' find=rcpt:plain@example.net text="$F/plain"
}

# --- what people type ------------------------------------------------------------

mutt_send() {
	want mutt mutt || return
	sends mutt alice mutt -n -F /dev/null -e 'set from="Alice <alice@example.com>" use_from copy=no' \
	    -e 'set use_envelope_from send_charset=utf-8' -s 'von mutt: Grüße' -a "$F/blob.bin" -- mutt@example.net \
	    < "$F/text"
	arrives mutt find=rcpt:mutt@example.net rcpt=mutt@example.net from=alice@example.com \
	    Subject:='von mutt: Grüße' From:='Alice <alice@example.com>' text="$F/text" part:blob.bin="$F/blob.bin"
}

bsd_mailx() {
	want bsd-mailx bsd-mailx || return
	sends bsd-mailx alice bsd-mailx -s 'from bsd-mailx' -c cc@example.net -b bcc@example.net bsdmailx@example.net < "$F/text"
	arrives bsd-mailx find=rcpt:bsdmailx@example.net rcpt=bsdmailx@example.net,cc@example.net,bcc@example.net \
	    from=alice@example.com Subject:='from bsd-mailx' no=Bcc text="$F/text"
}

s_nail() {
	want s-nail s-nail || return
	sends s-nail alice s-nail -:/ -S sendcharsets=utf-8 -s 'from s-nail' -a "$F/blob.bin" -b bcc2@example.net \
	    -r alice@example.com snail@example.net < "$F/text"
	arrives s-nail find=rcpt:snail@example.net rcpt=snail@example.net,bcc2@example.net from=alice@example.com \
	    Subject:='from s-nail' no=Bcc text="$F/text" part:blob.bin="$F/blob.bin"
}

mailutils() {
	want mail.mailutils mailutils || return
	sends mailutils alice mail.mailutils -s 'from mailutils' mailutils@example.net < "$F/dotless"
	arrives mailutils find=rcpt:mailutils@example.net from=alice@web1.example.com Subject:='from mailutils' \
	    text="$F/dotless"
}

procmail_forward() {
	want procmail procmail || return
	printf ':0\n! forward@example.net\n' > "$TMP/home/alice/rc"
	{
		printf 'From: bob@example.org\nTo: alice\nSubject: forwarded\n\n'
		cat "$F/text"
	} | sends procmail alice procmail -m "$TMP/home/alice/rc"
	arrives procmail find=rcpt:forward@example.net rcpt=forward@example.net From:=bob@example.org text="$F/longer"
}

git_send_email() {
	want git 'git send-email' || return
	if ! git send-email --dump-aliases > /dev/null 2>&1 < /dev/null; then
		skip 'git send-email' 'not installed, or without its Perl modules'
		return
	fi
	cat > "$F/git.sh" <<-'EOF'
	set -e
	git init -q repo
	cd repo
	git config user.name Alice
	git config user.email alice@example.com
	printf 'a file with ünïcode\n.\n' > file
	git add file
	git commit -q -m 'first: add a file'
	git send-email --quiet --to=git@example.net --cc=gitcc@example.net --confirm=never \
	    --suppress-cc=all --8bit-encoding=UTF-8 --envelope-sender=auto -1
	EOF
	sends 'git send-email' alice sh "$F/git.sh"
	arrives 'git send-email' find=rcpt:git@example.net rcpt=git@example.net,gitcc@example.net \
	    from=alice@example.com Subject:='\[PATCH\] first: add a file' text-has='^\+a file with ünïcode$'
}

# --- libraries ---------------------------------------------------------------------

php_mail() {
	want php 'PHP mail()' || return
	cat > "$F/mail.php" <<-'EOF'
	<?php
	exit(mail("php@example.net", "from php", file_get_contents($argv[1]),
	    "From: app@example.com\r\nBcc: hidden@example.net", "-fbounce@example.com") ? 0 : 1);
	EOF
	sends 'PHP mail()' alice php "$F/mail.php" "$F/text"
	arrives 'PHP mail()' find=rcpt:php@example.net rcpt=php@example.net,hidden@example.net \
	    from=bounce@example.com Subject:='from php' From:=app@example.com no=Bcc text="$F/longer"
}

phpmailer() {
	want php PHPMailer && want /usr/share/php/libphp-phpmailer/src/PHPMailer.php PHPMailer || return
	cat > "$F/phpmailer.php" <<-'EOF'
	<?php
	require '/usr/share/php/libphp-phpmailer/src/Exception.php';
	require '/usr/share/php/libphp-phpmailer/src/PHPMailer.php';
	$m = new PHPMailer\PHPMailer\PHPMailer(true);
	$m->isSendmail();
	$m->CharSet = 'UTF-8';
	$m->setFrom('app@example.com', 'Die Änwendung');
	$m->addAddress('phpmailer@example.net', 'Bob');
	$m->addBCC('hidden2@example.net');
	$m->Subject = 'from PHPMailer: Grüße';
	$m->Body = file_get_contents($argv[1]);
	$m->addAttachment($argv[2]);
	$m->send();
	EOF
	sends PHPMailer alice php "$F/phpmailer.php" "$F/text" "$F/blob.bin"
	arrives PHPMailer find=rcpt:phpmailer@example.net rcpt=phpmailer@example.net,hidden2@example.net \
	    from=app@example.com Subject:='from PHPMailer: Grüße' From:='Die Änwendung <app@example.com>' \
	    no=Bcc text-has='^Grüße aus dem Norden\.$' part:blob.bin="$F/blob.bin"
}

symfony() {	# NAME COMMAND RECIPIENT
	want php "$1" && want /usr/share/php/Symfony/Component/Mailer/autoload.php "$1" || return
	cat > "$F/symfony.php" <<-'EOF'
	<?php
	require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
	use Symfony\Component\Mailer\Transport\SendmailTransport;
	use Symfony\Component\Mailer\Mailer;
	use Symfony\Component\Mime\Email;
	$mailer = new Mailer(new SendmailTransport($argv[1]));
	foreach (['', '2.'] as $prefix)
		$mailer->send((new Email())->from('app@example.com')->to($prefix . $argv[2])->bcc('hidden3@example.net')
		    ->subject('from Symfony: Grüße')->text(file_get_contents($argv[3]))->attachFromPath($argv[4]));
	EOF
	sends "$1" alice php "$F/symfony.php" "$2" "$3" "$F/text" "$F/blob.bin"
	arrives "$1" find="rcpt:$3" rcpt="$3,hidden3@example.net" from=app@example.com \
	    Subject:='from Symfony: Grüße' no=Bcc text="$F/text" part:blob.bin="$F/blob.bin"
	arrives "$1, the second in one session" find="rcpt:2.$3" text="$F/text"
}

mime_lite() {
	want /usr/share/perl5/MIME/Lite.pm MIME::Lite || return
	cat > "$F/lite.pl" <<-'EOF'
	use MIME::Lite;
	my ($text, $blob) = @ARGV;
	my $m = MIME::Lite->new(From => 'app@example.com', To => 'lite@example.net', Bcc => 'hidden4@example.net',
	    Subject => 'from MIME::Lite', Type => 'multipart/mixed');
	$m->attach(Type => 'TEXT', Path => $text, Encoding => 'quoted-printable');
	$m->attach(Type => 'application/octet-stream', Path => $blob, Filename => 'blob.bin');
	$m->send or die 'not sent';
	EOF
	sends MIME::Lite alice perl "$F/lite.pl" "$F/text" "$F/blob.bin"
	arrives MIME::Lite find=rcpt:lite@example.net rcpt=lite@example.net,hidden4@example.net \
	    Subject:='from MIME::Lite' no=Bcc text="$F/text" part:blob.bin="$F/blob.bin"
}

ruby_mail() {
	want ruby 'Ruby mail' && want /usr/lib/ruby/vendor_ruby/mail.rb 'Ruby mail' || return
	cat > "$F/mail.rb" <<-'EOF'
	require 'mail'
	m = Mail.new(charset: 'UTF-8')
	m.from = 'app@example.com'
	m.to = 'ruby@example.net'
	m.bcc = 'hidden5@example.net'
	m.subject = 'from Ruby: Grüße'
	m.body = 'Grüße aus dem Norden.'
	m.add_file ARGV[0]
	m.delivery_method :sendmail
	m.deliver!
	EOF
	sends 'Ruby mail' alice ruby "$F/mail.rb" "$F/blob.bin"
	arrives 'Ruby mail' find=rcpt:ruby@example.net rcpt=ruby@example.net,hidden5@example.net \
	    from=app@example.com Subject:='from Ruby: Grüße' no=Bcc text-has='^Grüße aus dem Norden\.' \
	    part:blob.bin="$F/blob.bin"
}

python_pipe() {
	want /usr/bin/python3 'Python, a pipe' || return
	cat > "$F/pipe.py" <<-'EOF'
	import subprocess, sys
	from email.message import EmailMessage
	m = EmailMessage()
	m["From"], m["To"], m["Subject"] = "app@example.com", "Bob <python@example.net>", "from Python: Grüße"
	m.set_content(open(sys.argv[1], encoding="utf-8").read())
	m.add_attachment(open(sys.argv[2], "rb").read(), maintype="application", subtype="octet-stream", filename="blob.bin")
	subprocess.run(["/usr/sbin/sendmail", "-t", "-oi"], input=m.as_bytes(), check=True)
	EOF
	sends 'Python, a pipe' alice /usr/bin/python3 "$F/pipe.py" "$F/text" "$F/blob.bin"
	arrives 'Python, a pipe' find=rcpt:python@example.net from=alice@example.com \
	    Subject:='from Python: Grüße' text="$F/text" part:blob.bin="$F/blob.bin"
}

nodemailer() {
	want node nodemailer && want /usr/share/nodejs/nodemailer/package.json nodemailer || return
	cat > "$F/mail.js" <<-'EOF'
	const nodemailer = require('/usr/share/nodejs/nodemailer');
	const fs = require('fs');
	nodemailer.createTransport({ sendmail: true }).sendMail({
	    from: 'app@example.com', to: 'node@example.net', bcc: 'hidden6@example.net',
	    subject: 'from nodemailer: Grüße', text: fs.readFileSync(process.argv[2]),
	    attachments: [{ path: process.argv[3] }],
	}, (e) => { if (e) { console.error(e); process.exit(1); } });
	EOF
	sends nodemailer alice node "$F/mail.js" "$F/text" "$F/blob.bin"
	arrives nodemailer find=rcpt:node@example.net rcpt=node@example.net,hidden6@example.net from=app@example.com \
	    Subject:='from nodemailer: Grüße' no=Bcc text="$F/text" part:blob.bin="$F/blob.bin"
}

# --- SMTP, to the listener -----------------------------------------------------

# smtplib itself writes >From.
python_smtplib() {
	local n
	want /usr/bin/python3 "Python's smtplib" || return
	sed 's/^From />&/' "$F/text" > "$F/mangled"
	cat > "$F/smtp.py" <<-'EOF'
	import smtplib, sys
	from email.message import EmailMessage
	def message(n):
	    m = EmailMessage()
	    m["From"], m["To"], m["Bcc"] = "app@example.com", f"Bob <smtplib{n}@example.net>", "hidden7@example.net"
	    m["Subject"] = f"from smtplib: Grüße {n}"
	    m.set_content(open(sys.argv[2], encoding="utf-8").read(), cte="8bit")
	    m.add_attachment(open(sys.argv[3], "rb").read(), maintype="application", subtype="octet-stream",
	        filename="blob.bin")
	    return m
	with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as s:
	    for n in 1, 2:
	        assert s.send_message(message(n)) == {}
	    assert s.noop()[0] == 250
	    try:
	        s.sendmail("app@example.com", ["no@@address"], "x")
	        sys.exit("it took no@@address")
	    except smtplib.SMTPRecipientsRefused as e:
	        assert e.recipients["no@@address"][0] == 501
	EOF
	sends "Python's smtplib" alice /usr/bin/python3 "$F/smtp.py" "$LISTEN_PORT" "$F/text" "$F/blob.bin"
	for n in 1 2; do
		arrives "Python's smtplib, $n of a session" find="rcpt:smtplib$n@example.net" from=app@example.com \
		    rcpt="smtplib$n@example.net,hidden7@example.net" Subject:="from smtplib: Grüße $n" no=Bcc \
		    text="$F/mangled" part:blob.bin="$F/blob.bin"
	done
}

nodemailer_smtp() {
	want node 'nodemailer, SMTP' && want /usr/share/nodejs/nodemailer/package.json 'nodemailer, SMTP' || return
	cat > "$F/smtp.js" <<-'EOF'
	const nodemailer = require('/usr/share/nodejs/nodemailer');
	const fs = require('fs');
	nodemailer.createTransport({ host: '127.0.0.1', port: +process.argv[2] }).sendMail({
	    from: 'app@example.com', to: 'nodesmtp@example.net', bcc: 'hidden8@example.net',
	    subject: 'from nodemailer: Grüße', text: fs.readFileSync(process.argv[3]),
	    attachments: [{ path: process.argv[4] }],
	    dsn: { id: 'q1', return: 'headers', notify: ['failure'], recipient: 'app@example.com' },
	}, (e) => { if (e) { console.error(e); process.exit(1); } process.exit(0); });
	EOF
	sends 'nodemailer, SMTP' alice node "$F/smtp.js" "$LISTEN_PORT" "$F/text" "$F/blob.bin"
	arrives 'nodemailer, SMTP' find=rcpt:nodesmtp@example.net from=app@example.com \
	    rcpt=nodesmtp@example.net,hidden8@example.net Subject:='from nodemailer: Grüße' no=Bcc \
	    text="$F/text" part:blob.bin="$F/blob.bin"
}

# --- sendmail -bs ------------------------------------------------------------------

dialogues() {
	if ! test -x /usr/libexec/postern/postern-stdio; then
		skip 'sendmail -bs' 'postern-stdio is not built'
		return
	fi
	symfony 'Symfony, -bs' '/usr/sbin/sendmail -bs' symfonybs@example.net
	want swaks 'swaks --pipe' || return
	sends 'swaks --pipe' alice swaks --pipe '/usr/sbin/sendmail -bs' --from alice@example.com \
	    --to swaks@example.net --h-Subject 'from swaks' --body "$F/text" --attach-type application/octet-stream \
	    --attach-name blob.bin --attach "@$F/blob.bin"
	arrives 'swaks --pipe' find=rcpt:swaks@example.net from=alice@example.com Subject:='from swaks' \
	    text-has='^Grüße aus dem Norden\.$' part:blob.bin="$F/blob.bin"
}

# --- what looks at the queue ---------------------------------------------------------

check_mailq() {	# NAME STATUS PATTERN OPTION…
	local name=$1 status=$2 pattern=$3 got
	shift 3
	as alice "$CHECK_MAILQ" -w 2 -c 5 "$@" > "$TMP/said" 2>&1
	got=$?
	if test "$got" -eq "$status" && grep -Eq "$pattern" "$TMP/said"; then
		ok "check_mailq $*: $name"
	else
		not_ok "check_mailq $*: $name" "status $got: $(head -n 2 "$TMP/said" | tr '\n' '|')"
	fi
}

plugins() {	# NAME STATUS PATTERN
	test -n "$CHECK_MAILQ" || return
	check_mailq "$1" "$2" "$3" -M sendmail
	check_mailq "$1" "$2" "$3" -M postfix
}

waiting_for_relay() {
	stop "$UP_PID"
	local i
	for i in 1 2 3; do
		printf 'To: later%d@example.net\nSubject: waits\n\n.\n' "$i" | as alice sendmail -t -oi
	done
	wait_for 10 eval 'test "$(as alice mailq | grep -c later)" -eq 3' || not_ok mailq 'the three are not in it'
}

monitors() {
	CHECK_MAILQ=$(find /usr/lib/nagios /usr/lib64/nagios -name check_mailq 2> /dev/null | head -n 1)
	test -n "$CHECK_MAILQ" || skip check_mailq 'it is not installed'
	wait_for 10 drained
	is 'mailq | tail -1: empty' "$(as alice mailq | tail -n 1)" 'Mail queue is empty'
	is "mailq | grep -c '^[A-F0-9]': empty" "$(as alice mailq | grep -c '^[A-F0-9]')" 0
	plugins empty 0 '^OK'
	waiting_for_relay
	is 'mailq | tail -1: three' "$(as alice mailq | tail -n 1 | sed 's/-- [0-9]* //')" 'Kbytes in 3 Requests.'
	is "mailq | grep -c '^[A-F0-9]': three" "$(as alice mailq | grep -c '^[A-F0-9]')" 3
	is "mailq | awk '{print \$5}' of the last line: three" "$(as alice mailq | tail -n 1 | awk '{print $5}')" 3
	is "mailq | grep 'Total requests:': three" "$(as alice mailq | awk '/Total requests:/ { print $NF }')" 3
	is "mailq | grep -v 'is empty': three" "$(as alice mailq | grep -v 'is empty' | grep -c later)" 3
	plugins 'three queued' 1 '^WARNING.*3'
	stop "$POSTERND_PID"
	plugins 'the daemon is down' 2 '^CRITICAL'
	printf 'Subject: down\n\nx\n' | as alice sendmail down@example.net
	is 'sendmail with the daemon down: status' "$?" 0
}

# Four were accepted while nothing could leave; then they do.
comes_back() {
	start_secure_upstream up implicit
	configure
	start_daemon
	arrives 'what waited leaves when the relay is back' find=rcpt:down@example.net
	check 'the spool is empty' wait_for 10 drained
}

removed() {
	install_postern uninstall
	is 'uninstall: the old sendmail is back' "$(/usr/bin/sha1sum < /usr/sbin/sendmail)" "$OLD"
	check 'uninstall: the configuration stays' test -e "$POSTERN_CONF"
}

machine || { skip "$self" 'no overlay file system here'; exit; }
if test -e /usr/sbin/sendmail && ! grep -aq '(Postern)' /usr/sbin/sendmail; then
	OLD=$(sha1sum < /usr/sbin/sendmail)
	install_postern install
	is 'install: another mail server is not pushed aside' "$? $(grep -c 'belongs to another' "$TMP/install.log")" '2 4'
fi
install_postern install REPLACE=1 || die "make install: $(tail -n 3 "$TMP/install.log" | tr '\n' '|')"
files
start_secure_upstream up implicit
LISTEN_PORT=$(free_port)
configure
start_daemon
installed
cron_begin
for row in cron_call anacron_run at_run sudo_mails mdadm_test smartd_warns logwatch_mails fail2ban_call \
    listchanges_call plain_t_call mutt_send bsd_mailx s_nail mailutils procmail_forward git_send_email \
    php_mail phpmailer mime_lite ruby_mail python_pipe nodemailer python_smtplib \
    nodemailer_smtp dialogues; do
	"$row"
done
symfony 'Symfony, -t' '/usr/sbin/sendmail -t -i' symfony@example.net
cron_end
is 'nothing was wrong with the protocol' "$(total up breaches)" 0
monitors
comes_back
test -z "${OLD:-}" || removed
