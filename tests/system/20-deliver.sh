#!/usr/bin/env bash
# From sendmail to the upstream, byte for byte: each kind of TLS, BDAT and DATA.
. "$SYSTEM/lib.sh"

deliver() {	# NAME TLS VIA [UPSTREAM OPTION…]
	local name=$1 tls=$2 via=$3 stored
	shift 3
	if test "$tls" = none; then
		start_upstream "$name" "$@"
		write_conf "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
	else
		start_secure_upstream "$name" "$tls" "$@"
		write_conf "$(relay up "$UP_PORT" "$tls")"
	fi
	start_posternd
	post -i -t -f alice@example.com < "$TMP/message" || not_ok "$name" "sendmail: status $?"
	if ! wait_for 10 has_arrived "$name" 1; then
		not_ok "$name" "nothing arrived"
	else
		stored=$(find "$TMP/$name.mail" -name '[0-9]*')
		judge "$name" "$stored" "$tls" "$via"
		wait_for 10 drained || not_ok "$name" "the spool is not empty"
		is "$name: nothing wrong with the protocol" "$(total "$name" breaches)" 0
	fi
	stop_posternd
	stop "$UP_PID"
}

judge() {	# NAME STORED TLS VIA
	check "$1: via $4" grep -qx "VIA $4" "$2"
	if test "$3" = none; then
		check "$1: in clear" grep -qx 'TLS none' "$2"
	else
		check "$1: encrypted" grep -q '^TLS TLSv1' "$2"
		check "$1: logged in" grep -qx "AUTH $USER_NAME" "$2"
	fi
	check "$1: sender" grep -q '^MAIL FROM:<alice@example.com>' "$2"
	is "$1: recipients" "$(sed -n 's/^RCPT TO:<\(.*\)>.*/\1/p' "$2" | sort | tr '\n' ' ')" \
	    'bob@example.net carol@example.net dave@example.net '
	check "$1: body byte for byte" same_body "$TMP/message" "$2"
	check "$1: attachment byte for byte" same_attachment "$TMP/message" "$2"
	message_of "$2" | sed $'/^\r$/q' > "$TMP/header"
	check "$1: no Bcc" eval "! grep -qi '^bcc:' $TMP/header"
	for field in Received Date Message-ID From To Cc Subject; do
		is "$1: one $field" "$(grep -ci "^$field:" "$TMP/header")" 1
	done
}

attachment_message "$TMP/message" 'Grüße with attachments'
deliver implicit-bdat implicit BDAT
deliver implicit-data implicit DATA --no-chunking
deliver starttls-bdat starttls BDAT
deliver starttls-data starttls DATA --no-chunking --no-pipelining
deliver clear-bdat none BDAT
deliver clear-data none DATA --no-chunking
deliver dripping implicit DATA --drip --no-chunking
