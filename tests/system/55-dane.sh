#!/usr/bin/env bash
# What DNS says of the server's key: believed when it is signed and the name
# server is near; never when it cannot be had.
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip 'dane' 'no python3 here'
	exit 0
fi

make_pki
PKI=$TMP/pki
cat "$PKI/cert.pem" "$CA" > "$PKI/chain.pem"
export POSTERN_RESOLV_CONF=$TMP/resolv.conf

start_dns() {	# HOW [RECORD…]
	rm -f "$TMP/dns.port"
	python3 "$SYSTEM/dns.py" "$TMP/dns.port" "$@" > "$TMP/dns.log" 2>&1 &
	DNS_PID=$!
	PIDS+=("$DNS_PID")
	wait_for 10 test -s "$TMP/dns.port" || die "the name server did not start: $(cat "$TMP/dns.log")"
	printf 'nameserver [127.0.0.1]:%s\n' "$(cat "$TMP/dns.port")" > "$POSTERN_RESOLV_CONF"
}

# --- the helper alone ---

EE="3 1 1 $(printf '%064d' 0)"

helper() {	# NAME WANTED HOW [RECORD…]
	local name=$1 wanted=$2 got
	shift 2
	start_dns "$@"
	got=$("$BUILD/postern-resolve" --tlsa localhost 465 2>&1; echo "$?")
	is "helper, $name" "$(echo "$got" | tr '\n' '|')" "$wanted"
	stop "$DNS_PID"
}
helper 'secure records' "secure|$EE|$EE|0|" secure "$EE" "$EE"
check 'helper: asks for AD' grep -q '^udp [0-9]* ad$' "$TMP/dns.log"
helper 'not signed' 'none the domain is not signed|0|' insecure "$EE"
helper 'none' 'none the domain has no such records|0|' nxdomain
helper 'over TCP' "secure|$EE|0|" truncated "$EE"
check 'helper: asked over TCP' grep -q '^tcp' "$TMP/dns.log"
helper 'by another name' "secure|$EE|0|" alias "$EE"
helper 'a failure' 'localhost: the server failed, or the answer is not validly signed|75|' servfail
helper 'too many' 'localhost: it has more than 16 records|75|' secure "$EE" "$EE" "$EE" "$EE" "$EE" "$EE" "$EE" \
    "$EE" "$EE" "$EE" "$EE" "$EE" "$EE" "$EE" "$EE" "$EE" "$EE"
echo 'nameserver 192.0.2.1' > "$POSTERN_RESOLV_CONF"
is 'helper, a server far away' "$("$BUILD/postern-resolve" --tlsa localhost 465 | cut -d , -f 1)" \
    'none the name server is on another machine'
start_dns secure "$EE"
{ echo 'nameserver 127.0.0.2'; cat "$POSTERN_RESOLV_CONF"; echo 'nameserver 192.0.2.1'; } > "$TMP/resolv.new"
mv "$TMP/resolv.new" "$POSTERN_RESOLV_CONF"
printf 'options edns0 trust-ad\n' >> "$POSTERN_RESOLV_CONF"
is 'helper, vouched for' "$("$BUILD/postern-resolve" --tlsa localhost 465 | head -n 1)" secure
stop "$DNS_PID"

# --- the daemon ---

N=0
upstream_of() {	# CERT
	N=$((N + 1))
	start_upstream "up$N" --tls implicit --cert "$PKI/$1" --key "$PKI/key.pem"
	write_conf 'relay up {' '    host = "localhost"' "    port = $UP_PORT" '    tls = "implicit"' "    ca-file = \"$CA\"" \
	    '    dane = true' '}'
}

finish() {
	stop_posternd
	stop "$UP_PID"
	stop "$DNS_PID"
	find "$POSTERN_SPOOL/new" "$POSTERN_SPOOL/cur" "$POSTERN_SPOOL/later" -type f -delete
	: > "$TMP/posternd.log"
}

row() {	# NAME CERT arrives|WORDS HOW [RECORD…]
	local name=$1 cert=$2 wanted=$3
	shift 3
	start_dns "$@"
	upstream_of "$cert"
	start_posternd
	post -f alice@example.com bob@example.net < /dev/null
	if test "$wanted" = arrives; then
		check "$name" wait_for 15 has_arrived "up$N" 1
	else
		check "$name: says so" wait_for 15 log_says "$wanted"
		check "$name: nothing is sent" test "$(arrived "up$N")" -eq 0
		check "$name: the mail is kept" test "$(queued)" -eq 1
	fi
}

row 'other records' cert.pem '(by the TLSA records in DNS); seen: CN=localhost' secure "$EE"
check 'other records: a person has to look' log_says 'status=needs-attention'
finish

# The key's fingerprint, by way of a pin that is refused.
N=$((N + 1))
start_upstream "up$N" --tls implicit --cert "$PKI/self.pem" --key "$PKI/key.pem"
write_conf "relay up { host = \"localhost\" port = $UP_PORT tls = \"implicit\" fingerprint = \"$(printf '%064d' 0)\" }"
start_posternd
post -f alice@example.com bob@example.net < /dev/null
wait_for 10 log_says 'write fingerprint'
PIN=$(sed -n 's/.*write fingerprint = "sha256:\([^"]*\)".*/\1/p' "$TMP/posternd.log" | head -n 1 | base64 -d |
    od -An -v -tx1 | tr -d ' \n')
DNS_PID=$UP_PID
finish

# An authority that DNS names (RFC 7671 §5.2): its chain, the name and the dates are looked at, and no other's.
ca_digest() {	# FILE: its whole certificate, SHA-256
	openssl x509 -in "$1" -outform DER | openssl dgst -sha256 -r | cut -d ' ' -f 1
}
if command -v openssl > /dev/null; then
	TA="2 0 1 $(ca_digest "$CA")"
	"$BUILD/demo-pki" "$TMP/other" || die 'demo-pki failed'
	row 'an authority that DNS names' chain.pem arrives secure "$TA"
	finish
	row 'an authority that DNS names, among others' chain.pem arrives secure "$EE" "2 0 1 $(ca_digest "$TMP/other/ca.pem")" "$TA"
	finish
	row 'another authority than DNS names' chain.pem '(by the TLSA records in DNS)' secure \
	    "2 0 1 $(ca_digest "$TMP/other/ca.pem")"
	check 'another authority: a person has to look' log_says 'status=needs-attention'
	finish
	cat "$PKI/other.pem" "$CA" > "$PKI/other-chain.pem"
	row 'an authority that DNS names, of another host' other-chain.pem 'hostname mismatch' secure "$TA"
	finish
	cat "$PKI/expired.pem" "$CA" > "$PKI/expired-chain.pem"
	row 'an authority that DNS names, too late' expired-chain.pem 'certificate has expired' secure "$TA"
	finish
else
	skip 'an authority that DNS names' 'no openssl here'
fi

row 'a key that DNS names, of nobody that is known' self.pem arrives secure "$EE" "3 1 1 $PIN"
finish
row 'a key that DNS names by another name' self.pem arrives alias "3 1 1 $PIN"
finish
row 'a key that DNS names, of last year' expired.pem arrives secure "3 1 1 $PIN"
finish
row 'records that are not signed: as usual' cert.pem arrives insecure "$EE"
check 'records that are not signed: said' log_says 'dane=not used, reason=the domain is not signed'
finish
row 'records that are not signed: as usual, refused' self.pem 'self-signed certificate' insecure "3 1 1 $PIN"
finish
row 'no records: as usual' cert.pem arrives nxdomain
finish
row 'records of no known kind: as usual' cert.pem arrives secure "9 1 1 $PIN"
finish
row 'no answer' cert.pem 'TLSA records of localhost:' servfail
finish
stop_all
