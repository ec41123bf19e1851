#!/usr/bin/env bash
# postern test and postern check: each step of a delivery failing once, what
# is said about it, and the exit status.
. "$SYSTEM/lib.sh"

OUT=$TMP/out

# A relay of a provider whose rules have hints.
begin() {	# NAME TLS [UPSTREAM OPTION…]
	stop_all
	start_secure_upstream "$@"
	write_conf "$(relay up "$UP_PORT" "$2" 'provider = "gmail"')"
}

# told NAME STATUS TEXT… : the last command's exit status, and what it has to say.
told() {
	local name=$1 wanted=$2 text
	shift 2
	is "$name: exit status" "$status" "$wanted"
	for text in "$@"; do
		check "$name: $text" grep -qF -- "$text" "$OUT"
	done
}

try() {		# WORD…: postern with these, its output in OUT
	"$BUILD/postern" "$@" > "$OUT" 2>&1
	status=$?
	cp "$OUT" "$TMP/out.$((n += 1))"
}

n=0
make_spool

# --- all is well -------------------------------------------------------------

begin good implicit
try test bob@example.net
told 'sent' 0 'relay up: localhost port' ' resolve ' ' connect   127.0.0.1' ' TLS       TLSv1.3' ' greeting  220' \
    ' EHLO      offers PIPELINING' ' AUTH      ' ': 235 ' ' MAIL      from <root@example.com>: 250' \
    ' RCPT      to <bob@example.net>: 250' ' octets by BDAT: 250' 'taken for bob@example.net' 'not by the queue'
is 'sent: it arrived' "$(arrived good)" 1
check 'sent: as any mail of this host' grep -q '^Received: by web1.example.com (Postern)' "$(find "$TMP/good.mail" -name '[0-9]*')"
is 'sent: the queue has no part in it' "$(queued)" 0
try test --from alice@example.com --json bob@example.net
told 'json' 0
check 'json: one document' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["exit"] == 0 and d["result"]["sent"] == 1 and d["trouble"] is None, d
names = [s["name"] for s in d["steps"]]
assert names[-5:] == ["AUTH", "MAIL", "RCPT", "content", "QUIT"], names
assert all(s["ok"] and s["ms"] >= 0 for s in d["steps"])
assert "alice@example.com" in d["steps"][-4]["text"]
assert d["tls"]["version"] == "TLSv1.3" and d["tls"]["failure"] is None, d["tls"]
assert d["certificates"][0]["names"].startswith("localhost") and d["certificates"][0]["not_after"] > 0, d
' "$OUT"
try test --tls
told 'tls' 0 ' TLS       TLSv1.3' 'checked     chain and name (localhost)' 'certificate CN=' '  for       localhost' \
    '  issued by ' '  until     ' '  pin       sha256:'
is 'tls: no message' "$(arrived good)" 2
try check --online
told 'check' 0 'relay up: localhost port' 'aliases: ' 'providers: ' 'owners and modes are right' ': 235 ' \
    'MAIL FROM:<root@example.com>' 'RCPT TO:<root@example.com>' 'Subject: Cron <root@web1>' ': OK, this host is web1.example.com'
is 'check: no message' "$(arrived good)" 2
try test --queue bob@example.net
told 'queue' 0 'It is in the queue'
is 'queue: it is' "$(find "$POSTERN_SPOOL/new" -type f | wc -l)" 1
rm -f "$POSTERN_SPOOL"/new/*

# Aliases and routes count as they do for mail.
printf 'admins: bob@example.net, carol@example.net\n' > "$TMP/aliases"
printf 'route { recipient = "*@example.org" relays = { "other" } }\n' >> "$POSTERN_CONF"
printf 'relay other { host = "localhost" port = 1 tls = "none" }\n' >> "$POSTERN_CONF"
try test admins
told 'alias' 0 'taken for bob@example.net' 'taken for carol@example.net'
try test bob@example.org
told 'route' 75 'relay other: localhost port 1, no TLS' 'failed at connect' 'refused'
rm "$TMP/aliases"

# --- messages behind each other ------------------------------------------------

begin deep implicit
try test --pipeline bob@example.net
told 'pipeline' 0 'took all 8 messages, up to 4 in flight: pipeline-depth = 4 is safe for up'
is 'pipeline: all arrived' "$(arrived deep)" 8
begin shallow implicit --fault 'mail:*:503 5.5.1 one at a time:after=1'
try test --pipeline bob@example.net
check 'pipeline refused: depth 1' grep -q 'pipeline-depth = 1 for up' "$OUT"
begin lockstep implicit --no-pipelining
try test --pipeline bob@example.net
told 'no pipelining' 0 'does not offer PIPELINING'

# --- each step fails -------------------------------------------------------------

begin steps implicit
sed -i 's/host = "localhost"/host = "no-such-host.invalid"/' "$POSTERN_CONF"
try test bob@example.net
told 'no name' 75 'failed at resolve' 'no-such-host.invalid' 'what to do: ' 'all mail for this relay is kept'

begin steps implicit
stop_all
try test bob@example.net
told 'refused port' 75 'failed at connect' 'Connection refused' 'what to do: nothing listens at this port of localhost'

certificate() {	# NAME TEXT…
	local name=$1
	shift
	stop_all
	start_upstream "$name" --tls implicit --cert "$TMP/pki/$name.pem" --key "$TMP/pki/key.pem" \
	    --user "$USER_NAME" --password "$PASSWORD"
	write_conf "$(relay up "$UP_PORT" implicit)"
	try test --tls bob@example.net
	told "certificate $name" 75 'failed at TLS' 'refused     ' 'certificate CN=' 'what to do: ' "$@"
	is "certificate $name: no login was tried" "$(total "$name" auths)" 0
	is "certificate $name: nothing was sent" "$(arrived "$name")" 0
}
certificate other 'the certificate is for other.test' 'a name that the certificate of localhost is for'
certificate expired 'out of date'
certificate self 'ca-file'

stop_all
start_upstream clear --user "$USER_NAME" --password "$PASSWORD"
write_conf "$(relay up "$UP_PORT" starttls)"
try test bob@example.net
told 'no STARTTLS' 78 'does not offer STARTTLS' 'what to do: localhost has no TLS at this port'
write_conf "$(relay up "$UP_PORT" implicit)"
try test bob@example.net
told 'no TLS at all' 75 'failed at TLS' 'what to do: '

begin login implicit --fault 'auth:534 5.7.9 Application-specific password required'
try test bob@example.net
told 'wrong password' 78 'failed at AUTH' 'refused: ' '534' 'what to do: ' 'app password'
check 'wrong password: it is not shown' eval "! grep -rqF -e '$PASSWORD' -e '$(printf '\0%s\0%s' "$USER_NAME" "$PASSWORD" | base64)' '$OUT'"
try check --online
told 'check, wrong password' 78 'does not let us in' 'what to do: ' 'app password'
try check --online --json
check 'check, wrong password: json' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert not d["ok"] and d["exit"] == 78, d
assert d["relays"][0]["trouble"]["step"] == "AUTH" and d["relays"][0]["trouble"]["hint"], d
assert d["wire"]["envelope"] and d["wire"]["header"], d
' "$OUT"

begin sender implicit --fault 'mail:*:550 5.7.1 not your address'
try test bob@example.net
check 'refused sender: a failure' test "$status" -ne 0
told 'refused sender' "$status" ' MAIL ' 'refused: from <root@example.com>: 550 5.7.1' 'what it means: '
begin recipient implicit --fault 'rcpt:bob@*:550 5.1.1 no such user'
try test bob@example.net
told 'refused recipient' 69 'refused: to <bob@example.net>: 550 5.1.1' 'not taken for bob@example.net' 'refused for good'
begin full implicit --fault 'rcpt:bob@*:452 4.2.2 mailbox full'
try test bob@example.net
told 'recipient, not now' 75 'not taken for bob@example.net' 'not now'
begin content implicit --fault 'end:554 5.6.0 looks like spam'
try test bob@example.net
told 'refused content' 69 'refused: ' 'looks like spam' 'refused for good'
begin cut implicit --fault 'close:rcpt'
try test bob@example.net
told 'lost link' 75 'lost connection'

# --- what is wrong here ----------------------------------------------------------

begin wrong implicit
chmod 644 "$TMP/password"
chmod 755 "$POSTERN_SPOOL/cur"
printf 'alice: "bob\n' > "$TMP/aliases"
printf 'listen "127.0.0.1:1" { users-file = "%s/no-users" }\n' "$TMP" >> "$POSTERN_CONF"
try check
told 'several' 78 "$TMP/password: readable by every user; chmod 0640" \
    "chmod 0700 $POSTERN_SPOOL/cur" "$TMP/no-users" "$TMP/aliases" 'things are wrong'
chmod 700 "$POSTERN_SPOOL/cur"
rm "$TMP/aliases"
try test bob@example.net
told 'secret' 78 'failed at secret' 'chmod 0640'
printf 'no-such-option = 1\n' >> "$POSTERN_CONF"
try check
told 'configuration' 78 'no-such-option' 'owners and modes are right'
try test bob@example.net
told 'configuration, test' 78 'no-such-option'
mkdir "$TMP/providers"
cp "$POSTERN_PROVIDERS"/*.conf "$TMP/providers"
printf 'nonsense = 1\n' > "$TMP/providers/mine.conf"
POSTERN_PROVIDERS=$TMP/providers try check
told 'provider file' 78 "$TMP/providers/mine.conf:1"

# Root reads what is shut to the daemon.
if test -n "$(daemon_user)"; then
	begin shut implicit
	printf 'old@example.com new@example.com\n' > "$TMP/map"
	chmod 644 "$TMP/map"
	printf 'map { file = "%s" }\n' "$TMP/map" >> "$POSTERN_CONF"
	try check
	told 'all can be read' 0 "$TMP/map: 1 lines" 'OK, this host is'
	chmod 600 "$POSTERN_CONF" "$TMP/map"
	try check
	told 'shut files' 78 "$POSTERN_CONF: the daemon (user $(daemon_user)) cannot read it; chgrp postern" \
	    "$TMP/map: the daemon (user $(daemon_user)) cannot read it; chmod 0644"
	chmod 644 "$POSTERN_CONF" "$TMP/map"
	mkdir -m 700 "$TMP/shut"
	mv "$TMP/map" "$TMP/shut/map"
	sed -i "s|$TMP/map|$TMP/shut/map|" "$POSTERN_CONF"
	try check
	told 'a shut folder' 78 "$TMP/shut: the daemon (user $(daemon_user)) cannot enter this folder; chmod o+x"
	chmod 755 "$TMP/shut"
	chown daemon "$POSTERN_CONF"
	try check
	told "a file of another user's" 78 "$POSTERN_CONF: belongs to daemon, who decides by it"
else
	skip 'what root reads and the daemon does not' 'not run by root, or root alone reaches the build folder'
fi

# --- words -------------------------------------------------------------------------

begin words implicit
try test
told 'no address' 64 'to whom?'
try test --relay ip bob@example.net
told 'relay' 65 'there is no relay "ip"; did you mean up?'
try test 'bob @example.net'
told 'address' 64 'is no address'
try test --pipelin bob@example.net
told 'option' 64 'did you mean --pipeline?'
if test -n "$(daemon_user)"; then
	runuser -u daemon -- "$BUILD/postern" test bob@example.net > "$OUT" 2>&1
	status=$?
	told 'a user' 77 'sudo postern test' '--queue'
	chmod 750 "$POSTERN_SPOOL"      # as it is where it was installed
	runuser -u daemon -- "$BUILD/postern" test bob@example.net > "$OUT" 2>&1
	status=$?
	told 'a user who cannot see the spool' 77 'sudo postern test' '--queue'
else
	skip 'a user' 'not run by root, or root alone reaches the build folder'
fi
