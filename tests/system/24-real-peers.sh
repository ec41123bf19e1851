#!/usr/bin/env bash
# Submission servers of others as the upstream: Postfix, Exim, Dovecot, as
# the distribution builds them.  They pass on to our own, where we look.
. "$SYSTEM/lib.sh"
. "$SYSTEM/peers.sh"

COUNT=20

# Two connections, many messages, one of them large: all must come through.
through() {	# PEER TLS PORT
	local name="$1-$2" n large
	rm -rf "$POSTERN_SPOOL" "$TMP"/hop.mail/*
	write_conf "$(relay peer "$3" "$2" 'connections = 2')"
	make_spool
	post -i -t -f alice@example.com < "$TMP/message"
	for ((n = 1; n <= COUNT; n++)); do
		printf 'Subject: number %d\n\n.hello\n' "$n" | post -f alice@example.com bob@example.net
	done
	start_posternd
	check "$name: the spool drains" wait_for 20 drained
	check "$name: all arrive" wait_for 20 has_arrived hop $((COUNT + 1))
	is "$name: each once" \
	    "$(grep -h '^Subject: number' "$TMP"/hop.mail/* | sort | uniq -c | awk '$1 == 1' | wc -l)" \
	    "$COUNT"
	large=$(grep -l '^Content-Type: multipart/mixed' "$TMP"/hop.mail/* | head -n 1)
	check "$name: body byte for byte" same_body "$TMP/message" "${large:-/dev/null}"
	check "$name: attachment byte for byte" same_attachment "$TMP/message" "${large:-/dev/null}"
	stop_posternd
}

refuses_password() {	# PEER PORT
	rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log" "$TMP"/hop.mail/*
	write_conf "$(relay peer "$2" implicit)"
	make_spool
	write_password 'not the password'
	start_posternd
	printf 'Subject: kept\n\nhello\n' | post -f alice@example.com bob@example.net
	check "$1: a wrong password is seen" wait_for 15 log_says '535'
	is "$1: and the message kept" "$(queued)" 1
	is "$1: and not sent" "$(arrived hop)" 0
	stop_posternd
}

# Each mechanism that the server offers and that is done here, alone, and what is chosen of all.
by_each_mechanism() {	# PEER PORT
	local offered mechanism
	offered=$(offered_mechanisms "$2")
	for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS; do
		case " $offered " in
		*" $mechanism "*) ;;
		*) continue ;;
		esac
		rm -rf "$POSTERN_SPOOL" "$TMP"/hop.mail/*
		write_conf "$(relay peer "$2" implicit "auth = \"$mechanism\"")"
		make_spool
		start_posternd
		printf 'Subject: by %s\n\nhello\n' "$mechanism" | post -f alice@example.com bob@example.net
		check "$1: a login by $mechanism" wait_for 15 has_arrived hop 1
		stop_posternd
	done
}

# A certificate instead of a password.
by_certificate() {	# PEER PORT
	case " $(offered_mechanisms "$2" -cert "$TMP/pki/client.pem" -key "$TMP/pki/client.key") " in
	*' EXTERNAL '*) ;;
	*)	skip "$1: a login by EXTERNAL" 'it does not offer that'
		return ;;
	esac
	rm -rf "$POSTERN_SPOOL" "$TMP"/hop.mail/*
	write_conf 'relay peer {' '    host = "localhost"' "    port = $2" '    tls = "implicit"' "    ca-file = \"$CA\"" \
	    "    user = \"$CERT_USER\"" "    client-cert = \"$TMP/pki/client.pem\"" "    client-key = \"$TMP/client.key\"" '}'
	make_spool
	write_secret "$TMP/client.key" "$(cat "$TMP/pki/client.key")"
	start_posternd
	printf 'Subject: by certificate\n\nhello\n' | post -f alice@example.com bob@example.net
	check "$1: a login by EXTERNAL" wait_for 15 has_arrived hop 1
	stop_posternd
}

# A token in place of the password; one that the server cannot take keeps the mail.
by_token() {	# PEER PORT
	local mechanism key
	if ! command -v python3 > /dev/null; then
		skip "$1: a login by a token" 'no python3 here'
		return
	fi
	case " $(offered_mechanisms "$2") " in
	*' XOAUTH2 '*) ;;
	*)	skip "$1: a login by a token" 'it does not offer that'
		return ;;
	esac
	for mechanism in XOAUTH2 OAUTHBEARER; do
		for key in "$TOKEN_KEY" another-key; do
			rm -rf "$POSTERN_SPOOL" "$TMP/posternd.log" "$TMP"/hop.mail/*
			make_spool
			write_conf "$(token_relay peer "$2" "$mechanism" "$(make_token "$key" "$USER_NAME")")"
			start_posternd
			printf 'Subject: by token\n\nhello\n' | post -f alice@example.com bob@example.net
			if test "$key" = "$TOKEN_KEY"; then
				check "$1: a login by $mechanism" wait_for 15 has_arrived hop 1
			else
				check "$1: a token refused by $mechanism" wait_for 15 log_says '535'
				is "$1: and the message kept" "$(queued)" 1
			fi
			stop_posternd
		done
	done
}

offered_mechanisms() {	# PORT [OPTION...]
	printf 'EHLO x\r\nQUIT\r\n' |
	    timeout 60 openssl s_client -quiet -ign_eof -CAfile "$CA" "${@:2}" -connect "127.0.0.1:$1" 2> /dev/null |
	    tr -d '\r' | sed -n 's/^250[- ]AUTH //p' | head -n 1
}

make_pki
attachment_message "$TMP/message" 'through a real server'
# The hop must not mind what others do to a message.
start_upstream hop --lax --dsn
for peer in postfix exim dovecot; do
	if ! "start_$peer"; then
		skip "$peer" "$WHY_NOT"
		continue
	fi
	through "$peer" implicit "$PEER_PORT"
	through "$peer" starttls "$PEER_STARTTLS"
	by_each_mechanism "$peer" "$PEER_PORT"
	test "$peer" = postfix || by_certificate "$peer" "$PEER_PORT"
	test "$peer" != dovecot || by_token "$peer" "$PEER_PORT"
	refuses_password "$peer" "$PEER_PORT"
done
