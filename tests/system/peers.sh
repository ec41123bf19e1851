# peers.sh - submission servers of others, each in a folder of its own, on a
# free port, with TLS and AUTH, passing on to our upstream as their next hop.
# Sourced behind lib.sh.  Each start_NAME sets PEER_PORT (implicit TLS), and
# PEER_STARTTLS (0: none), or sets WHY_NOT and fails.
# shellcheck shell=bash disable=SC2034

# A dot-less user name as sasldb has it: NAME@REALM.
SASL_USER=${USER_NAME%@*}
SASL_REALM=${USER_NAME#*@}

# The name in the certificate that demo-pki makes for clients.
CERT_USER=client.test

# --- Postfix ----------------------------------------------------------------

postfix_conf() {	# DIR SUBMISSIONS SUBMISSION
	local d=$1
	mkdir -p "$d/etc/sasl" "$d/spool" "$d/data"
	# As make_spool does for ours: what postfix check would make.
	for q in active bounce corrupt defer deferred flush hold incoming private saved trace pid \
	    public maildrop; do
		mkdir -p "$d/spool/$q"
	done
	chown -R postfix "$d/spool" "$d/data"
	chown root "$d/spool" "$d/spool/pid"
	chgrp postdrop "$d/spool/public" "$d/spool/maildrop"
	chmod 710 "$d/spool/public"
	chmod 730 "$d/spool/maildrop"
	cat > "$d/etc/main.cf" <<-EOF
	compatibility_level = 3.6
	queue_directory = $d/spool
	data_directory = $d/data
	maillog_file = $d/log/mail.log
	maillog_file_prefixes = $d/log
	mydestination =
	myhostname = mx.example.org
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	alias_maps =
	relayhost = [127.0.0.1]:$UP_PORT
	smtp_tls_security_level = none
	smtpd_tls_cert_file = $TMP/pki/cert.pem
	smtpd_tls_key_file = $TMP/pki/key.pem
	smtpd_tls_security_level = encrypt
	smtpd_sasl_auth_enable = yes
	smtpd_sasl_path = smtpd
	smtpd_sasl_local_domain = $SASL_REALM
	smtpd_sasl_security_options = noanonymous
	cyrus_sasl_config_path = $d/etc/sasl
	smtpd_relay_restrictions = permit_sasl_authenticated, reject
	smtpd_recipient_restrictions =
	EOF
	cat > "$d/etc/master.cf" <<-EOF
	127.0.0.1:$2 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
	127.0.0.1:$3 inet n - n - - smtpd
	cleanup   unix n - n - 0 cleanup
	qmgr      unix n - n 300 1 qmgr
	tlsmgr    unix - - n 1000? 1 tlsmgr
	rewrite   unix - - n - - trivial-rewrite
	bounce    unix - - n - 0 bounce
	defer     unix - - n - 0 bounce
	trace     unix - - n - 0 bounce
	verify    unix - - n - 1 verify
	flush     unix n - n 1000? 0 flush
	proxymap  unix - - n - - proxymap
	smtp      unix - - n - - smtp
	relay     unix - - n - - smtp
	error     unix - - n - - error
	retry     unix - - n - - error
	anvil     unix - - n - 1 anvil
	scache    unix - - n - 1 scache
	postlog   unix-dgram n - n - 1 postlogd
	EOF
	cat > "$d/etc/sasl/smtpd.conf" <<-EOF
	pwcheck_method: auxprop
	auxprop_plugin: sasldb
	mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
	sasldb_path: $d/etc/sasldb2
	EOF
	mkdir -p "$d/log"
	printf '%s' "$PASSWORD" |
	    saslpasswd2 -p -c -f "$d/etc/sasldb2" -u "$SASL_REALM" "$SASL_USER"
	chown postfix "$d/etc/sasldb2"
}

start_postfix() {
	local d=$TMP/postfix daemons
	WHY_NOT='needs root'
	test "$(id -u)" -eq 0 || return 1
	WHY_NOT='postfix or saslpasswd2 is not installed'
	command -v postconf > /dev/null && command -v saslpasswd2 > /dev/null || return 1
	WHY_NOT='no SASL plug-in for sasldb'
	find /usr/lib /usr/lib64 -path '*sasl2/libsasldb*' 2> /dev/null | grep -q . || return 1
	PEER_PORT=$(free_port)
	PEER_STARTTLS=$(free_port)
	postfix_conf "$d" "$PEER_PORT" "$PEER_STARTTLS"
	daemons=$(postconf -dh daemon_directory)
	MAIL_CONFIG=$d/etc "$daemons/master" -c "$d/etc" -d > "$TMP/postfix.log" 2>&1 &
	PIDS+=("$!")
	WHY_NOT='it did not listen'
	wait_for 15 listens "$PEER_PORT"
}

# --- Exim -------------------------------------------------------------------

# Where make deps-peers unpacks one that cannot be installed beside Postfix.
find_exim() {
	local exim
	for exim in "${EXIM:-}" "$(command -v exim4)" "$(command -v exim)" "$SYSTEM/../../build-unpacked/exim4-daemon-heavy/usr/sbin/exim4"; do
		test -x "$exim" && "$exim" -C /dev/null -bV > "$TMP/exim.bV" 2> /dev/null && break
	done
	realpath "$exim" 2> /dev/null
}

exim_has() {	# AUTHENTICATOR: compiled in
	grep '^Authenticators' "$TMP/exim.bV" | grep -qw "$1"
}

# A word of each kind that it was built with.  By libgsasl also bound to TLS;
# by Cyrus' library, from the file of users that saslpasswd2 makes.
exim_logins() {	# DIR
	local mechanism binds
	for mechanism in SCRAM-SHA-1 SCRAM-SHA-256; do
		if exim_has gsasl; then
			for mechanism in "$mechanism" "$mechanism-PLUS"; do
				binds=$(case $mechanism in *-PLUS) echo true ;; *) echo false ;; esac)
				cat <<-EOF
				${mechanism//-/_}:
				  driver = gsasl
				  public_name = $mechanism
				  server_channelbinding = $binds
				  server_realm =
				  server_scram_iter = 4096
				  server_password = \${if eq{\$auth1}{$USER_NAME}{$PASSWORD}fail}
				  server_condition = true
				  server_set_id = \$auth1
				EOF
			done
		elif exim_has cyrus_sasl && test -e "$1/sasldb2"; then
			cat <<-EOF
			${mechanism//-/_}:
			  driver = cyrus_sasl
			  public_name = $mechanism
			  server_realm = $SASL_REALM
			  server_set_id = \$auth1
			EOF
		fi
	done
	! exim_has cram_md5 || cat <<-EOF
	cram:
	  driver = cram_md5
	  public_name = CRAM-MD5
	  server_secret = \${if eq{\$auth1}{$USER_NAME}{$PASSWORD}fail}
	  server_set_id = \$auth1
	EOF
	! exim_has external || cat <<-EOF
	external:
	  driver = external
	  public_name = EXTERNAL
	  server_advertise_condition = \${if eq{\$tls_in_certificate_verified}{1}}
	  server_param2 = \${certextract {subject,CN}{\$tls_in_peercert}}
	  server_condition = \${if eq{\$auth2}{$CERT_USER}}
	  server_set_id = \$auth2
	EOF
	cat <<-EOF
	plain:
	  driver = plaintext
	  public_name = PLAIN
	  server_prompts = :
	  server_condition = \${if and{{eq{\$auth2}{$USER_NAME}}{eq{\$auth3}{$PASSWORD}}}}
	  server_set_id = \$auth2
	login:
	  driver = plaintext
	  public_name = LOGIN
	  server_prompts = Username:: : Password::
	  server_condition = \${if and{{eq{\$auth1}{$USER_NAME}}{eq{\$auth2}{$PASSWORD}}}}
	  server_set_id = \$auth1
	EOF
}

start_exim() {
	local d=$TMP/exim exim user
	WHY_NOT='needs root'
	test "$(id -u)" -eq 0 || return 1
	exim=$(find_exim)
	WHY_NOT='exim is not installed'
	test -x "$exim" || return 1
	PEER_PORT=$(free_port)
	PEER_STARTTLS=$(free_port)
	mkdir -p "$d/sasl"
	printf '%s' "$PASSWORD" | saslpasswd2 -p -c -f "$d/sasldb2" -u "$SASL_REALM" "$SASL_USER" 2> /dev/null
	printf '%s\n' 'pwcheck_method: auxprop' 'auxprop_plugin: sasldb' "sasldb_path: $d/sasldb2" > "$d/sasl/exim.conf"
	cat > "$d/conf" <<-EOF
	keep_environment = SASL_CONF_PATH
	exim_path = $exim
	primary_hostname = mx.example.org
	spool_directory = $d/spool
	log_file_path = $d/%slog
	pid_file_path = $d/pid
	local_interfaces = <; 127.0.0.1.$PEER_PORT ; 127.0.0.1.$PEER_STARTTLS
	tls_on_connect_ports = $PEER_PORT
	tls_advertise_hosts = *
	tls_certificate = $TMP/pki/cert.pem
	tls_privatekey = $d/key.pem
	tls_verify_certificates = $TMP/pki/ca.pem
	tls_try_verify_hosts = *
	chunking_advertise_hosts = *
	auth_advertise_hosts = \${if eq{\$tls_in_cipher}{}{}{*}}
	acl_smtp_mail = check_mail
	acl_smtp_rcpt = check_rcpt
	never_users =
	deliver_drop_privilege = true
	queue_run_in_order
	smtp_accept_max_per_connection = 0
	smtp_accept_queue_per_connection = 0
	begin acl
	check_mail:
	  accept
	check_rcpt:
	  accept authenticated = *
	  deny message = log in first
	begin routers
	next_hop:
	  driver = manualroute
	  route_list = * 127.0.0.1
	  self = send
	  transport = next_hop
	begin transports
	next_hop:
	  driver = smtp
	  port = $UP_PORT
	  hosts_avoid_tls = *
	  allow_localhost
	begin authenticators
	$(exim_logins "$d")
	EOF
	user=$("$exim" -C "$d/conf" -bP exim_user 2> /dev/null | sed 's/.*= *//')
	WHY_NOT="its user '$user' does not exist"
	id "$user" > /dev/null 2>&1 || return 1
	cp "$TMP/pki/key.pem" "$d/key.pem"
	chown -R "$user" "$d"
	chown root "$d/conf"
	SASL_CONF_PATH=$d/sasl "$exim" -C "$d/conf" -bdf -q1m > "$TMP/exim.log" 2>&1 &
	PIDS+=("$!")
	WHY_NOT='it did not listen'
	wait_for 15 listens "$PEER_PORT"
}

# --- Dovecot ----------------------------------------------------------------

# A token as an identity provider makes them, by a key that the server has (RFC 7519, HS256).
make_token() {	# KEY USER
	python3 - "$@" <<-'EOF'
	import base64, hashlib, hmac, json, sys, time
	def part(data):
	    return base64.urlsafe_b64encode(data).rstrip(b'=')
	now = int(time.time())
	said = b'.'.join(part(json.dumps(what).encode()) for what in (
	    {'alg': 'HS256', 'typ': 'JWT'},
	    {'sub': sys.argv[2], 'iat': now - 60, 'nbf': now - 60, 'exp': now + 3600}))
	print((said + b'.' + part(hmac.digest(sys.argv[1].encode(), said, hashlib.sha256))).decode())
	EOF
}

# Its passdb checks them by itself: no provider is asked.
dovecot_tokens() {	# DIR
	TOKEN_KEY=a-key-of-the-identity-provider-s
	mkdir -p "$1/keys/default/HS256"
	printf '%s' "$TOKEN_KEY" | base64 -w 0 > "$1/keys/default/HS256/default"
	chmod -R a+rX "$1/keys"
	cat > "$1/oauth2" <<-EOF
	introspection_mode = local
	local_validation_key_dict = fs:posix:prefix=$1/keys/
	username_attribute = sub
	EOF
}

start_dovecot() {
	local d=$TMP/dovecot
	WHY_NOT='needs root'
	test "$(id -u)" -eq 0 || return 1
	WHY_NOT='dovecot with submission is not installed'
	command -v dovecot > /dev/null || return 1
	find /usr/lib/dovecot /usr/libexec/dovecot -name submission 2> /dev/null | grep -q . || return 1
	PEER_PORT=$(free_port)
	PEER_STARTTLS=$(free_port)
	mkdir -p "$d/run" "$d/state" "$d/home"
	chown nobody "$d/home"
	echo "$USER_NAME:{PLAIN}$PASSWORD" > "$d/users"
	chmod 644 "$d/users"
	dovecot_tokens "$d"
	cat > "$d/conf" <<-EOF
	base_dir = $d/run
	state_dir = $d/state
	log_path = $TMP/dovecot.log
	protocols = submission
	listen = 127.0.0.1
	hostname = mx.example.org
	ssl = required
	ssl_cert = <$TMP/pki/cert.pem
	ssl_key = <$TMP/pki/key.pem
	auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 external xoauth2 oauthbearer
	ssl_ca = <$TMP/pki/ca.pem
	ssl_require_crl = no
	ssl_verify_client_cert = yes
	auth_ssl_username_from_cert = yes
	passdb {
	  driver = oauth2
	  mechanisms = xoauth2 oauthbearer
	  args = $d/oauth2
	}
	passdb {
	  driver = static
	  mechanisms = external
	  args = nopassword=y
	}
	passdb {
	  driver = passwd-file
	  args = scheme=PLAIN username_format=%u $d/users
	}
	userdb {
	  driver = static
	  args = uid=nobody gid=$(id -g nobody) home=$d/home
	}
	mail_location = maildir:~/mail
	first_valid_uid = 1
	submission_relay_host = 127.0.0.1
	submission_relay_port = $UP_PORT
	submission_relay_ssl = no
	service submission-login {
	  inet_listener submission {
	    port = $PEER_STARTTLS
	  }
	  inet_listener submissions {
	    port = $PEER_PORT
	    ssl = yes
	  }
	}
	EOF
	dovecot -F -c "$d/conf" > "$TMP/dovecot.out.log" 2>&1 &
	PIDS+=("$!")
	WHY_NOT='it did not listen'
	wait_for 15 listens "$PEER_PORT"
}
