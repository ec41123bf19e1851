#!/usr/bin/env bash
# Two relays, and who goes by which: what verify says is what the daemon does.
. "$SYSTEM/lib.sh"

: > "$TMP/aliases"
start_upstream one
one=$UP_PORT
start_upstream two
two=$UP_PORT
write_conf 'relays = { "one" }' \
    "relay one { host = \"127.0.0.1\" port = $one tls = \"none\" }" \
    "relay two { host = \"127.0.0.1\" port = $two tls = \"none\" }" \
    'route { sender = "*@shop.example"  relays = { "two" } }'

says() {	# NAME RELAY ARGUMENT…
	local name=$1 relay=$2
	shift 2
	check "$name" grep -qF "deliverable: relay $relay," <("$BUILD/postern" verify "$@" 2>&1)
}

says 'verify: nobody in particular' one bob@example.net
says 'verify: by sender' two --sender=a@shop.example bob@example.net
check 'sendmail -bv -f' grep -qF 'deliverable: relay two,' <("$BUILD/sendmail" -bv -f a@shop.example bob@example.net 2>&1)
says 'verify: another sender' one --sender a@example.com bob@example.net

start_posternd
printf 'Subject: x\n\nx\n' | "$BUILD/sendmail" -f a@shop.example bob@example.net
printf 'Subject: x\n\nx\n' | "$BUILD/sendmail" -f a@example.com eve@example.net
check 'both are sent' wait_for 20 eval 'test "$(grep -c "status=sent" "$TMP/posternd.log")" = 2'
check 'the shop by its own relay' grep -q "to=<bob@example.net>.*:$two," "$TMP/posternd.log"
check 'the others by the first' grep -q "to=<eve@example.net>.*:$one," "$TMP/posternd.log"
stop_posternd
