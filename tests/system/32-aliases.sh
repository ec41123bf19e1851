#!/usr/bin/env bash
# Local names with the real programs: aliases, maps and masquerading on the
# way, newaliases and sendmail -bv before it.
# shellcheck disable=SC2016
. "$SYSTEM/lib.sh"

NAMES=(
	'local-mail = "ops@example.net"'
	'masquerade = { "example.com" }'
	'map { from = "www-data"  to = "web@example.com"  apply = "sender" }'
	'map { from = "*@old.example.com"  to = "*@new.example.net"  apply = "recipient" }'
)

put_aliases() {
	cat > "$TMP/aliases.new"
	mv "$TMP/aliases.new" "$TMP/aliases"
}

# The envelope of the one message with this subject: "SENDER: RECIPIENT …"
envelope_of() {
	local stored
	stored=$(grep -l "^Subject: $1"$'\r$' "$TMP"/up.mail/[0-9]* 2> /dev/null) || return
	sed -n 's/^MAIL FROM:<\([^>]*\)>.*/\1:/p; s/^RCPT TO:<\([^>]*\)>.*/\1/p' $stored | sort | tr '\n' ' '
}

field_of() {	# SUBJECT FIELD
	message_of "$(grep -l "^Subject: $1"$'\r$' "$TMP"/up.mail/[0-9]*)" |
	    sed -n $'/^\r$/q; s/\r$//; s/^'"$2: //p"
}

submit() {	# SUBJECT ARGUMENT…
	local subject=$1
	shift
	printf 'From: %s\nTo: someone@example.org\nSubject: %s\n\nHello.\n' "${FROM:-root (Cron Daemon)}" "$subject" |
	    post -i "$@"
}

is_sent() {	# SUBJECT
	grep -q "^Subject: $1"$'\r$' "$TMP"/up.mail/[0-9]*
}

goes() {	# NAME WANTED ARGUMENT…
	local name=$1 wanted=$2
	shift 2
	submit "$name" "$@" || not_ok "$name" "sendmail: status $?"
	wait_for 10 is_sent "$name" || not_ok "$name" "it did not arrive"
	is "$name" "$(envelope_of "$name")" "$wanted"
}

# --- newaliases, without a daemon or even a configuration ------------------

rm -f "$POSTERN_CONF"
check 'newaliases without a configuration' "$BUILD/postern" newaliases "$TMP/aliases"
"$BUILD/sendmail" -bi > /dev/null 2>&1		# of the machine's own file: whatever it is like
check 'newaliases is content without one' test $? -ne 78

write_conf "${NAMES[@]}" 'relay up { host = "127.0.0.1"  port = 9  tls = "none" }'
is 'newaliases without a file' "$("$BUILD/sendmail" -bi)" \
    "$TMP/aliases: there is no such file, and so no alias"

put_aliases <<-'END'
	# as a package leaves it
	postmaster: root
	root: ops, bob@example.net
	END
ln -sf "$BUILD/sendmail" "$TMP/newaliases"
is 'newaliases by its name' "$("$TMP/newaliases")" \
    "$TMP/aliases: 2 aliases, longest 20 bytes, 24 bytes total"

put_aliases <<-'END'
	root: ops
	vac: "|/usr/bin/vacation vac"
	a: b
	b: a
	a b: c
	list: :include:/nonexistent
	END
"$BUILD/sendmail" -bi > "$TMP/out" 2> "$TMP/err"
is 'newaliases: status' $? 65
check 'newaliases: a bad line' grep -qx "$TMP/aliases:5: blank outside quotes" "$TMP/err"
check 'newaliases: a loop' grep -qF "$TMP/aliases:4: a loop: a -> b -> a" "$TMP/err"
check 'newaliases: an include' grep -qx "$TMP/aliases:6: /nonexistent: No such file or directory" "$TMP/err"
check 'newaliases: a command' grep -qF ':2: vac: "|/usr/bin/vacation vac" is never run' "$TMP/out"

chmod 666 "$TMP/aliases"
"$BUILD/sendmail" -bi > /dev/null 2> "$TMP/err"
is 'newaliases: writable by all' "$? $(cat "$TMP/err")" \
    "78 postern: $TMP/aliases: every user can write it, and take all mail; chmod o-w"

# --- sendmail -bv ----------------------------------------------------------

put_aliases <<-'END'
	root: ops, bob@example.net
	staff: bob@example.net, eve@example.net, root
	vac: \vac, "|/usr/bin/vacation vac"
	noreply: /dev/null
	END
"$BUILD/sendmail" -bv staff 'Old <eve@old.example.com>' > "$TMP/out"
is '-bv: status' $? 0
check '-bv: an alias' grep -qxF "    $TMP/aliases:2: staff is an alias: bob@example.net, eve@example.net, root" "$TMP/out"
check '-bv: local-mail' grep -qxF '    ops is of this host: to local-mail, ops@example.net' "$TMP/out"
is '-bv: each address once' "$(grep -c '^staff\.\.\. deliverable: relay up, host 127\.0\.0\.1, user ' "$TMP/out")" 3
check '-bv: a map' grep -qxF \
    'eve@old.example.com... deliverable: relay up, host 127.0.0.1, user eve@new.example.net' "$TMP/out"
"$BUILD/sendmail" -bv bob@example.net 'a b@example.net' > "$TMP/out"
is '-bv: one that cannot be' "$? $(tail -n 1 "$TMP/out")" '67 a b@example.net... not deliverable: blank outside quotes'
"$BUILD/sendmail" -bv www-data no.such.user > "$TMP/out"
check '-bv: as a sender' grep -qxF '    as a sender it is web@example.com' "$TMP/out"
check '-bv: nobody here' grep -qxF '    no.such.user is neither a user nor an alias of this host' "$TMP/out"
mv "$POSTERN_CONF" "$POSTERN_CONF.away"
"$BUILD/sendmail" -bv root > /dev/null 2>&1
is '-bv without a configuration' $? 78
mv "$POSTERN_CONF.away" "$POSTERN_CONF"

# --- on the way ------------------------------------------------------------

start_upstream up
write_conf "${NAMES[@]}" "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
start_posternd
goes 'two of one' 'bob@example.net ops@example.net root@example.com: ' -f root root
goes 'one of several' 'bob@example.net eve@example.net ops@example.net root@example.com: ' -f root staff root \
    postmaster bob@example.net
goes 'nobody we know' 'ops@example.net root@example.com: ' -f root no.such.user+tag@localhost
goes 'a mapped recipient' 'eve@new.example.net root@example.com: ' -f root eve@old.example.com
goes 'a mapped sender' 'bob@example.net web@example.com: ' -f www-data bob@example.net
goes 'a masked sender' 'alice@example.com: bob@example.net ' -f alice@web1.example.com bob@example.net
goes 'a command' 'ops@example.net root@example.com: ' -f root vac
check 'a command is named in the log' log_says '"|/usr/bin/vacation vac" is a command, and never run'

FROM='Web <www-data>, Al <al@db.example.com>' submit 'header' -f root bob@example.net
wait_for 10 is_sent header
is 'maps and masks in the header' "$(field_of header From)" 'Web <web@example.com>, Al <al@example.com>'

submit 'thrown away' -f root noreply
check 'thrown away' wait_for 10 log_says 'to=<noreply>, relay=none, dsn=2.0.0, status=sent (thrown away'
check 'and gone' wait_for 10 drained
is 'and not sent' "$(envelope_of 'thrown away')" ''

# Found without a word to the daemon.
put_aliases <<< 'root: carol@example.net'
next_second() { test "$(now_ms)" -gt "$1"; }
wait_for 5 next_second $(($(now_ms) + 1100))
goes 'a changed file' 'carol@example.net root@example.com: ' -f root root
stop_posternd

# --- lists with an owner -----------------------------------------------------

stop "$UP_PID"
start_upstream up --fault 'rcpt:gone@*:550 5.1.1 no such user'
put_aliases <<-'END'
	staff: gone@example.net, fred@example.net
	owner-staff: chief
	chief: chief@example.org
	END
check 'a list: newaliases' eval '"$BUILD/sendmail" -bi | grep -qxF \
    "$TMP/aliases:1: staff: its mail leaves with what owner-staff comes to as the sender"'
write_conf "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
"$BUILD/sendmail" -bv staff > "$TMP/out"
check 'a list: -bv' grep -qxF "    what fails of it is told to chief@example.org, the list's owner and sender" "$TMP/out"
start_posternd
wait_for 5 next_second $(($(now_ms) + 1100))
submit 'a list and others' -f root -N failure -V envelope-1 staff greta@example.net
sender_to() {	# RECIPIENT
	sed -n 's/^MAIL FROM:<\([^>]*\)>.*/\1/p' "$(grep -l "^RCPT TO:<$1>" "$TMP"/up.mail/*)"
}
wait_for 10 grep -qs '^RCPT TO:<fred@example.net>' "$TMP"/up.mail/*
is 'a list: its sender' "$(sender_to fred@example.net)" chief@example.org
wait_for 10 grep -qs '^RCPT TO:<greta@example.net>' "$TMP"/up.mail/*
is 'a list: not of the others' "$(sender_to greta@example.net)" root@example.com
check 'a list: its owner is told' wait_for 10 grep -qs '^RCPT TO:<chief@example.org>' "$TMP"/up.mail/*
REPORT=$(grep -l '^RCPT TO:<chief@example.org>' "$TMP"/up.mail/*)
check 'a list: of whom' grep -q '^Final-Recipient: rfc822; gone@example.net' $REPORT
is 'a list: nothing of the writer' "$(grep -c '^Original-Envelope-Id' $REPORT)" 0
check 'a list: empty in the end' wait_for 10 drained
stop_posternd
put_aliases <<< 'root: carol@example.net'

# --- maps of files ----------------------------------------------------------

put_map() {	# NAME
	cat > "$TMP/$1.new"
	mv "$TMP/$1.new" "$TMP/$1"
}

put_map addresses <<-'END'
	# who was called what
	*@old.example.com	*@new.example.net
	eve@old.example.com	eve@example.net
	alice			alice.smith@example.com
	END
ME=$(id -un)
put_map users <<< "$ME	$ME-mail@example.com"
write_conf 'local-mail = "ops@example.net"' "map { file = \"$TMP/addresses\" }" "map { user-file = \"$TMP/users\" }" \
    "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
check 'map files: check' eval '"$BUILD/postern" check | grep -qF "map: $TMP/addresses: 3 lines"'
"$BUILD/sendmail" -bv frank@old.example.com "$ME" > "$TMP/out"
check 'map files: -bv' grep -qxF \
    "    frank@old.example.com becomes frank@new.example.net: $TMP/addresses:2: *@old.example.com *@new.example.net" "$TMP/out"
check 'map files: -bv, a sender' grep -qxF "    as a sender it is $ME-mail@example.com" "$TMP/out"
start_posternd
goes 'map files' "bob@example.net eve@example.net frank@new.example.net $ME-mail@example.com: " -f "$ME" \
    bob@example.net frank@old.example.com Eve@Old.Example.Com
goes 'map files, another sender' "alice.smith@example.com: bob@example.net " -f alice bob@example.net
FROM="Al <al@example.org>, $ME" submit 'map files, header' -f al@example.org bob@example.net
wait_for 10 is_sent 'map files, header'
is 'map files: the header' "$(field_of 'map files, header' From)" "Al <al@example.org>, $ME-mail@example.com"

printf '%s\n' 'frank@old.example.com frank@x.example.net' 'a b c' | put_map addresses
wait_for 5 next_second $(($(now_ms) + 1100))
goes 'a bad map file' "frank@new.example.net $ME-mail@example.com: " -f "$ME" frank@old.example.com
check 'a bad map file is named' log_says "$TMP/addresses:2: more than two words; write a pattern, a blank and an address; the lines read before stay in use"
"$BUILD/postern" check > /dev/null 2> "$TMP/err"
is 'a bad map file: check' "$? $(grep -oF "$TMP/addresses:2:" "$TMP/err")" "78 $TMP/addresses:2:"
is 'and that is all of it' "$(wc -l < "$TMP/err")" 1
"$BUILD/posternd" --try wire -c "$POSTERN_CONF" > "$TMP/out" 2>&1
is 'a bad map file: a try ends, too' "$? $(grep -c '^error ' "$TMP/out")" '78 1'
put_map addresses <<< 'frank@old.example.com frank@x.example.net'
wait_for 5 next_second $(($(now_ms) + 1100))
goes 'a repaired map file' "frank@x.example.net $ME-mail@example.com: " -f "$ME" frank@old.example.com
stop_posternd

# --- the account's address -------------------------------------------------

write_conf 'local-mail = "ops@example.net"' 'trusted-users = { "nobody-we-know" }' \
    "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\"
	from = \"ops@example.net\"  from-header = \"rewrite-local\" }"
start_posternd
submit 'ours' -f root bob@example.net
wait_for 10 is_sent ours
is 'rewrite-local: ours' "$(field_of ours From)" "\"Cron Daemon (root on $(uname -n | cut -d . -f 1))\" <ops@example.net>"
FROM='Al <al@example.org>' submit 'theirs' -f root bob@example.net
wait_for 10 is_sent theirs
is 'rewrite-local: theirs' "$(field_of theirs From)" 'Al <al@example.org>'
stop_posternd

if test "$(id -u)" -ne 0; then
	skip trusted-users 'needs root, to be somebody else'
else
	write_conf 'local-mail = "ops@example.net"' 'trusted-users = { "www-data" }' \
	    "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
	start_posternd
	# The spool is open to root alone here: the file is given to the user it is to be from.
	as() {	# USER SUBJECT SENDER
		local id
		kill -STOP "$POSTERND_PID"
		submit "$2" -f "$3" bob@example.net
		for id in "$POSTERN_SPOOL"/new/*; do chown "$1" "$id"; done
		kill -CONT "$POSTERND_PID"
		wait_for 10 is_sent "$2"
	}
	as games 'not trusted' boss@example.org
	is 'not trusted' "$(envelope_of 'not trusted')" 'bob@example.net games@example.com: '
	check 'and it is said' log_says 'games is not in trusted-users: sent from <games>, not from <boss@example.org>'
	as games 'himself' games+news@example.com
	is 'himself' "$(envelope_of himself)" 'bob@example.net games+news@example.com: '
	as www-data 'trusted' boss@example.org
	is 'trusted' "$(envelope_of trusted)" 'bob@example.net boss@example.org: '
	stop_posternd
fi
is 'nothing wrong with the protocol' "$(total up breaches)" 0
