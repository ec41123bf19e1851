#!/usr/bin/env bash
# postern import: what each mail system's configuration becomes passes
# `postern check`, shows no password, and is never put over another unasked;
# and mail goes by it.
# shellcheck disable=SC1091,SC2016
. "$SYSTEM/lib.sh"

. "$SYSTEM/import.sh"

# --- nothing here ---------------------------------------------------------

mkdir -p "$ROOT/etc"
import
is 'nothing here: said with its status' "$STATUS" 66
import ssmtp
is 'a source that is not here' "$STATUS" 66
check 'is named with its path' says "there is no $ROOT/etc/ssmtp/ssmtp.conf"
import sendmail
is 'a source that there is not' "$STATUS" 64

# --- as packages leave them -----------------------------------------------

put /etc/ssmtp/ssmtp.conf <<'EOF'
# the keys of the file that a package brings
root=postmaster
mailhub=mail
#rewriteDomain=
hostname=web1
#FromLineOverride=YES
EOF
put /etc/dma/dma.conf <<'EOF'
#SMARTHOST
#PORT 25
ALIASES /etc/aliases
SPOOLDIR /var/spool/dma
#AUTHPATH /etc/dma/auth.conf
#SECURETRANSFER
MAILNAME /etc/mailname
EOF
put /etc/exim4/update-exim4.conf.conf <<'EOF'
dc_eximconfig_configtype='local'
dc_other_hostnames='web1.example.com'
dc_local_interfaces='127.0.0.1 ; ::1'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='false'
dc_relay_nets=''
dc_smarthost=''
CFILEMODE='644'
dc_use_split_config='false'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
EOF
put /etc/postfix/main.cf <<'EOF'
smtpd_banner = $myhostname ESMTP $mail_name
biff = no
append_dot_mydomain = no
readme_directory = no
compatibility_level = 3.6
smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem
smtpd_tls_security_level=may
smtp_tls_CApath=/etc/ssl/certs
smtp_tls_security_level=may
smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = web1.example.com
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
mydestination = $myhostname, web1, localhost.localdomain, localhost
relayhost =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = loopback-only
inet_protocols = all
EOF
echo web1.example.com | put /etc/mailname
takes_over ssmtp
check 'ssmtp as a package leaves it: in the clear, and says so' conf_says 'goes to mail in the clear'
for source in dma exim postfix; do
	import $source
	is "$source as a package leaves it: delivers by itself" "$STATUS" 65
	check "$source: and is told so" says 'names no relay'
done
sed -i 's/^relayhost =.*/relayhost = [mail.example.net]:587/' "$ROOT/etc/postfix/main.cf"
takes_over postfix
check 'postfix with a relayhost alone: the rest of its file is known' \
    bash -c "! grep -q 'not known here' '$TO/postern.conf'"

# --- as people write them -------------------------------------------------

put /etc/ssmtp/ssmtp.conf <<'EOF'
root=ops@example.com
mailhub=smtp.gmail.com:587
rewriteDomain=example.com
hostname=web1.example.com
FromLineOverride=YES
UseTLS=YES
UseSTARTTLS=YES
AuthUser=ops@example.com
AuthPass=abcd efgh ijkl mnop
EOF
put /etc/ssmtp/revaliases <<'EOF'
root:ops@example.com:smtp.gmail.com:587
www-data:web@example.com
EOF
takes_over ssmtp 'abcd efgh ijkl mnop'
check 'ssmtp: a provider has its name' conf_says '^ provider = "gmail" # /etc/ssmtp/ssmtp.conf:2$'
check 'ssmtp: and no port of its own' bash -c "! grep -q 'port =' '$TO/postern.conf'"
check 'ssmtp: one mailhub is one relay' test "$(grep -c '^relay ' "$TO/postern.conf")" = 1
check 'ssmtp: senders by user' grep -qE $'^www-data\tweb@example.com' "$TO/senders"

put /etc/msmtprc <<'EOF'
defaults
auth           on
tls            on
tls_trust_file /etc/ssl/certs/ca-certificates.crt
syslog         LOG_MAIL
aliases        /etc/aliases

account        gmail
host           smtp.gmail.com
port           587
from           ops@gmail.com
user           ops@gmail.com
password       "a \ b'c"

account        work
host           mail.work.example
from           *@work.example
user           me
passwordeval   "gpg --quiet -d /etc/work.gpg"

account default : gmail
EOF
printf 'root: ops\ndefault: ops@example.com\n' | put /etc/aliases
takes_over msmtp "a \\ b'c"
check 'msmtp: mail of an account goes by it' conf_says '^ sender = "\*@work.example" # /etc/msmtprc:17$'
check 'msmtp: a command for a password is run here, too' conf_says '^ password-command = \{ "/bin/sh", "-c", "gpg --quiet -d /etc/work.gpg" \}'
check 'msmtp: and who runs it is said' conf_says '/etc/msmtprc:19: passwordeval: '

put /etc/nullmailer/remotes <<'EOF'
smtp.fastmail.com smtp --port=465 --ssl --user=me@example.com --pass='p w"d'
backup.example.net smtp --port=587 --starttls
EOF
echo web1.example.com | put /etc/nullmailer/me
echo ops@example.com | put /etc/nullmailer/adminaddr
echo example.com | put /etc/nullmailer/defaultdomain
echo 86400 | put /etc/nullmailer/maxpause
takes_over nullmailer 'p w"d'
check 'nullmailer: the second is the second' conf_says '^relay "backup.example.net"'

put /etc/dma/dma.conf <<'EOF'
SMARTHOST email-smtp.eu-west-1.amazonaws.com
PORT 587
AUTHPATH /etc/dma/auth.conf
SECURETRANSFER
STARTTLS
MASQUERADE ops@example.com
EOF
echo 'AKIAX|email-smtp.eu-west-1.amazonaws.com:B/x|y:z=' | put /etc/dma/auth.conf
takes_over dma 'B/x|y:z='
check 'dma: a region is part of the name' conf_says '^ provider = "ses-eu-west-1"'

put /etc/postfix/main.cf <<'EOF'
myhostname = web1.example.com
myorigin = /etc/mailname
relayhost = [mail.example.net]:587
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
smtp_sender_dependent_authentication = yes
sender_dependent_relayhost_maps = hash:/etc/postfix/relayhosts
smtp_sasl_security_options = noanonymous
smtp_tls_security_level = encrypt
smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt
smtp_generic_maps = hash:/etc/postfix/generic
mynetworks = 127.0.0.0/8, 192.168.1.0/24
inet_interfaces = all
message_size_limit = 20480000
EOF
put /etc/postfix/sasl_passwd <<'EOF'
[mail.example.net]:587   me:first:one
shop@example.com         shop:second
EOF
put /etc/postfix/relayhosts <<'EOF'
shop@example.com   [smtp.fastmail.com]:587
EOF
put /etc/postfix/generic <<'EOF'
root@web1.example.com   ops@example.com
@web1.example.com       @example.com
EOF
takes_over postfix first:one second
check 'postfix: its door' conf_says '^ allow = \{ "127.0.0.0/8", "192.168.1.0/24" \} # /etc/postfix/main.cf:12$'
check 'postfix: its addresses' grep -qE $'^\*@web1.example.com\t\*@example.com' "$TO/addresses"

put /etc/exim4/update-exim4.conf.conf <<'EOF'
dc_eximconfig_configtype='satellite'
dc_other_hostnames='web1.example.com'
dc_local_interfaces='127.0.0.1 ; ::1'
dc_readhost='example.com'
dc_relay_nets=''
dc_smarthost='smtp.office365.com::587'
dc_hide_mailname='true'
EOF
echo '*.office365.com:ops@example.com:exim^pass' | put /etc/exim4/passwd.client
echo 'alice: alice@example.com' | put /etc/email-addresses
takes_over exim 'exim^pass'
check 'exim: its smarthost has a name' conf_says '^ provider = "m365"'

put /etc/esmtprc <<'EOF'
hostname = smtp.gmail.com:587
username = "ops@gmail.com"
password = "esmtp pass"
starttls = required
mda = "/usr/bin/procmail -d %T"
EOF
takes_over esmtp 'esmtp pass'

import
is 'all that is here is listed' "$(grep -c 'postern import ' "$OUT")" 7

keeps_secrets

# --- what is there already ------------------------------------------------

import ssmtp --write --to "$TO"
is 'another configuration is there: refused when nobody can be asked' "$STATUS" 64
check 'and shown' says '-relay "default"'
check 'and left alone' grep -q esmtp "$TO/postern.conf"
import ssmtp --write --to "$TO" --yes
is '--yes replaces it' "$STATUS" 0
check 'with the other' grep -q /etc/ssmtp "$TO/postern.conf"
import ssmtp --write --to "$TO"
is 'the same again is no question' "$STATUS" 0
printf 'other secret\n' > "$TO/mailhub.password"
import ssmtp --write --to "$TO"
is 'another password is one' "$STATUS" 64
check 'and neither is shown' bash -c "! grep -qE 'other secret|abcd' '$OUT'"
import ssmtp --write --to "$TMP/nowhere"
is 'a folder that is not there' "$STATUS" 73

# --- all of it or nothing -------------------------------------------------

# Room for the new password beside the old one, but not for the new configuration beside both.
on_a_full_disk() {	# FOLDER, which has an old configuration and an old password
	unshare -m bash -c 'set -e; mount -t tmpfs -o size=12k none "$1"; echo old > "$1/a0.password"; echo old > "$1/postern.conf"
	    status=0; "$2" import msmtp --root "$3" --write --to "$1" --yes || status=$?; cat "$1"/* > "$4"; exit $status' - "$1" \
	    "$BUILD/postern" "$ROOT" "$TMP/there" > "$OUT" 2>&1
}
for ((i = 0; i < 40; i++)); do
	printf 'account a%d\nhost smtp%d.example.net\ntls on\nauth on\nuser ops@example.com\n' "$i" "$i"
	test "$i" -ne 0 || printf 'password %s\n' "$PASSWORD"
done | put /etc/msmtprc
if test "$(id -u)" -ne 0 || ! unshare -m true 2> /dev/null; then
	skip 'a full disk' 'needs root and a file system of its own'
else
	mkdir "$TMP/full"
	on_a_full_disk "$TMP/full"
	is 'a full disk: said' "$? $(grep -c 'postern.conf: No space left on device' "$OUT")" '73 1'
	is 'a full disk: all is as it was' "$(cat "$TMP/there")" $'old\nold'
fi

# --- and mail goes by it --------------------------------------------------

make_pki
start_secure_upstream up starttls
put /etc/msmtprc <<EOF
account default
host localhost
port $UP_PORT
tls on
tls_trust_file $CA
auth on
from ops@example.com
user $USER_NAME
password "$PASSWORD"
EOF
rm -rf "$TO"
mkdir "$TO"
import msmtp --write --to "$TO"
chmod 755 "$TO"
test -z "$(daemon_user)" || chown "$(daemon_user)" "$TO"/*.password
POSTERN_CONF=$TO/postern.conf
sed -i '/^aliases/d' "$POSTERN_CONF"
printf 'aliases = "%s"\nlog { to = "stderr" }\n' "$TMP/aliases" >> "$POSTERN_CONF"
start_posternd
printf 'Subject: imported\n\nhello\n' | post bob@example.net
check 'a message goes by what was imported' wait_for 20 has_arrived up 1
check 'with the login and the sender that were imported' grep -rqE '^(AUTH|MAIL FROM:<)ops@example.com' "$TMP/up.mail"
