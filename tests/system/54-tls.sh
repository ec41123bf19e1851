#!/usr/bin/env bash
# Who the server is and who we are: each refusal in words that tell what to do,
# with the mail kept; and what is taken.
. "$SYSTEM/lib.sh"

make_pki
"$BUILD/demo-pki" "$TMP/other" || die 'demo-pki failed'
PKI=$TMP/pki

# A key that only the daemon can read.
give_key() {	# FILE
	local user
	user=$(daemon_user)
	chmod 600 "$1"
	test -z "$user" || chown "$user" "$1"
}
give_key "$PKI/client.key"
give_key "$TMP/other/client.key"

# upstream_of CERT [OPTION…]
upstream_of() {
	local cert=$1
	shift
	N=$((N + 1))
	start_upstream "up$N" --tls implicit --cert "$PKI/$cert" --key "$PKI/key.pem" "$@"
}
N=0

# conf [LINE…]: a relay without a login.
conf() {
	write_conf 'relay up {' '    host = "localhost"' "    port = $UP_PORT" '    tls = "implicit"' \
	    "$(printf '    %s\n' "$@")" '}'
}

finish() {
	stop_posternd
	stop "$UP_PID"
	find "$POSTERN_SPOOL/new" "$POSTERN_SPOOL/cur" "$POSTERN_SPOOL/later" -type f -delete
	: > "$TMP/posternd.log"
}

taken() {	# NAME
	start_posternd
	post -f alice@example.com bob@example.net < /dev/null
	check "$1" wait_for 10 has_arrived "up$N" 1
}

refused() {	# NAME WORDS…
	local name=$1 words
	shift
	start_posternd
	post -f alice@example.com bob@example.net < /dev/null
	for words; do
		check "$name: says $words" wait_for 10 log_says "$words"
	done
	check "$name: the mail is kept" test "$(queued)" -eq 1
	check "$name: nothing is sent" test "$(arrived "up$N")" -eq 0
}

starts_not() {	# NAME WORDS
	"$BUILD/posternd" -c "$POSTERN_CONF" 2> "$TMP/start.log"
	is "$1: the exit" $? 78
	check "$1: says $2" grep -qF -- "$2" "$TMP/start.log"
	stop "$UP_PID"
}

# --- who the server is ---

upstream_of expired.pem
conf "ca-file = \"$CA\""
refused expired 'certificate has expired; seen: CN=localhost, issued by CN=Postern test CA, from ' 'mail is kept'
finish

upstream_of other.pem
conf "ca-file = \"$CA\""
refused 'wrong name' 'hostname mismatch; the certificate is for other.test; seen: CN=other.test'
finish

upstream_of cert.pem
conf "ca-file = \"$TMP/other/ca.pem\""
refused 'unknown authority' 'unable to get local issuer certificate; seen: CN=localhost, issued by CN=Postern test CA'
finish

# Put right while the relay rests; and what cannot be read changes nothing.
upstream_of cert.pem
cp "$TMP/other/ca.pem" "$TMP/trusted.pem"
conf "ca-file = \"$TMP/trusted.pem\""
refused 'a ca-file, before' 'unable to get local issuer certificate'
echo nonsense > "$TMP/trusted.pem"
check 'a ca-file with nonsense: told' wait_for 20 log_says "trusted.pem"
check 'and what was read before stays' wait_for 20 log_says 'what was read before stays in use'
cp "$CA" "$TMP/trusted.pem"
check 'a ca-file put right, nothing else done: sent' wait_for 20 has_arrived "up$N" 1
finish

upstream_of cert.pem --tls-max 1.1
conf "ca-file = \"$CA\""
refused 'version too low' 'no TLS version that tls-min allows'
finish

upstream_of cert.pem --tls-max 1.2
conf "ca-file = \"$CA\"" 'tls-min = "1.3"'
refused 'version below tls-min' 'no TLS version that tls-min allows'
finish

# --- pins: what the log says is what one writes ---

upstream_of self.pem
conf "fingerprint = \"$(printf '%064d' 0)\""
refused 'another key' 'status=needs-attention' "the certificate's key is not a pinned one; if it is the right one"
PIN=$(sed -n 's/.*write fingerprint = "\([^"]*\)".*/\1/p' "$TMP/posternd.log" | head -n 1)
finish

upstream_of self.pem
conf "fingerprint = { \"$(printf '%064d' 0)\", \"$PIN\" }"
taken 'a pinned key of nobody that is known'
finish

upstream_of self.pem
conf "fingerprint = \"$PIN\"" "ca-file = \"$CA\""
refused 'a pinned key that must be trusted too' 'self-signed certificate'
finish

# --- who we are ---

upstream_of cert.pem --client-ca "$CA"
conf "ca-file = \"$CA\""
refused 'no certificate of ours' 'certificate required: the peer wants a certificate of ours and none is configured'
finish

upstream_of cert.pem --client-ca "$CA"
conf "ca-file = \"$CA\"" "client-cert = \"$TMP/other/client.pem\"" "client-key = \"$TMP/other/client.key\""
refused 'a certificate that the server refuses' 'the peer refuses our certificate'
finish

upstream_of cert.pem --client-ca "$CA"
conf "ca-file = \"$CA\"" "client-cert = \"$PKI/client.pem\"" "client-key = \"$PKI/client.key\""
taken 'our certificate'
check 'our certificate: seen by the server' grep -rqx 'CLIENT /CN=client.test' "$TMP/up$N.mail"
check 'our certificate: its end is warned of' log_says "relay=up, client-cert $PKI/client.pem ends on "
check 'our certificate: in the check' "$BUILD/postern" check "$POSTERN_CONF" > /dev/null
SECRETS=("$(sed -n 3p "$PKI/client.key")" "$(sed -n 5p "$PKI/client.key")") KEPT=("$PKI/client.key")
no_secret_got_out 'our certificate'
finish

upstream_of cert.pem
conf "client-cert = \"$PKI/client.pem\"" "client-key = \"$TMP/other/client.key\""
starts_not 'a key of another certificate' "cannot use key $TMP/other/client.key: it is not the key of certificate $PKI/client.pem"

upstream_of cert.pem
cp "$PKI/client.key" "$TMP/loose.key"
chmod 644 "$TMP/loose.key"
conf "client-cert = \"$PKI/client.pem\"" "client-key = \"$TMP/loose.key\""
starts_not 'a key that all can read' "$TMP/loose.key: readable by every user; chmod 0640"
"$BUILD/postern" check "$POSTERN_CONF" > /dev/null 2> "$TMP/start.log"
is 'a key that all can read: the check' $? 78

# --- ciphers, tickets ---

upstream_of cert.pem
conf 'tls-ciphers = "TLS_AES_128_GCM"'
starts_not 'a cipher that is none' 'cannot use cipher list TLS_AES_128_GCM: no cipher match'

upstream_of cert.pem
conf "ca-file = \"$CA\"" 'idle = "1s"' 'tls-ciphers = "TLS_CHACHA20_POLY1305_SHA256"'
taken 'a first connection'
check 'a first connection: not resumed' eval "! grep -rqx RESUMED '$TMP/up$N.mail'"
connections_over() {
	test "$(ss -tnH state established "dport = :$UP_PORT" 2> /dev/null | wc -l)" -eq 0
}
wait_for 10 connections_over
post -f alice@example.com bob@example.net < /dev/null
check 'a second connection' wait_for 10 has_arrived "up$N" 2
check 'a second connection: resumed' grep -rqx RESUMED "$TMP/up$N.mail"
finish
stop_all
