# beside.sh - the same letter through others: what their callers wait for, and
# how fast each empties the queue that those calls have filled, over TLS with
# AUTH to the same upstream.  Sourced by run; needs root.
#
# Each has the settings of its manual for a null client, and what its manual
# knows to make that faster (Postfix: connections used again; dma and
# nullmailer know nothing).  Debian's packages are unpacked, not installed, and
# see what they were compiled for (their /usr/lib, /etc, /var/spool) in a mount
# name space of their own.
# shellcheck shell=bash disable=SC2034,SC2154

UNPACKED=$SYSTEM/../../build-unpacked
FOLDER=			# the pid of one that stands in the name space

within() {
	nsenter -t "$FOLDER" -m -- "$@"
}

# /var/spool is on the same disk as ours.
name_space() {	# PACKAGE…: these are in it
	local package lower=/usr
	rm -rf "$TMP/spools" "$TMP/etc"
	mkdir -p "$TMP/spools"
	cp -a /etc "$TMP/etc"
	unshare -m --propagation private sleep 3600 &
	FOLDER=$!
	PIDS+=("$FOLDER")
	wait_for 5 eval "test \"\$(readlink /proc/$FOLDER/ns/mnt)\" != \"\$(readlink /proc/self/ns/mnt)\"" || return 1
	for package; do
		test -d "$UNPACKED/$package/usr" || return 1
		lower=$UNPACKED/$package/usr:$lower
	done
	within mount -t overlay -o "lowerdir=$lower" overlay /usr &&
	    within mount --bind "$TMP/spools" /var/spool && within mount --bind "$TMP/etc" /etc
}

# --- what each is told ----------------------------------------------------------

ours() {
	write_conf "$(relay up "$UP_PORT" implicit 'connections = 4' "pipeline-depth = $DEPTH" |
	    sed 's/"localhost"/"127.0.0.1"/')"
	make_spool
	SUBMITS=("$BUILD/sendmail" -f alice@example.com bob@example.net)
}
ours_goes() {
	start_posternd
}

postfix_beside() {
	local d=$TMP/postfix
	command -v postconf > /dev/null && command -v saslpasswd2 > /dev/null || return 1
	postfix_conf "$d" 10465 10587
	sed -i 1,2d "$d/etc/master.cf"
	cat >> "$d/etc/master.cf" <<-'EOF'
	pickup    unix n - n 60 1 pickup
	tlsproxy  unix - - n - 0 tlsproxy
	EOF
	printf '%s\n' "[127.0.0.1]:$UP_PORT $USER_NAME:$PASSWORD" > "$d/etc/password"
	cat >> "$d/etc/main.cf" <<-EOF
	smtp_tls_security_level = encrypt
	smtp_tls_wrappermode = yes
	smtp_tls_connection_reuse = yes
	smtp_sasl_auth_enable = yes
	smtp_sasl_password_maps = texthash:$d/etc/password
	smtp_sasl_security_options = noanonymous
	defer_transports = smtp
	EOF
	sed -i '/^smtp_tls_security_level = none/d; /^smtpd_/d' "$d/etc/main.cf"
	postfix_master
	SUBMITS=(/usr/sbin/sendmail -C "$d/etc" -f alice@example.com bob@example.net)
}
postfix_master() {
	MAIL_CONFIG=$TMP/postfix/etc "$(postconf -dh daemon_directory)/master" -c "$TMP/postfix/etc" -d >> "$TMP/postfix.log" 2>&1 &
	POSTFIX_PID=$!
	PIDS+=("$POSTFIX_PID")
	wait_for 15 test -S "$TMP/postfix/spool/public/qmgr"
}
postfix_deferred() {
	test "$(find "$TMP/postfix/spool/deferred" -type f | wc -l)" -eq "$CALLED"
}
# In its deferred queue, where its own queue manager has put it: what is
# measured is the way out.
postfix_goes() {
	local d=$TMP/postfix
	wait_for 120 postfix_deferred || die 'Postfix has not taken all'
	stop "$POSTFIX_PID"
	sed -i '/^defer_transports/d' "$d/etc/main.cf"
	postfix_master
	wait_for 15 postqueue -c "$d/etc" -f 2> "$TMP/postqueue.log"
}

exim_beside() {
	id Debian-exim > /dev/null 2>&1 && name_space exim4-daemon-heavy || return 1
	mkdir -p "$TMP/etc/exim4" "$TMP/spools/exim4"
	chown Debian-exim "$TMP/spools/exim4"
	cat > "$TMP/etc/exim4/exim4.conf" <<-EOF
	primary_hostname = mx.example.org
	log_file_path = /var/spool/exim4/%slog
	never_users =
	queue_only
	begin routers
	smarthost:
	  driver = manualroute
	  route_list = * 127.0.0.1
	  self = send
	  transport = smarthost
	begin transports
	smarthost:
	  driver = smtp
	  port = $UP_PORT
	  protocol = smtps
	  allow_localhost
	  hosts_require_auth = *
	  tls_verify_certificates = $TMP/pki/ca.pem
	  tls_verify_cert_hostnames = :
	begin authenticators
	plain:
	  driver = plaintext
	  public_name = PLAIN
	  client_send = ^$USER_NAME^$PASSWORD
	EOF
	SUBMITS=(/usr/sbin/exim4 -f alice@example.com bob@example.net)
}
exim_goes() {
	within /usr/sbin/exim4 -q > "$TMP/exim.log" 2>&1 &
	PIDS+=("$!")
}

dma_beside() {
	name_space dma || return 1
	mkdir -p "$TMP/etc/dma" "$TMP/spools/dma"
	printf '%s\n' 'SMARTHOST 127.0.0.1' "PORT $UP_PORT" 'AUTHPATH /etc/dma/auth.conf' SECURETRANSFER DEFER \
	    'MAILNAME mx.example.org' > "$TMP/etc/dma/dma.conf"
	echo "$USER_NAME|127.0.0.1:$PASSWORD" > "$TMP/etc/dma/auth.conf"
	chgrp mail "$TMP/etc/dma/auth.conf" "$TMP/etc/dma/dma.conf" "$TMP/spools/dma"
	chmod 640 "$TMP/etc/dma/auth.conf" "$TMP/etc/dma/dma.conf"
	chmod 2775 "$TMP/spools/dma"
	: > "$TMP/spools/dma/flush"
	chown root:mail "$TMP/spools/dma/flush"
	chmod 660 "$TMP/spools/dma/flush"
	SUBMITS=(/usr/sbin/dma -f alice@example.com bob@example.net)
}
dma_goes() {
	within /usr/sbin/dma -q > "$TMP/dma.log" 2>&1 &
	PIDS+=("$!")
}

nullmailer_beside() {
	local d=$TMP/spools/nullmailer
	name_space nullmailer || return 1
	mkdir -p "$TMP/etc/nullmailer" "$d/queue" "$d/tmp" "$d/failed"
	mkfifo "$d/trigger"
	chown -R mail:mail "$d"
	chmod 622 "$d/trigger"
	echo mx.example.org > "$TMP/etc/nullmailer/me"
	echo "127.0.0.1 smtp port=$UP_PORT ssl insecure user=$USER_NAME pass='$PASSWORD'" > "$TMP/etc/nullmailer/remotes"
	chown -R mail "$TMP/etc/nullmailer"
	chmod 600 "$TMP/etc/nullmailer/remotes"
	SUBMITS=(/usr/sbin/sendmail -f alice@example.com bob@example.net)
}
nullmailer_goes() {
	within /usr/sbin/nullmailer-send > "$TMP/nullmailer.log" 2>&1 &
	PIDS+=("$!")
}

# No queue: its callers wait for the upstream.
msmtp_beside() {
	local msmtp=$UNPACKED/msmtp/usr/bin/msmtp
	test -x "$msmtp" || return 1
	cat > "$TMP/msmtprc" <<-EOF
	account default
	host 127.0.0.1
	port $UP_PORT
	tls on
	tls_starttls off
	tls_certcheck off
	auth plain
	user $USER_NAME
	password "$PASSWORD"
	EOF
	chmod 600 "$TMP/msmtprc"
	SUBMITS=("$msmtp" -C "$TMP/msmtprc" -f alice@example.com bob@example.net)
}

# --- the figures ----------------------------------------------------------------

beside_row() {	# NAME FUNCTION
	local before=() one eight rate=-
	FOLDER=
	rm -f "$TMP/posternd.log"
	# Exim's SIZE= is its own, with something added.
	upstream_port --lax --mark "$((ONE + EIGHT)):$TMP/done"
	if ! "$2"; then
		row "$1" 'not here' '' ''
		stop_all
		return
	fi
	test -z "$FOLDER" || before=(nsenter -t "$FOLDER" -m --)
	CALLED=$((ONE + EIGHT))
	one=$("${before[@]}" "$BUILD/bench" calls "$ONE" 1 "$TMP/letter" "${SUBMITS[@]}" 2> "$TMP/beside.log") || die "$1 takes no mail"
	eight=$("${before[@]}" "$BUILD/bench" calls "$EIGHT" 8 "$TMP/letter" "${SUBMITS[@]}" 2> "$TMP/beside.log") || die "$1 takes no mail of eight"
	if declare -F "${2%_beside}_goes" > /dev/null; then
		"${2%_beside}_goes"
		wait_for 180 test -e "$TMP/done" || {
			tail -n 3 "$TMP/${2%_beside}.log" >&2
			die "$1 has delivered only $(total up messages) of $CALLED"
		}
		rate=$(awk -v n="$CALLED" -v a="$(total up first_us)" -v b="$(total up last_us)" \
		    'BEGIN { printf "%.0f", n * 1e6 / (b - a) }')
	fi
	row "$1" "$(per_thousand "$(value median_us "$one")" 1)" "$(value per_s "$eight")" "$rate"
	stop_all
	rm -rf "$TMP/postfix" "$TMP/exim" "$TMP/spools" "$TMP/etc" "$POSTERN_SPOOL"
}

beside() {
	local ONE=100 EIGHT=400
	if test "$(id -u)" -ne 0 || ! command -v nsenter > /dev/null; then
		title 'Beside others: needs root and nsenter'
		return
	fi
	. "$SYSTEM/peers.sh"
	write_letter
	title "Beside others: a letter of $(wc -c < "$TMP/letter") bytes handed in, then a queue of $((ONE + EIGHT)) of them sent over TLS with AUTH"
	FORMAT='  %-12s %14s %14s %20s'
	row program 'one caller, ms' '8 callers, /s' 'out of the queue, /s'
	beside_row Postern ours
	beside_row Postfix postfix_beside
	beside_row dma dma_beside
	beside_row nullmailer nullmailer_beside
	beside_row Exim exim_beside
	beside_row msmtp msmtp_beside
	echo '  (msmtp has no queue: its callers wait for the upstream)'
}
