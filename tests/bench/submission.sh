# submission.sh - what programs meet that hand a message in: sendmail -t with
# many recipients and much content, and SMTP by -bs, by the listener, and by
# Postfix's smtpd.  Sourced by run.
# shellcheck shell=bash disable=SC2034,SC2154

# --- sendmail -t -------------------------------------------------------------

recipients_message() {	# RECIPIENTS BYTES FILE
	{
		printf 'From: alice@example.com\nTo: user0@example.net'
		awk -v n="$1" 'BEGIN { for (i = 1; i < n; i++) printf ",\n user%d@example.net", i }'
		printf '\nSubject: bench\nMIME-Version: 1.0\nContent-Type: application/octet-stream\n'
		printf 'Content-Transfer-Encoding: base64\n\n'
		head -c "$(($2 * 3 / 4))" /dev/zero | base64
	} > "$3"
}

# The most memory that a sendmail ever had which read all of FILE: it waits
# for more when it is asked.
peak_of() {	# FILE ARGUMENT…
	local file=$1 pid
	shift
	rm -f "$TMP/input"
	mkfifo "$TMP/input"
	"$BUILD/sendmail" "$@" < "$TMP/input" &
	pid=$!
	exec 3> "$TMP/input"
	cat "$file" >&3
	awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status"
	exec 3>&-
	wait "$pid"
}

big_header() {
	local rcpts bytes
	title 'sendmail -t -oi: recipients in the header, an attachment'
	FORMAT='  %10s %12s %12s %12s'
	row recipients bytes 'wall, ms' 'peak, KiB'
	for rcpts in 1 1000; do
		for bytes in 20000 25000000; do
			make_spool
			recipients_message "$rcpts" "$bytes" "$TMP/big"
			row "$rcpts" "$(wc -c < "$TMP/big")" \
			    "$(per_thousand "$(INPUT=$TMP/big calls 9 1 median_us "$BUILD/sendmail" -t -oi)" 1)" \
			    "$(peak_of "$TMP/big" -t -oi)"
			rm -rf "$POSTERN_SPOOL"
		done
	done
	rm -f "$TMP/big" "$TMP/input"
}

# --- SMTP --------------------------------------------------------------------

# Postfix as a submission server of this machine and no more: what it takes
# comes to rest in hold/, as ours does in new/.
start_smtpd() {
	local d=$TMP/postfix port=$1
	postfix_conf "$d" "$port" "$port"
	cat >> "$d/etc/main.cf" <<-'EOF'
	smtpd_tls_security_level = none
	smtpd_sasl_auth_enable = no
	smtpd_relay_restrictions = permit_mynetworks, reject
	smtpd_recipient_restrictions = check_recipient_access static:hold
	mynetworks = 127.0.0.0/8
	smtpd_client_connection_count_limit = 0
	default_process_limit = 200
	EOF
	sed -i 1d "$d/etc/master.cf"
	MAIL_CONFIG=$d/etc "$(postconf -dh daemon_directory)/master" -c "$d/etc" -d > "$TMP/postfix.log" 2>&1 &
	PIDS+=("$!")
	wait_for 15 listens "$port"
}

rate_in() {	# CLIENTS TARGET…
	local clients=$1 run out
	shift
	for ((run = 0; run < RUNS; run++)); do
		out=$("$BUILD/bench" clients "$clients" "$TAKEN" "$BYTES" "$@") || die "$* does not take the mail"
		value per_s "$out"
	done | median
}

taken_in() {
	local name clients cells
	test -x "$BUILD/postern-stdio" || return 0
	TAKEN=$((COUNT / 5))
	. "$SYSTEM/peers.sh"
	title "Messages of $BYTES bytes into the spool by SMTP, a second"
	FORMAT='  %-26s %10s %10s %10s'
	row clients 1 10 100
	make_spool
	cells=()
	for clients in 1 10 100; do
		cells+=("$(rate_in "$clients" "$BUILD/sendmail" -bs)")
	done
	row 'sendmail -bs' "${cells[@]}"
	rm -rf "$POSTERN_SPOOL"
	listener_rates
	postfix_rates
}

# Its relay is down, so it takes in and does nothing else.
listener_rates() {
	local port clients cells=()
	port=$(free_port)
	write_conf "listen \"127.0.0.1:$port\" { }" \
	    'relay down { host = "127.0.0.1" port = 9 tls = "none" }'
	make_spool
	start_posternd
	for clients in 1 10 100; do
		cells+=("$(rate_in "$clients" "127.0.0.1:$port")")
	done
	row 'the listener' "${cells[@]}"
	stop_posternd
	rm -rf "$POSTERN_SPOOL"
}

postfix_rates() {
	local port clients cells=()
	if test "$(id -u)" -ne 0 || ! command -v postconf > /dev/null || ! command -v saslpasswd2 > /dev/null; then
		row "Postfix's smtpd: not here"
		return
	fi
	make_pki
	port=$(free_port)
	UP_PORT=25 start_smtpd "$port" || die 'Postfix does not listen'
	for clients in 1 10 100; do
		cells+=("$(rate_in "$clients" "127.0.0.1:$port")")
	done
	row "Postfix's smtpd" "${cells[@]}"
	stop_all
	rm -rf "$TMP/postfix"
}
