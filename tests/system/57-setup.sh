#!/usr/bin/env bash
# postern setup: by options, and by a person at a terminal; what it must not
# do to a configuration that is there; and a message that arrives by it.
# shellcheck disable=SC2016
. "$SYSTEM/lib.sh"

POSTERN=$BUILD/postern
PYTHON=python3
test ! -x /usr/bin/python3 || PYTHON=/usr/bin/python3
if ! command -v $PYTHON > /dev/null; then
	skip 'setup' 'needs python3, for terminals'
	exit 0
fi

OUT=$TMP/out ERR=$TMP/err
ETC=$TMP/etc
export POSTERN_CONF=$ETC/postern.conf
SECRETS=("$PASSWORD") KEPT=("$ETC/example.password")
NASTY=' p"a\s'\''s ${HOME} wörd '

run() {		# ARGUMENT…: nobody at a terminal
	"${AS[@]}" "$POSTERN" setup "$@" > "$OUT" 2> "$ERR" < "${INPUT:-/dev/null}"
	STATUS=$?
	return $STATUS
}
AS=()

gives() {	# NAME STATUS ARGUMENT…
	local name=$1 status=$2
	shift 2
	run "$@"
	is "$name" "$STATUS" "$status"
	test "$STATUS" = "$status" || sed "s/^/# /" "$ERR" "$OUT"
}

says() {	# NAME TEXT
	check "$1" grep -qF -- "$2" "$OUT"
}

complains() {
	check "$1" grep -qF -- "$2" "$ERR"
}

conf_says() {	# NAME TEXT
	check "$1" grep -qF -- "$2" "$POSTERN_CONF"
}

# typing STATUS_FILE STEP… -- ARGUMENT…: a person; a step is WAIT=>TYPE, "^C" and "^D" as they are.
person() {	# NAME STATUS STEP… -- ARGUMENT…
	local name=$1 status=$2
	shift 2
	$PYTHON "$SYSTEM/dialogue.py" "$POSTERN" "$@" > "$OUT" 2> "$ERR"
	STATUS=$?
	is "$name" "$STATUS" "$status"
	test "$STATUS" = "$status" || sed "s/^/# /" "$OUT" "$ERR"
}

nothing_left() {	# NAME: no file that a stopped run began
	is "$1" "$(find "$TMP/etc" "$TMP/shut" -name '*.new' 2> /dev/null)" ''
}

mode_of() {
	stat -c '%a' "$1"
}

printf '%s\n' "$PASSWORD" > "$TMP/given"
make_spool

# --- what is missing, what is wrong -------------------------------------------

gives 'nobody to ask' 64
complains 'all that is missing is named' '--from (the account'"'"'s address), --provider or --host, --user or --no-login, --password-file or --password-stdin, --local-mail'
gives 'a known address says much' 64 --from you@gmail.com
complains 'only the password is missing' 'this is missing: --password-file or --password-stdin'
is 'nothing was made' "$(find "$ETC" 2> /dev/null)" ''
gives 'a provider that is none' 65 --from a@example.com --provider gmial
complains 'the provider meant' 'did you mean "gmail"?'
gives 'a port that is none' 64 --port 99999
complains 'a port that would be one' 'write a number from 1 to 65535'
gives 'an address that is none' 64 --from root
complains 'an address wants a domain' 'has no domain'
gives 'an option that is none' 64 --pasword-file x
complains 'the option meant' 'did you mean --password-file?'
gives 'a password file that is not there' 66 --from you@gmail.com --password-file "$TMP/nowhere"
printf 'one\ntwo\n' > "$TMP/two"
gives 'a password of two lines' 65 --from you@gmail.com --password-file "$TMP/two"
gives 'outlook takes no password' 64 --from you@outlook.com --password-file "$TMP/given"
complains 'outlook wants a client' '--client-id (it takes no passwords)'

# --- presets ------------------------------------------------------------------

gives 'gmail' 0 --from you@gmail.com --password-file "$TMP/given" --no-online
conf_says 'gmail: provider' 'provider = "gmail"'
conf_says 'gmail: user' 'user = "you@gmail.com"'
conf_says 'gmail: local-mail' 'local-mail = "you@gmail.com"'
conf_says 'gmail: from' 'from-header = "rewrite"'
is 'the folder' "$(mode_of "$ETC")" 755
is 'the configuration is for all' "$(mode_of "$POSTERN_CONF")" 644
check 'the password is not' test "$(($(mode_of "$ETC/gmail.password") % 10))" = 0
is 'the password' "$(cat "$ETC/gmail.password")" "$PASSWORD"
check 'check likes it' "$POSTERN" check
cp "$POSTERN_CONF" "$TMP/first"
gives 'the same again changes nothing' 0 --from you@gmail.com --password-file "$TMP/given" --no-online
check 'nothing was kept, since nothing changed' test ! -e "$POSTERN_CONF.~1~"

rm -rf "$ETC"
gives 'outlook' 0 --from you@outlook.com --client-id 123-abc --no-online
conf_says 'outlook: the client' 'client-id = "123-abc"'
says 'outlook: what is still to be done' 'postern login outlook'
rm -rf "$ETC"
gives 'sendgrid' 0 --from noreply@example.com --provider sendgrid --local-mail ops@example.org --password-file "$TMP/given" --no-online
conf_says 'sendgrid: the word' 'user = "apikey"'
conf_says 'sendgrid: only own addresses' 'from-header = "rewrite-local"'
rm -rf "$ETC"
gives 'ses' 0 --from noreply@example.com --provider ses-eu-west-1 --user AKIA --local-mail ops@example.org --password-file "$TMP/given" --no-online
check 'ses: check likes it' "$POSTERN" check

# --- a configuration that is there ----------------------------------------------

cat > "$POSTERN_CONF" <<'EOF'
# mine
local-mail = "old@example.com"   # who reads it

# the relay
relay gmail { provider = "gmail"  user = "old@gmail.com"  password-file = "/nowhere" } # end

flood { per-user = 77  per = "1h" }
EOF
chmod 640 "$POSTERN_CONF"
test -z "$(daemon_user)" || chgrp "$(id -gn "$(daemon_user)")" "$POSTERN_CONF"
cp "$POSTERN_CONF" "$TMP/before"
gives 'not without --yes' 64 --from you@gmail.com --password-file "$TMP/given" --no-online
complains 'what would change: out' '-local-mail = "old@example.com"   # who reads it'
complains 'what would change: in' '+local-mail = "you@gmail.com"   # who reads it'
check 'nothing changed' cmp "$POSTERN_CONF" "$TMP/before"
check 'no password either' test ! -e "$ETC/gmail.password"
gives 'with --yes' 0 --from you@gmail.com --password-file "$TMP/given" --no-online --yes
conf_says 'the rest stays' 'flood { per-user = 77  per = "1h" }'
conf_says 'comments stay' '} # end'
is 'its mode stays' "$(mode_of "$POSTERN_CONF")" 640
check 'the old one is kept' cmp "$POSTERN_CONF.~1~" "$TMP/before"
says 'and that is said' "kept the old one as $POSTERN_CONF.~1~"
gives 'another account' 0 --from you@yahoo.com --password-file "$TMP/given" --no-online --yes
conf_says 'another provider' 'provider = "yahoo"'
is 'in the place of the one' "$(grep -c '^relay' "$POSTERN_CONF")" 1
check 'the second one is kept too' test -e "$POSTERN_CONF.~2~"
printf 'relay b { host = "b.example" }\n' >> "$POSTERN_CONF"
cp "$POSTERN_CONF" "$TMP/before"
gives 'of several, which?' 64 --from you@gmail.com --password-file "$TMP/given" --no-online --yes
complains 'of several, which? The cure' 'say --relay'
check 'of several: untouched' cmp "$POSTERN_CONF" "$TMP/before"
gives 'of several, this one' 0 --from you@gmail.com --password-file "$TMP/given" --no-online --yes --relay b
is 'of several: still two' "$(grep -c '^relay' "$POSTERN_CONF")" 2
echo 'relay x {' > "$POSTERN_CONF"
gives 'one that cannot be read' 78 --from you@gmail.com --password-file "$TMP/given" --no-online --yes
is 'stays as it is' "$(cat "$POSTERN_CONF")" 'relay x {'
rm -f "$POSTERN_CONF" "$ETC"/*.~*
gives 'what the daemon would refuse' 78 --from a@example.com --host mail.example.com --tls none --user a --password-file "$TMP/given" --local-mail a@example.com --no-online
complains 'is refused with the cure' 'insecure = true'
check 'and is not there' test ! -e "$POSTERN_CONF" -a ! -e "$ETC/example.password"
nothing_left 'nothing half-written'

if test "$(id -u)" -eq 0 && command -v setpriv > /dev/null &&
    setpriv --reuid=5 --regid=5 --clear-groups -- test -x "$POSTERN" 2> /dev/null; then
	AS=(setpriv --reuid=5 --regid=5 --clear-groups --)
	gives 'for a user' 77 --from you@gmail.com
	complains 'a user: what it needs' 'sudo postern setup'
	AS=()
else
	skip 'for a user' 'needs root, and a build folder that others can enter'
fi

# --- a message that arrives -------------------------------------------------------

rm -rf "$ETC"
start_secure_upstream first starttls
OPTIONS=(--host localhost --port "$UP_PORT" --tls starttls --ca-file "$CA" --user "$USER_NAME" --from "$USER_NAME"
    --local-mail bob@example.net --hostname web1.example.com)
gives 'while the daemon is down' 0 "${OPTIONS[@]}" --password-file "$TMP/given"
says 'the login was tried' 'logged in at the server'
says 'what starts it' 'systemctl enable --now postern'
printf '\naliases = "%s"\nlog { to = "stderr"  level = "info" }\n' "$TMP/aliases" >> "$POSTERN_CONF"
start_posternd

printf '%s' "$NASTY" > "$TMP/nasty"
SECRETS+=("$NASTY")
stop "$UP_PID"
PASSWORD=$NASTY
start_secure_upstream second starttls
OPTIONS[3]=$UP_PORT
before=$(now_ms)
INPUT=$TMP/nasty gives 'a live daemon' 0 "${OPTIONS[@]}" --password-stdin --yes
after=$(now_ms)
says 'it has read it' 'the daemon has read it'
says 'the message was accepted' 'sent a test message to bob@example.net; it was accepted'
check 'it has arrived' has_arrived second 1
echo "# from postern setup to the delivered mail: $((after - before)) ms"
check 'for whom it was' grep -q '^RCPT.*bob@example.net\|bob@example.net' "$TMP"/second.mail/*
check 'from whom' grep -q "ops@example.com" "$TMP"/second.mail/*
is 'the password to the byte' "$(cat "$ETC/example.password"; echo .)" "$NASTY
."
no_secret_got_out 'by options' "$ETC" "$OUT" "$ERR"

printf 'wrong' > "$TMP/wrong"
gives 'a wrong password' 75 "${OPTIONS[@]}" --password-file "$TMP/wrong" --yes
complains 'what the server said' 'user name and password not accepted'
check 'and the mail waits' test "$(queued)" -eq 1
gives 'and the right one' 0 "${OPTIONS[@]}" --password-file "$TMP/nasty" --yes
check 'both have arrived' wait_for 20 has_arrived second 3

# The daemon reads the password again by itself, and may be faster than we look.
for i in 1 2 3; do
	person "a wrong password, then the right one ($i)" 0 'Password (not shown): =>wrong' 'Write it?=>y' \
	    'Type the password again?=>y' "Password (not shown): =>$NASTY" -- setup "${OPTIONS[@]}" --hostname "again$i.example.com"
	says "its message was accepted ($i)" 'it was accepted'
done

# --- a person ---------------------------------------------------------------------

RELAY_PASSWORD=$ETC/example.password
rm -f "$POSTERN_CONF" "$RELAY_PASSWORD" "$ETC"/*.~*
person 'by questions' 0 'Its address, such as you@gmail.com: =>ops' 'it has no domain=>ops@example.com' \
    'Service or server: =>gmial' 'did you mean "gmail"?=>?' 'fastmail=>no host' 'Service or server: =>localhost' \
    'Port [465]: =>0' 'write a number=>'"$UP_PORT" 'TLS [starttls]: =>' 'Login name [ops@example.com]: =>' \
    'Password (not shown): =>' 'it is empty' 'Password (not shown): =>'"$NASTY" 'Address [ops@example.com]: =>bob@example.net' \
    'Write it? [Y/n]: =>maybe' 'y for yes=>y' -- setup --ca-file "$CA" --hostname web1.example.com
says 'the message was accepted' 'it was accepted'
check 'no password was shown' test "$(grep -cF 'wörd' "$OUT")" = 0
check 'the person'"'"'s mail has arrived' wait_for 20 has_arrived second 7
is 'the typed password to the byte' "$(cat "$RELAY_PASSWORD"; echo .)" "$NASTY
."
cp "$POSTERN_CONF" "$TMP/before"
cp -p "$RELAY_PASSWORD" "$TMP/before.password"

for at in 'Its address, such as you@gmail.com' 'Login name [you@gmail.com]' 'Password (not shown)' 'Address [you@gmail.com]' 'Write it?'; do
	steps=()
	for step in 'Its address, such as you@gmail.com: =>you@gmail.com' 'Login name [you@gmail.com]: =>' \
	    'Password (not shown): =>abcd efgh ijkl mnop' 'Address [you@gmail.com]: =>' 'Write it? [y/N]: =>y'; do
		case $step in
		"$at"*) steps+=("${step%=>*}=>^C"); break ;;
		*)      steps+=("$step") ;;
		esac
	done
	person "^C at $at" 130 "${steps[@]}" -- setup --hostname web1.example.com
	says "^C at $at: said" 'nothing was changed'
	check "^C at $at: untouched" cmp "$POSTERN_CONF" "$TMP/before"
	check "^C at $at: no password" test ! -e "$ETC/gmail.password"
done
nothing_left '^C: nothing half-written'
person '^D' 64 'Its address, such as you@gmail.com: =>^D' -- setup
person 'no is no' 75 'Write it? [y/N]: =>' -- setup --from you@gmail.com --user you@gmail.com --password-file "$TMP/given" \
    --local-mail you@gmail.com --hostname web1.example.com
says 'a person sees what would change' '-	user = "ops@example.com"'
check 'no: untouched' cmp "$POSTERN_CONF" "$TMP/before"
check 'no: the password too' cmp "$RELAY_PASSWORD" "$TMP/before.password"
no_secret_got_out 'by questions' "$ETC" "$OUT" "$ERR"
stop_posternd

# --- what a person is asked seldom -----------------------------------------------

rm -rf "$ETC"
WHOSE=(--from you@gmail.com --user you@gmail.com --password-file "$TMP/given" --local-mail you@gmail.com)
if test "$(id -u)" -eq 0 && unshare -u true 2> /dev/null; then
	nameless() {	# NAME STATUS STEP… -- ARGUMENT…: on a machine whose name has no domain
		local name=$1 status=$2
		shift 2
		unshare -u bash -c 'hostname web1 && exec "$@"' - $PYTHON "$SYSTEM/dialogue.py" "$POSTERN" "$@" > "$OUT" 2> "$ERR"
		is "$name" "$?" "$status"
	}
	nameless 'a machine without a full name, ^C' 130 'Full name [web1.localdomain]: =>^C' -- setup "${WHOSE[@]}" --no-online
	check 'nothing was made' test ! -e "$ETC"
	nameless 'a machine without a full name' 0 'Full name [web1.localdomain]: =>web 1' 'is not possible' \
	    'Full name [web1.localdomain]: =>web1.example.com' 'Write it? [Y/n]: =>' -- setup "${WHOSE[@]}" --no-online
	says 'why it is asked' 'mail servers want a full name'
	conf_says 'its full name' 'hostname = "web1.example.com"'
	nameless 'the name is in the file: not asked again' 0 'Write it? [y/N]: =>y' -- setup "${WHOSE[@]}" --local-mail \
	    root@example.org --no-online
	is 'and stays' "$(grep -c '^hostname = "web1.example.com"' "$POSTERN_CONF")" 1
	shut() {	# FILE…: setup with a configuration in a folder that cannot be written, which has these files
		mkdir -p "$TMP/shut"
		unshare -m bash -c 'mount -t tmpfs none "$0" && cp "${@:2}" "$0" && mount -o remount,ro "$0" &&
		    POSTERN_CONF=$0/postern.conf exec $1' "$TMP/shut" "$POSTERN setup ${WHOSE[*]} --no-online --yes" "$@" \
		    > "$OUT" 2> "$ERR"
	}
	shut "$TMP/given"
	is 'a folder that cannot be written' "$?" 73
	complains 'it is named, with the reason' "$TMP/shut: Read-only file system; the file system is mounted read-only"
	shut "$POSTERN_CONF"
	is 'one that has a configuration in it' "$?" 73
else
	skip 'a name without a domain, a folder that cannot be written' 'needs root, and namespaces'
fi

rm -rf "$ETC"
printf 'client-secret-word' > "$TMP/client.secret"
chmod 600 "$TMP/client.secret"
test -z "$(daemon_user)" || chown "$(daemon_user)" "$TMP/client.secret"
gives 'all that tokens want, by options' 0 --oauth --from noreply@contoso.example --provider m365 --user box@contoso.example \
    --client-id 123-abc --client-secret-file "$TMP/client.secret" --tenant contoso.example --relay office \
    --local-mail ops@contoso.example --hostname web1.contoso.example --no-online --yes
for line in 'relay office {' 'provider = "m365"' 'user = "box@contoso.example"' 'client-id = "123-abc"' \
    "client-secret-file = \"$TMP/client.secret\"" 'tenant = "contoso.example"' 'local-mail = "ops@contoso.example"' \
    'hostname = "web1.contoso.example"' 'from = "noreply@contoso.example"'; do
	conf_says "by options: $line" "$line"
done
is 'by options: no password' "$(find "$ETC" -name '*.password*'; grep -c password "$POSTERN_CONF")" 0
cp "$TMP/pki/ca.pem" "$TMP/some.pem"
gives 'all that a server wants, by options' 0 --from ops@example.com --host mail.example.com --port 2525 --tls implicit \
    --ca-file "$TMP/some.pem" --no-login --relay office --local-mail ops@example.com --no-test --no-online --yes
for line in 'host = "mail.example.com"' 'port = 2525' 'tls = "implicit"' "ca-file = \"$TMP/some.pem\""; do
	conf_says "by options: $line" "$line"
done

# --- tokens, from the first question to the mail that arrives ------------------------

rm -rf "$ETC"
mkdir -p "$ETC" "$TMP/idp" "$TMP/providers"
$PYTHON "$SYSTEM/idp.py" serve "$TMP/idp" 2> "$TMP/idp.log" &
PIDS+=("$!")
wait_for 10 test -s "$TMP/idp/port" || die 'the identity provider did not start'
URL=http://127.0.0.1:$(cat "$TMP/idp/port")
start_secure_upstream tokens implicit --mechanisms XOAUTH2 --tokens "$TMP/idp/valid" --user ops@fake.example
cp "$POSTERN_PROVIDERS"/*.conf "$TMP/providers"
cat > "$TMP/providers/fake.conf" <<EOF
host = "localhost"
port = $UP_PORT
tls = "implicit"
auth = "XOAUTH2"
user-hint = "the account's full address"
user-default = "ADDRESS"
domains = { "fake.example" }
oauth {
	authorize-endpoint = "$URL/authorize"
	token-endpoint = "$URL/token"
	scope = "mail"
}
EOF
export POSTERN_PROVIDERS=$TMP/providers
TOK=$POSTERN_SPOOL/state/oauth-fake.token
person 'tokens: by questions' 0 'Its address, such as you@gmail.com: =>ops@fake.example' 'Login name [ops@fake.example]: =>' \
    'fake takes no passwords, but OAuth' 'Client id: =>' 'Client id: =>client' 'Address [ops@fake.example]: =>' 'Write it? [Y/n]: =>y' \
    -- setup --ca-file "$CA" --hostname web1.example.com
says 'tokens: what is still to be done' 'still to be done: postern login fake'
conf_says 'tokens: the client' 'client-id = "client"'
is 'tokens: no password' "$(find "$ETC" -name '*.password*')" ''
printf '\nlog { to = "stderr"  level = "info" }\n' >> "$POSTERN_CONF"
start_posternd
post bob@example.net <<< $'Subject: by tokens\n\nhello'
check 'tokens: mail waits for the consent' wait_for 10 log_says 'postern login fake'
"$POSTERN" login fake < /dev/null > "$OUT" 2>&1 &
pid=$!
PIDS+=("$pid")
wait_for 10 grep -q '^  http' "$OUT"
$PYTHON "$SYSTEM/idp.py" visit "$(sed -n 's/^  \(http[^ ]*\)$/\1/p' "$OUT")" > "$TMP/page"
wait "$pid"
is 'tokens: postern login' "$?" 0
check 'tokens: and it arrives' wait_for 20 has_arrived tokens 1
collect_secrets "$TOK" "$TMP/idp/valid"
KEPT+=("$TOK")
no_secret_got_out 'tokens' "$ETC" "$OUT" "$ERR" "$TMP/page"
stop_posternd
export POSTERN_PROVIDERS=$SYSTEM/../../etc/providers

# --- a machine that another mail system was set up on ------------------------------

overlay() {	# UPPER COMMAND…: with what is in UPPER before our /etc
	local upper=$1
	shift
	unshare -m bash -c 'mount -t overlay overlay -o "lowerdir=$0:/etc" /etc && exec "$@"' "$upper" "$@"
}

rm -rf "$ETC"
mkdir -p "$ETC" "$TMP/over/nullmailer"
echo "mail.example.net smtp --port=465 --ssl --user=ops --pass=$PASSWORD" > "$TMP/over/nullmailer/remotes"
if test "$(id -u)" -ne 0 || ! overlay "$TMP/over" true 2> /dev/null; then
	skip 'import offered' 'needs root and an overlay of /etc'
else
	overlay "$TMP/over" $PYTHON "$SYSTEM/dialogue.py" "$POSTERN" 'nullmailer relays mail on this machine=>n' \
	    'such as you@gmail.com: =>^C' -- setup > "$OUT" 2> "$ERR"
	is 'import declined, then ^C' "$?" 130
	check 'nothing was written' test ! -e "$POSTERN_CONF"
	cp "$SYSTEM/../../etc/postern.conf" "$POSTERN_CONF"
	overlay "$TMP/over" $PYTHON "$SYSTEM/dialogue.py" "$POSTERN" 'nullmailer relays mail on this machine=>^C' \
	    -- setup > "$OUT" 2> "$ERR"
	is 'the installed sample is no configuration to keep' "$?" 130
	rm -f "$POSTERN_CONF"
	overlay "$TMP/over" $PYTHON "$SYSTEM/dialogue.py" "$POSTERN" 'nullmailer relays mail on this machine=>y' -- setup > "$OUT" 2> "$ERR"
	says 'import taken' 'took over what nullmailer was told'
	conf_says 'its relay' 'mail.example.net'
	check 'the configuration is one' "$POSTERN" check
	check 'no password on the terminal' bash -c '! grep -qF -- "$1" "$2"' - "$PASSWORD" "$OUT"
fi
