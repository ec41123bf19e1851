#!/usr/bin/env bash
# postern import, on the files that packages bring and on those that people
# have: each thing that is said becomes a line or is listed, and postern
# check takes the whole.
# shellcheck disable=SC1091,SC2016
. "$SYSTEM/lib.sh"
. "$SYSTEM/import.sh"

UNPACKED=$SYSTEM/../../build-unpacked

brings() {	# PACKAGE FILE TO: a package's own file, at its place; or why not
	if test -e "$UNPACKED/$1$2"; then
		put "$3" < "$UNPACKED/$1$2"
		return
	fi
	skip "$1: its own files" 'not unpacked; make deps-peers'
	return 1
}

relays() {	# how many there are
	grep -c '^relay ' "$TO/postern.conf"
}

left() {	# how many things are listed
	grep -c '^#   ' "$TO/postern.conf"
}

all_known() {
	! grep -qE 'not known here|not understood' "$TO/postern.conf"
}

delivers_itself() {
	import "$1"
	is "$1, as the package brings it: delivers by itself" "$STATUS" 65
}

# --- what packages bring --------------------------------------------------
# The files of ssmtp and nullmailer, and Exim's update-exim4.conf.conf, are
# made when they are installed: 56-import.sh has them as they are then.

echo web1.example.com | put /etc/mailname
if brings dma /usr/share/dma/dma.conf /etc/dma/dma.conf; then
	put /etc/dma/auth.conf < "$UNPACKED/dma/etc/dma/auth.conf"
	delivers_itself dma
	sed -i 's/^#*SMARTHOST.*/SMARTHOST mail.example.net/' "$ROOT/etc/dma/dma.conf"
	takes_over dma
	check 'dma, with a smarthost: it is the relay' conf_says '^ host = "mail.example.net"'
	is 'dma: that it is in the clear is all there is to say' "$(left)" 1
fi
if brings postfix /usr/share/postfix/main.cf.dist /etc/postfix/main.cf; then
	delivers_itself postfix
	echo 'relayhost = [mail.example.net]:587' >> "$ROOT/etc/postfix/main.cf"
	takes_over postfix
	check 'postfix, with a relayhost: the rest of its file is known' all_known
	is 'postfix: a relay' "$(relays)" 1
	cat "$UNPACKED"/postfix/usr/share/postfix/main.cf.{debian,tls} | put /etc/postfix/main.cf
	delivers_itself postfix
	echo 'relayhost = [mail.example.net]:587' >> "$ROOT/etc/postfix/main.cf"
	takes_over postfix
	check "postfix, as Debian has it: it is known" all_known
	check 'postfix: TLS where it was tried' conf_says '^ tls = "starttls"'
fi
if brings msmtp /usr/share/doc/msmtp/examples/msmtprc-system.example /etc/msmtprc; then
	takes_over msmtp
	is "msmtp's own example: a relay" "$(relays)" 1
	check 'msmtp: with its way of TLS' conf_says '^ tls = "implicit" # /etc/msmtprc:14$'
	is 'msmtp: two things to look at' "$(left)" 2
	brings msmtp /usr/share/doc/msmtp/examples/msmtprc-user.example /etc/msmtprc
	takes_over msmtp
	is "msmtp's example for a user: its accounts" "$(relays)" 3
	check 'msmtp: the default is for all' conf_says '^relays = \{ "freemail" \}'
	check 'msmtp: an account that inherits' conf_says '^ sender = "joey@freemail.example"'
fi
if brings esmtp /usr/share/doc/esmtp/examples/sample.esmtprc /etc/esmtprc; then
	takes_over esmtp PASSWORD secret
	is "esmtp's own sample: its identities" "$(relays)" 2
	check 'esmtp: one is chosen by its sender' conf_says '^ sender = "myself@somewhere.com"'
fi
if brings exim4-config /etc/exim4/passwd.client /etc/exim4/passwd.client; then
	put /etc/email-addresses < "$UNPACKED/exim4-config/etc/email-addresses"
	put /etc/exim4/update-exim4.conf.conf <<-'EOF'
	dc_eximconfig_configtype='satellite'
	dc_other_hostnames='web1.example.com'
	dc_local_interfaces='127.0.0.1 ; ::1'
	dc_smarthost='mail.example.net'
	dc_hide_mailname='true'
	dc_readhost='example.com'
	EOF
	takes_over exim
	check 'exim: its comments are none of its logins' all_known
	is 'exim: a relay' "$(relays)" 1
fi
if brings ssmtp /etc/ssmtp/revaliases /etc/ssmtp/revaliases; then
	printf 'root=postmaster\nmailhub=mail\nhostname=web1\n' | put /etc/ssmtp/ssmtp.conf
	takes_over ssmtp
	check 'ssmtp: its comments are nobody' test ! -e "$TO/senders"
fi

# --- what people have -----------------------------------------------------

rm -rf "$ROOT"
put /etc/msmtprc <<'EOF'
# a laptop with two accounts and a work one
defaults
auth           on
tls            on
tls_trust_file /etc/ssl/certs/ca-certificates.crt
logfile        ~/.msmtp.log

account        gmail
host           smtp.gmail.com
port           587
from           me@gmail.com
user           me@gmail.com
passwordeval   "gpg --quiet --for-your-eyes-only --no-tty --decrypt ~/.msmtp-gmail.gpg"

account        gmail-implicit : gmail
port           465
tls_starttls   off
from           other@gmail.com
user           other@gmail.com
passwordeval   "pass show mail/other"

account        work
host           smtp.office.example
port           587
from           me@office.example
user           OFFICE\me
password       "sp ce d"

account default: work
aliases        /etc/msmtp_aliases
EOF
printf 'root: me@office.example\ndefault: me@office.example\n' | put /etc/msmtp_aliases
takes_over msmtp 'sp ce d'
is 'msmtp: three accounts' "$(relays)" 3
check 'msmtp: the default' conf_says '^relays = \{ "work" \}'
is 'msmtp: both ways to Gmail are the provider' "$(grep -c 'provider = "gmail"' "$TO/postern.conf")" 2
check 'msmtp: pass' conf_says '"-c", "pass show mail/other" \}'
check 'msmtp: a backslash in a name' conf_says '^ user = "OFFICE\\\\me"'
check "msmtp: the system's authorities are the default" bash -c "! grep -q ca-file '$TO/postern.conf'"
check 'msmtp: who is not in its aliases' conf_says '^local-mail = "me@office.example" # /etc/msmtp_aliases:2'

put /etc/postfix/main.cf <<'EOF'
myhostname = web1.example.com
mydomain = example.com
myorigin = $mydomain
relayhost = [smtp.gmail.com]:587
smtp_use_tls = yes
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = hash:/etc/postfix/sasl_passwd
smtp_sender_dependent_authentication = yes
sender_dependent_relayhost_maps = texthash:/etc/postfix/sender_relay
smtp_tls_CAfile = /etc/ssl/certs/ca-certificates.crt
smtp_generic_maps = regexp:/etc/postfix/generic_re, hash:/etc/postfix/generic
smtp_header_checks = pcre:/etc/postfix/smtp_header_checks
inet_interfaces = loopback-only
mynetworks = 127.0.0.0/8 [::1]/128
EOF
put /etc/postfix/sasl_passwd <<'EOF'
# by host and port, by host alone, and by sender
[smtp.gmail.com]:587        ops@gmail.com:abcd efgh ijkl mnop
mail.example.net            hostlogin:by-host
shop@example.com            shoplogin:by-sender
EOF
put /etc/postfix/sender_relay <<'EOF'
shop@example.com            [mail.shop.example]:587
@news.example.com           mail.example.net
EOF
echo 'root@web1.example.com     ops@example.com' | put /etc/postfix/generic
takes_over postfix 'abcd efgh ijkl mnop' by-host by-sender
is 'postfix: three relays' "$(relays)" 3
check 'postfix: a login by host and port' conf_says '^ user = "ops@gmail.com" # /etc/postfix/sasl_passwd:2'
check 'postfix: a login by host' conf_says '^ user = "hostlogin" # /etc/postfix/sasl_passwd:3'
check 'postfix: a login by sender' conf_says '^ user = "shoplogin" # /etc/postfix/sasl_passwd:4'
check 'postfix: a domain has its relay' conf_says '^ sender = "\*@news.example.com"'
check 'postfix: expressions have no equivalent' conf_says '^# /etc/postfix/main.cf:12: smtp_generic_maps: regexp: only tables'
check 'postfix: the table beside them has' grep -qE $'^root@web1.example.com\tops@example.com' "$TO/addresses"
check 'postfix: nor has a search of headers' conf_says 'smtp_header_checks: headers are not searched'

put /etc/exim4/update-exim4.conf.conf <<'EOF'
dc_eximconfig_configtype='smarthost'
dc_other_hostnames='nas.example.com'
dc_local_interfaces='127.0.0.1 ; ::1'
dc_readhost='example.com'
dc_relay_domains=''
dc_minimaldns='false'
dc_relay_nets='192.168.7.0/24'
dc_smarthost='eu-smtp.example.org::587;backup.example.org'
CFILEMODE='644'
dc_use_split_config='true'
dc_hide_mailname='true'
dc_mailname_in_oh='true'
dc_localdelivery='maildir_home'
EOF
put /etc/exim4/passwd.client <<'EOF'
# any host of theirs, then any at all
^eu-[0-9]+\.example\.org$:nobody:expression
*.example.org:relayuser:wild:card
*:anybody:any-pass
EOF
takes_over exim wild:card
check 'exim: an expression is listed' conf_says '^# /etc/exim4/passwd.client:2: passwd.client: a host by an expression'
is 'exim: two smarthosts' "$(relays)" 2
is 'exim: a pattern is a login for both' "$(grep -c 'user = "relayuser"' "$TO/postern.conf")" 2
check 'exim: the first that fits counts' bash -c "! grep -q anybody '$TO/postern.conf'"

put /etc/nullmailer/remotes <<'EOF'
smtp.gmail.com smtp --port=465 --auth-login --user=ops@gmail.com --pass="two words" --ssl
# the older way, without dashes
mail.example.net smtp port=587 user=me pass=plain starttls insecure
relay.example.net smtp --x509cafile=/etc/ssl/our-ca.pem --port=587 --starttls --source=10.0.0.2
EOF
echo nas.example.com | put /etc/nullmailer/me
echo ops@example.com | put /etc/nullmailer/adminaddr
echo 60 | put /etc/nullmailer/pausetime
takes_over nullmailer 'two words' plain
is 'nullmailer: three remotes' "$(relays)" 3
check 'nullmailer: options without dashes' conf_says '^ user = "me" # /etc/nullmailer/remotes:3'
check 'nullmailer: insecure is said' conf_says '^ tls-verify = false # /etc/nullmailer/remotes:3'
check 'nullmailer: a source address is listed' conf_says '^# /etc/nullmailer/remotes:4: source: '

put /etc/dma/dma.conf <<'EOF'
SMARTHOST smtp.fastmail.com
PORT 465
ALIASES /etc/aliases
SPOOLDIR /var/spool/dma
AUTHPATH /etc/dma/auth.conf
SECURETRANSFER
MAILNAME bsd.example.com
MASQUERADE bsd@example.com
DEFER
EOF
put /etc/dma/auth.conf <<'EOF'
# two accounts
other@example.net|smtp.example.net:not-this
me@fastmail.com|smtp.fastmail.com:fast:mail pass
EOF
: | put /etc/aliases
takes_over dma 'fast:mail pass'
check 'dma: the login of its smarthost' conf_says '^ user = "me@fastmail.com" # /etc/dma/auth.conf:3'
check 'dma: its provider' conf_says '^ provider = "fastmail"'
check 'dma: the address that all have' conf_says '^ from = "bsd@example.com" # /etc/dma/dma.conf:8'
check 'dma: its name' conf_says '^(hostname|domain) = "bsd.example.com" # /etc/dma/dma.conf:7'

put /etc/ssmtp/ssmtp.conf <<'EOF'
root=ops@example.com
mailhub=smtp.gmail.com:465
hostname=container
UseTLS=YES
AuthUser=ops
AuthPass=in-a-container
AuthMethod=LOGIN
TLS_CA_File=/etc/pki/tls/certs/ca-bundle.crt
FromLineOverride=YES
EOF
takes_over ssmtp in-a-container
check 'ssmtp: on port 465' conf_says '^ provider = "gmail"'
check 'ssmtp: all is known' all_known

keeps_secrets
