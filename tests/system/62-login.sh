#!/usr/bin/env bash
# postern login, as a person does it: with a browser that is opened for him,
# one that is elsewhere, a code; and what he and the monitors see of it.
# shellcheck disable=SC1091,SC2016,SC2034
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip 'login' 'no python3'
	exit 0
fi
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
unset DISPLAY WAYLAND_DISPLAY SUDO_UID PKEXEC_UID
IDP=$TMP/idp TOK=$POSTERN_SPOOL/state/oauth-up.token
mkdir -p "$IDP" "$TMP/bin" "$TMP/seen"
chmod 1777 "$TMP/seen"
SECRETS=(client-secret-word) KEPT=("$TOK" "$TMP/secret")
spy_on_helpers

idp() {
	python3 "$SYSTEM/idp.py" "$@"
}
idp_set() {
	idp set "$IDP_PORT" "$@"
}
idp_seen() {
	idp get "$IDP_PORT" "$1"
}
python3 "$SYSTEM/idp.py" serve "$IDP" 2> "$TMP/idp.log" &
IDP_PID=$!
PIDS+=("$IDP_PID")
wait_for 10 test -s "$IDP/port" || die 'the identity provider did not start'
IDP_PORT=$(cat "$IDP/port")
URL=http://127.0.0.1:$IDP_PORT

user=$(daemon_user)
write_relay() {	# [LINE...] of oauth { }
	write_conf "$(cat <<-EOF
	relay up {
	    host = "localhost"  port = $UP_PORT  tls = "implicit"  ca-file = "$CA"  user = "$USER_NAME"
	    oauth {
	        client-id = "client"  client-secret-file = "$TMP/secret"  scope = "mail"
	        authorize-endpoint = "$URL/authorize"  token-endpoint = "$URL/token"  device-endpoint = "$URL/device"
	$(printf '        %s\n' "$@")
	    }
	}
	EOF
	)"
}
login() {	# [WORD=VALUE...] of the environment: in the background, LOGIN_PID
	rm -f "$TMP/in"
	mkfifo "$TMP/in"
	env "$@" "$BUILD/postern" login up < "$TMP/in" > "$TMP/login" 2>&1 &
	LOGIN_PID=$!
	PIDS+=("$LOGIN_PID")
	exec 3> "$TMP/in"
	wait_for 10 grep -q '^  http' "$TMP/login"
}
address() {
	sed -n 's/^  \(http[^ ]*\)$/\1/p' "$TMP/login"
}
ended() {	# LOGIN_STATUS
	wait_for 30 dead "$LOGIN_PID"
	exec 3>&-
	wait "$LOGIN_PID"
	LOGIN_STATUS=$?
}
# Every token that ever was, and the client's secret: in no log, no output, no command line, no core, no file that
# others can read, nor in the address that a browser is given.
nothing_leaked() {	# NAME
	collect_secrets "$TOK" "$IDP/valid"
	no_secret_got_out "$1" "$TMP/login" "$TMP/page" "$TMP/seen" "$TMP/status"
}
send() {	# SUBJECT
	printf 'Subject: %s\nTo: bob@example.net\n\nhello\n' "$1" | post -f alice@example.com bob@example.net
}
arrives() {	# SUBJECT
	wait_for 20 grep -rq "^Subject: $1" "$TMP/up.mail"
}
status() {
	"$BUILD/postern" status > "$TMP/status"
}
owner_of_file() {
	echo "$(stat -c '%U %a' "$TOK") $(find "$POSTERN_SPOOL/state" -name 'oauth-*' -not -name '*.token' -not -name '*.lock' | wc -l)"
}

make_spool
(umask 077; echo client-secret-word > "$TMP/secret")
test -z "$user" || chown "$user" "$TMP/secret"
start_secure_upstream up implicit --mechanisms 'PLAIN LOGIN XOAUTH2' --tokens "$IDP/valid"
write_relay
start_posternd
send first
wait_for 10 log_says 'nobody has agreed yet'
status
is 'before: status wants a person, with the command' "$? $(grep -c 'needs a person.*postern login' "$TMP/status")" '2 1'

# --- a real browser ------------------------------------------------------------

# xdg-open, as a desktop has it: notes who called it and for what.
cat > "$TMP/bin/xdg-open" <<EOF2
#!/bin/sh
printf '%s\n' "\$(id -u) \$#" "\$1" > "$TMP/seen/new" && mv "$TMP/seen/new" "$TMP/seen/opened"
EOF2
chmod 755 "$TMP/bin" "$TMP/bin/xdg-open"
idp_set ask=1 refresh_life=604799
desktop=("PATH=$TMP/bin:$PATH" DISPLAY=:77)
who=$(id -u)
if test "$who" -eq 0; then
	who=$(id -u nobody)
	desktop+=("SUDO_UID=$who")
fi
chromium() {	# ID TITLE...: the page that is left at the end
	if command -v chromedriver > /dev/null && command -v chromium > /dev/null; then
		rm -rf "$TMP/profile"
		timeout 300 python3 "$SYSTEM/chromium.py" "$TMP/profile" "$(sed -n 2p "$TMP/seen/opened")" "$@" \
		    > "$TMP/page" 2> "$TMP/chromium.log"
	else
		return 1
	fi
}
if command -v chromedriver > /dev/null && command -v chromium > /dev/null; then
	login "${desktop[@]}"
	check 'a desktop: its browser is opened' wait_for 10 test -e "$TMP/seen/opened"
	is 'as the person at the desktop, never as root, with the address alone' \
	    "$(head -n 1 "$TMP/seen/opened")" "$who 1"
	is 'it is the address that is printed' "$(sed -n 2p "$TMP/seen/opened")" "$(address)"
	chromium agree Done 'That did not work'
	ended
	is 'Chromium: agreed' "$LOGIN_STATUS $(head -n 1 "$TMP/page") $(idp_seen grants)" '0 Done 1'
	check 'Chromium: the page names account, relay and scope' grep -q \
	    'may now send mail as ops@example.com, for its relay up. What it was granted: mail offline_access' "$TMP/page"
	check 'Chromium: nothing comes from elsewhere' grep -qx 'resources 0' "$TMP/page"
	check 'the token is used, the queue drains' arrives first
	check 'and is empty' wait_for 10 drained
	is 'the file is of the daemon, and nothing else is left' "$(owner_of_file)" "${user:-$(id -un)} 600 0"
	nothing_leaked 'Chromium'

	before=$(cksum < "$TOK")
	rm -f "$TMP/seen/opened"
	idp_set 'description=<script>window.marked=1</script><img src=x onerror="window.marked=2"> & </title><b>no</b>'
	login "${desktop[@]}"
	wait_for 10 test -e "$TMP/seen/opened"
	chromium refuse Done 'That did not work'
	ended
	idp_set description=-
	is 'Chromium: refused' "$LOGIN_STATUS $(head -n 1 "$TMP/page")" '77 That did not work'
	is 'Chromium: what came from outside is text' \
	    "$(grep -c '<script>window.marked=1</script><img src=x onerror="window.marked=2"> & </title><b>no</b>' "$TMP/page") \
$(grep '^marked' "$TMP/page") $(grep '^elements' "$TMP/page")" \
	    '1 marked undefined elements html head meta title body h1 p'
	is 'refused: the consent that was there stays' "$(cksum < "$TOK")" "$before"
	is 'refused: one line says so' "$(grep -c '^postern: access_denied' "$TMP/login")" 1
	nothing_leaked 'Chromium, refused'
else
	skip 'Chromium' 'no chromium, or no chromedriver'
	login
	idp visit "$(address)&choice=agree" > "$TMP/page"
	ended
fi
if test "$(id -u)" -eq 0; then
	rm -f "$TMP/seen/opened"
	login "PATH=$TMP/bin:$PATH" DISPLAY=:77
	is 'root without a desktop of his: no browser' "$(test -e "$TMP/seen/opened"; echo $?) $(grep -c 'being opened' "$TMP/login")" '1 0'
	kill "$LOGIN_PID"
	ended
fi

# --- what monitors see ------------------------------------------------------------

idp_set ask=0
says_json() {	# PYTHON, of r, the relay
	"$BUILD/postern" status --json | python3 -c "import json,sys,time; r=json.load(sys.stdin)['relays'][0]; now=time.time()
sys.exit(not ($1))"
}
check 'status: what it logs in with, for what, until when' wait_for 10 says_json \
    "r['auth'] == 'oauth' and r['scope'] == 'mail offline_access' and 0 < r['token_expires'] - now <= 3600 and 6 * 86400 < r['grant_expires'] - now <= 7 * 86400"
status
is 'status: in words, and well' "$? $(grep -c 'token until .*; consent until .*, in 6d.*; for mail offline_access' "$TMP/status")" '0 1'
idp_set refresh_life=100000

# --- a browser elsewhere ------------------------------------------------------------

login
check 'a server: the ssh line' grep -q '^  ssh -L [0-9]*:127.0.0.1:[0-9]* ' "$TMP/login"
back=$(idp redirected "$(address)")
echo 'what is this' >&3
check 'something else pasted: said' wait_for 10 grep -q '^postern: that is not the address the browser ended at' "$TMP/login"
echo "${back/state=/state=x}" >&3
check 'another state: said' wait_for 10 grep -q '^postern: an answer to another question' "$TMP/login"
echo "$back" >&3
ended
is 'the address pasted' "$LOGIN_STATUS $(grep -c '^relay up: done' "$TMP/login")" '0 1'
port=$(sed -n 's/^  ssh -L \([0-9]*\):.*/\1/p' "$TMP/login")
refused() {
	! (exec 4<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null
}
check 'afterwards nobody listens there' wait_for 5 refused
nothing_leaked 'pasted'
"$BUILD/postern" login up < /dev/null > "$TMP/login" 2>&1 &
LOGIN_PID=$!
PIDS+=("$LOGIN_PID")
wait_for 10 grep -q '^  http' "$TMP/login"
idp visit "$(address)" > "$TMP/page"
ended
is 'nothing to paste from: the redirect does' "$LOGIN_STATUS" 0
if test -e "$SYSTEM/terminal.py"; then
	# Typed at a terminal: garbage, and then ^C, which must leave the old consent alone.
	before=$(cksum < "$TOK")
	python3 "$SYSTEM/terminal.py" 'paste here' $'nonsense\n\003' "$BUILD/postern" login up > "$TMP/login" 2>&1
	is '^C at a terminal' "$? $(grep -c 'postern: stopped; nothing has changed' "$TMP/login")" '77 1'
	is 'and nothing has' "$(cksum < "$TOK")" "$before"
	mv "$TMP/secret" "$TMP/secret.was"
	python3 "$SYSTEM/dialogue.py" "$BUILD/postern" 'Client secret (not shown): =>^C' -- login up > "$TMP/login" 2>&1
	is '^C instead of the secret' "$? $(test -e "$TMP/secret" || echo none)" '130 none'
	python3 "$SYSTEM/dialogue.py" "$BUILD/postern" 'Client secret (not shown): =>client-secret-word' \
	    'paste here=>^C' -- login up > "$TMP/login" 2>&1
	is 'the secret is asked for, and ^C works as before' "$?" 77
	is 'it is kept' "$(cat "$TMP/secret")" "$(cat "$TMP/secret.was")"
	is 'not for others' "$(($(stat -c %a "$TMP/secret") % 10))" 0
	is 'and was not shown' "$(grep -c client-secret-word "$TMP/login")" 0
fi

# --- a configuration without a client ------------------------------------------------

say_client() {	# NAME STATUS STEP…: at a terminal
	local name=$1 status=$2
	shift 2
	python3 "$SYSTEM/dialogue.py" "$BUILD/postern" "$@" -- login up > "$TMP/login" 2>&1
	is "no client: $name" "$?" "$status"
}
id_question='Client id: ' secret_question='or nothing where it has none (not shown): '
if test -e "$SYSTEM/dialogue.py"; then
	sed -i 's/^ *client-id = "client"  client-secret-file = "[^"]*"/       /' "$POSTERN_CONF"
	cp "$POSTERN_CONF" "$TMP/bare"
	"$BUILD/postern" login up < /dev/null > "$TMP/login" 2>&1
	is 'no client: nobody to ask' "$? $(grep -c 'no client-id; register a client' "$TMP/login")" '78 1'
	say_client 'an id that is none, then ^C' 130 "$id_question=>" "$id_question=>^C"
	say_client '^C instead of its secret' 130 "$id_question=>client" "$secret_question=>^C"
	say_client '^C when the change is shown' 130 "$id_question=>client" "$secret_question=>client-secret-word" 'Write it? [y/N]: =>^C'
	say_client 'no' 75 "$id_question=>client" "$secret_question=>client-secret-word" 'Write it? [y/N]: =>n'
	is 'no: what to add is shown' "$(grep -c '^+.*client-id = "client"$\|^+.*client-secret-file = ".*/up.secret"$\|lines marked + are what is missing' "$TMP/login")" 3
	check 'no: untouched' cmp "$POSTERN_CONF" "$TMP/bare"
	is 'no: nothing is left' "$(find "$TMP" -maxdepth 1 -name 'up.secret*' -o -maxdepth 1 -name '*.new' -o -maxdepth 1 -name '*.~*')" ''
	say_client 'yes; then ^C at the address' 77 "$id_question=>client" "$secret_question=>client-secret-word" 'Write it? [y/N]: =>y' \
	    'paste here=>^C'
	is 'yes: what was done is said' "$(grep -c "^wrote .*/up.secret, for root\|^wrote $POSTERN_CONF, kept the old one as\|^the daemon has read it" "$TMP/login")" 3
	check 'yes: the old one is kept' cmp "$POSTERN_CONF.~1~" "$TMP/bare"
	is 'yes: only lines were added' "$(diff "$TMP/bare" "$POSTERN_CONF" | grep -c '^<')" 0
	is 'yes: the secret, for the daemon alone' "$(cat "$TMP/up.secret") $(($(stat -c %a "$TMP/up.secret") % 10))" 'client-secret-word 0'
	KEPT+=("$TMP/up.secret")
	nothing_leaked 'no client'
	login
	idp visit "$(address)" > "$TMP/page"
	ended
	is 'yes: and that is asked for once' "$LOGIN_STATUS" 0
	write_conf 'relay up {' '	user = "ops@gmail.com"' '}'
	say_client 'no service either' 77 'such as gworkspace or m365: =>gmial' 'did you mean "gmail"?=>gmail' "$id_question=>123-abc" \
	    "$secret_question=>" 'Write it? [y/N]: =>y' 'paste here=>^C'
	is 'the service is there, the client too' "$(grep -c '^	provider = "gmail"$\|^	oauth { client-id = "123-abc" }$' "$POSTERN_CONF")" 2
	check 'as it is Google that is asked' grep -q 'https://accounts.google.com/.*client_id=123-abc' "$TMP/login"
	write_relay
	"$BUILD/postern" reload
fi
login
kill "$LOGIN_PID"
ended
port=$(sed -n 's/^  ssh -L \([0-9]*\):.*/\1/p' "$TMP/login")
is 'TERM' "$LOGIN_STATUS $(grep -c '^postern: stopped' "$TMP/login")" '77 1'
check 'nobody stays behind on the port' wait_for 5 refused
write_relay "redirect-port = $UP_PORT"
"$BUILD/postern" login up < /dev/null > "$TMP/login" 2>&1
is 'a port in use' "$? $(grep -c "^postern: 127.0.0.1:$UP_PORT: Address already in use - choose another redirect-port" "$TMP/login")" '77 1'

# --- a code -------------------------------------------------------------------------

write_relay 'flow = "device-code"'
idp_set pending=1
"$BUILD/postern" login up < /dev/null > "$TMP/login" 2>&1
is 'a code' "$? $(idp_seen devices) $(grep -c '^and type in WDJB-MJHT\|^relay up: done' "$TMP/login")" '0 1 2'
idp_set status=400 error=authorization_declined first=2
"$BUILD/postern" login up < /dev/null > "$TMP/login" 2>&1
is 'a code: nobody wants it' "$? $(grep -c '^postern: authorization_declined' "$TMP/login")" '77 1'
idp_set status=- error=- first=0
nothing_leaked 'a code'

# --- the consent comes to its end -----------------------------------------------------

write_relay
stop_posternd
: > "$TMP/posternd.log"         # the daemon before has said it, too
start_posternd
check 'before it ends: the log asks for a new one' wait_for 10 log_says 'status=consent-ends, left=1d03h; agree again before: postern login up'
status
is 'and status' "$? $(grep -c 'relay up: the consent ends in 1d03h: postern login up' "$TMP/status")" '1 1'

# It dies at night: kept, told, and one login drains.
stop_posternd
sed -i 's/^issued .*/issued 1/; s/^expires .*/expires 2/' "$TOK"
idp_set error=invalid_grant 'description=Token has been expired or revoked.' refresh_life=604799
: > "$TMP/posternd.log"
start_posternd
for ((i = 0; i < 20; i++)); do
	send "night$i"
done
check 'dead at night: told' wait_for 10 log_says 'status=needs-attention'
check 'with what to do' log_says 'postern login'
status
is 'status: a person is needed' "$? $(grep -c 'relay up needs a person.*postern login' "$TMP/status")" '2 1'
is 'all mail is kept' "$(queued) $(grep -rl '^Subject: night' "$TMP/up.mail" | wc -l)" '20 0'
idp_set error=- description=-
login
idp visit "$(address)" > "$TMP/page"
ended
night_is_over() {
	test "$(grep -rl '^Subject: night' "$TMP/up.mail" | wc -l)" -eq 20 && drained
}
check 'one login: all of it leaves' wait_for 30 night_is_over
is 'once each' "$(cat "$TMP/up.mail"/* | grep -c '^Subject: night')" 20
status
is 'and all is well' $? 0
nothing_leaked 'the night'
stop_posternd
