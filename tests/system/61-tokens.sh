#!/usr/bin/env bash
# A relay that logs in with OAuth tokens: they come, end, are refused, die and
# are given anew, while the mail stays and no secret gets out.
# shellcheck disable=SC1091,SC2016,SC2034
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip 'tokens' 'no python3'
	exit 0
fi
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
IDP=$TMP/idp TOK=$POSTERN_SPOOL/state/oauth-up.token
mkdir -p "$IDP"
SECRETS=(client-secret-word) KEPT=("$TOK" "$TMP/secret")
spy_on_helpers

idp() {
	python3 "$SYSTEM/idp.py" "$@"
}
start_idp() {	# [PORT]
	rm -f "$IDP/port"
	IDP_WANTED=${1:-0} python3 "$SYSTEM/idp.py" serve "$IDP" 2> "$TMP/idp.log" &
	IDP_PID=$!
	PIDS+=("$IDP_PID")
	wait_for 10 test -s "$IDP/port" || die 'the identity provider did not start'
	IDP_PORT=$(cat "$IDP/port")
}
idp_set() {
	idp set "$IDP_PORT" "$@"
}
idp_seen() {
	idp get "$IDP_PORT" "$1"
}
start_idp
URL=http://127.0.0.1:$IDP_PORT

user=$(daemon_user)
as_daemon() {
	if test -n "$user"; then
		runuser -u "$user" -- "$@"
	else
		"$@"
	fi
}
consent() {	# a person agrees: the file gets its first tokens
	printf '%s\n' 'ask device' "token-file $TOK" "token-endpoint $URL/token" "device-endpoint $URL/device" \
	    'client-id client' 'scope mail' '' | "$BUILD/postern-oauth" > "$TMP/consent"
}
forget_access() {	# as if the token had ended long ago
	sed -i 's/^issued .*/issued 1/; s/^expires .*/expires 2/' "$TOK"
}
revoke_access() {	# what the server knows of
	: > "$IDP/valid"
}
oauth_relay() {	# [LINE...] of oauth { }
	cat <<-EOF2
	relay up {
	    host = "localhost"  port = $UP_PORT  tls = "implicit"  ca-file = "$CA"  user = "$USER_NAME"
	    oauth {
	        client-id = "client"  client-secret-file = "$TMP/secret"
	        authorize-endpoint = "$URL/authorize"  token-endpoint = "$URL/token"  scope = "mail"
	$(printf '        %s\n' "$@")
	    }
	}
	EOF2
}
# Nothing that a provider or an admin calls secret is anywhere but in the files of its owner.
nothing_leaked() {	# NAME
	collect_secrets "$TOK" "$IDP/valid"
	no_secret_got_out "$1" "$TMP/login" "$TMP/page" "$TMP/try"
}
send() {	# SUBJECT
	printf 'Subject: %s\nTo: bob@example.net\n\nhello\n' "$1" | post -f alice@example.com bob@example.net
}
arrives() {	# SUBJECT
	wait_for 15 grep -rq "^Subject: $1" "$TMP/up.mail"
}
still() {	# SUBJECT: it waits
	! grep -rq "^Subject: $1" "$TMP/up.mail" && test "$(queued)" -ge 1
}
lines() {	# TEXT: how often the log has it
	grep -cF -- "$1" "$TMP/posternd.log"
}
renewals() {	# how many programs of ours ask for a token now
	local pid n=0
	for pid in $(pidof postern-oauth); do
		test "$(readlink "/proc/$pid/exe")" != "$BUILD/postern-oauth" || n=$((n + 1))
	done
	echo "$n"
}
nobody_asks() {	# one that has told what it got may still be on its way out
	test "$(renewals)" -eq 0
}

make_spool
write_secret "$TMP/secret" client-secret-word
start_secure_upstream up implicit --mechanisms 'PLAIN LOGIN XOAUTH2' --tokens "$IDP/valid"
SECURE_PID=$UP_PID
write_conf "$(oauth_relay)"
is 'postern check says that nobody has agreed' \
    "$("$BUILD/postern" check "$POSTERN_CONF" 2>&1 | grep -c 'nobody has agreed yet: postern login up')" 1

# --- before, and after, somebody agreed ---------------------------------------

start_posternd
send one
check 'without consent: the relay needs attention' wait_for 10 log_says 'nobody has agreed yet'
check 'in the log as an alert' grep -q 'relay=up, status=needs-attention' "$TMP/posternd.log"
check 'and the mail stays' still one
consent
check 'consent wakes the relay' arrives one
check 'by XOAUTH2' grep -rq '^AUTH ops@example.com' "$TMP/up.mail"
is 'the token of the consent was used' "$(idp_seen refreshes)" 0
# The same by `postern login`, as an admin does it; a browser goes where it is sent.
"$BUILD/postern" login up < /dev/null > "$TMP/login" 2>&1 &
LOGIN_PID=$!
wait_for 10 grep -q '^  http' "$TMP/login"
idp visit "$(sed -n 's/^  \(http[^ ]*\)$/\1/p' "$TMP/login")" > "$TMP/page"
wait "$LOGIN_PID"
is 'postern login' "$? $(grep -c '^relay up: granted: mail\|^relay up: done\|ssh -L' "$TMP/login")" '0 3'
check 'the page says what was granted' grep -q 'What it was granted' "$TMP/page"
is 'postern login: no such relay' "$("$BUILD/postern" login down 2>&1; echo $?)" \
    'postern: there is no relay "down"; did you mean up?
65'
nothing_leaked 'consent'

# --- a token that ends while the daemon runs -----------------------------------

stop_posternd
forget_access
start_posternd
send two
check 'an old token is renewed' arrives two
is 'once' "$(idp_seen refreshes)" 1
stop_posternd
idp_set life=3 rotate=1
forget_access
before=$(sed -n 's/^refresh //p' "$TOK")
start_posternd
token_is_over() {
	test "$(date +%s)" -ge "$(sed -n 's/^expires //p' "$TOK")"
}
for ((i = 0; i < 5; i++)); do
	send "ends$i"
	arrives "ends$i" || break
	wait_for 5 token_is_over
done
is 'tokens of three seconds' "$(grep -rl '^Subject: ends' "$TMP/up.mail" | wc -l)" 5
check 'renewed in between' test "$(idp_seen refreshes)" -ge 2
check 'the refresh token was rotated' test "$before" != "$(sed -n 's/^refresh //p' "$TOK")"
is 'and its file is for the daemon alone' "$(stat -c %a "$TOK")" 600
idp_set life=3600
nothing_leaked 'renewal'

# --- refused by the server -------------------------------------------------------

relogin() {	# no open session is left, so the next message logs in
	stop_posternd
	start_posternd
}
stop_posternd
forget_access
start_posternd
send fresh
arrives fresh
collect_secrets "$TOK" "$IDP/valid"
before=$(idp_seen refreshes)
stop_posternd
revoke_access
start_posternd
send revoked
check 'refused (334, then 535): another token at once' arrives revoked
is 'one renewal' "$(($(idp_seen refreshes) - before))" 1
check 'said, with the status of the challenge' log_says '(token: 401)'
nothing_leaked 'refusal'

stop_posternd
idp_set blind=1
revoke_access
before=$(idp_seen refreshes)
start_posternd
send never
idp_refuses() {
	grep -q 'relay=up, status=needs-attention.*said: 535' "$TMP/posternd.log"
}
check 'refused again: the relay needs attention' wait_for 15 idp_refuses
check 'and the mail stays, not bounced' still never
check 'in words for tokens' log_says 'a token just made is refused'
is 'one renewal only' "$(($(idp_seen refreshes) - before)) $(lines 'another is asked for')" '1 2'
idp_set blind=0
consent
check 'agreed again: drained' arrives never
nothing_leaked 'a second refusal'

# --- the consent dies at night ----------------------------------------------------

stop_posternd
forget_access
collect_secrets "$TOK" "$IDP/valid"
idp_set error=invalid_grant 'description=Token has been expired or revoked.'
start_posternd
check 'a dead consent is told before any mail' wait_for 10 log_says 'Token has been expired or revoked.'
send dead1
send dead2
check 'with what to do' log_says 'postern login'
check 'the mail stays' still dead2
asked=$(idp_seen posts)
relogin
wait_for 10 eval 'test "$(lines "Token has been expired or revoked.")" -ge 2'
is 'nobody asks again' "$(($(idp_seen posts) - asked))" 0
idp_set error=- description=-
consent
check 'agreed again: all is drained' eval 'arrives dead1 && arrives dead2'
nothing_leaked 'a dead consent'

# --- the provider is in trouble ----------------------------------------------------

stop_posternd
forget_access
idp_set status=503 retry-after=2 first=2
start_posternd
send busy
check 'overloaded, twice: waited for, as it says' arrives busy
check 'and said' log_says 'HTTP 503'

# A slow provider holds up nobody else.
stop_posternd
forget_access
idp_set delay=600
start_upstream other
OTHER_PORT=$UP_PORT UP_PID=$SECURE_PID
UP_PORT=$(cat "$TMP/up.port")
write_conf "$(oauth_relay)" "relay other { host = \"localhost\" port = $OTHER_PORT tls = \"none\" }" \
    'relays = { "other", "up" }'
start_posternd
send aside
check 'a slow provider: another relay goes on' wait_for 10 grep -rq '^Subject: aside' "$TMP/other.mail"
check 'while it is still slow' grep -qx 'expires 2' "$TOK"
idp_set delay=0
stop_posternd

# Killed in the middle of a renewal, the daemon first.
write_conf "$(oauth_relay)"
idp_set delay=600
asked=$(idp_seen posts)
forget_access
start_posternd
send killed
wait_for 10 eval 'test "$(idp_seen posts)" -gt "$asked"'
kill -KILL "$POSTERND_PID"
wait "$POSTERND_PID" 2> /dev/null
idp_set delay=0
start_posternd
check 'killed in the middle of a renewal: it goes on' arrives killed
nothing_leaked 'a kill'

# Asked to stop in the middle of one: the old refresh token may be worth nothing by now, so the new one is kept first.
stop_posternd
idp_set delay=600 rotate=1
forget_access
collect_secrets "$TOK" "$IDP/valid"
before=$(sed -n 's/^refresh //p' "$TOK")
asked=$(idp_seen posts)
: > "$TMP/posternd.log"
start_posternd
wait_for 10 eval 'test "$(idp_seen posts)" -gt "$asked"'
kill "$POSTERND_PID"
check 'the renewal comes to its end first' wait_for 10 log_says 'stop: a token is being renewed; its file comes first'
idp_set delay=0
wait_for 15 dead "$POSTERND_PID"
is 'stopped in the middle of a renewal: in order' "$(tail -n 1 "$TMP/posternd.log")" 'postern: stop: done'
check 'its refresh token is kept' test "$before" != "$(sed -n 's/^refresh //p' "$TOK")"
check 'and nobody is left who could write it' wait_for 5 nobody_asks
start_posternd
send stopped
check 'and good' arrives stopped
nothing_leaked 'a stop in the middle'
# What has not been asked for yet is not waited for.
stop_posternd
forget_access
asked=$(idp_seen posts)
(exec 9>> "$TOK.lock"; flock 9; echo > "$TMP/locked"; exec sleep 600) &
LOCK_PID=$!
PIDS+=("$LOCK_PID")
wait_for 10 test -e "$TMP/locked"
start_posternd
wait_for 10 eval 'test "$(renewals)" -eq 1'
stop_posternd
check 'stopped before it was asked for: nobody waits for the lock' alive "$LOCK_PID"
is 'and in order' "$(tail -n 1 "$TMP/posternd.log")" 'postern: stop: done'
check 'nobody is left' wait_for 5 nobody_asks
is 'it was not asked for' "$(($(idp_seen posts) - asked))" 0
stop "$LOCK_PID"
start_posternd
send unlocked
check 'and then it goes on' arrives unlocked
stop_posternd
idp_set rotate=0

# --- postern test, and check --online ---------------------------------------------------

try() {		# NAME STATUS COMMAND WORD… -- TEXT…
	local name=$1 status=$2 words=()
	shift 2
	while test "$1" != --; do
		words+=("$1")
		shift
	done
	shift
	"$BUILD/postern" "${words[@]}" > "$TMP/try" 2>&1
	is "try: $name" "$?" "$status"
	for text; do
		check "try: $name: $text" grep -qF -- "$text" "$TMP/try"
	done
	nothing_leaked "try: $name"
}
asked=$(idp_seen posts)
try 'a token that is good' 0 test --from alice@example.com bob@example.net -- \
    ' token     postern-oauth has one that is good' ' AUTH      ' ': 235 ' 'taken for bob@example.net'
try 'in the check' 0 check --online "$POSTERN_CONF" -- ': 235 ' ': OK, this host is'
is 'try: it is used as it is' "$(($(idp_seen posts) - asked))" 0
forget_access
try 'one that has ended' 0 test --from alice@example.com bob@example.net -- ': 235 ' 'taken for bob@example.net'
is 'try: it is renewed, once, and kept' "$(($(idp_seen refreshes) > 0 && $(idp_seen posts) - asked == 1))" 1
forget_access
idp_set status=503 retry-after=60
try 'a provider in trouble' 75 test bob@example.net -- 'failed at token' 'HTTP 503' 'all mail for this relay is kept'
idp_set status=- retry-after=-
stop "$IDP_PID"
try 'a provider that is down' 75 test bob@example.net -- 'failed at token' '127.0.0.1' 'all mail for this relay is kept'
try 'a provider that is down, in the check' 75 check --online "$POSTERN_CONF" -- 'failed at token'
start_idp "$IDP_PORT"
idp_set error=invalid_grant 'description=Token has been expired or revoked.'
try 'a consent that is dead' 78 test bob@example.net -- 'failed at token' 'Token has been expired or revoked.' \
    'postern login up'
try 'a consent that is dead, in the check' 78 check --online "$POSTERN_CONF" -- 'postern login up' 'does not let us in'
idp_set error=- description=-
rm "$TOK"
try 'before anybody agreed' 78 test bob@example.net -- 'failed at token' 'nobody has agreed yet' 'postern login up'
consent
try 'after somebody did' 0 test --from alice@example.com bob@example.net -- 'taken for bob@example.net'

# --- long tokens, the other mechanism, an application --------------------------------

stop_posternd
forget_access
idp_set offer=1
start_posternd
send long
check 'a token of 2,400 letters, in two lines' arrives long
nothing_leaked 'long tokens'
idp_set offer=0
stop_posternd
is 'the upstream saw no breach' "$(total up breaches 2> /dev/null)" 0
start_secure_upstream up implicit --mechanisms 'OAUTHBEARER' --tokens "$IDP/valid"
write_secret "$TMP/secret" client-secret-word
rm -f "$TOK"
write_conf "$(oauth_relay 'flow = "client-credentials"' | sed 's|scope = "mail"|scope = "app/.default"|')"
start_posternd
send app
check 'client credentials, by OAUTHBEARER' arrives app
stop_posternd
collect_secrets "$TOK" "$IDP/valid"
write_secret "$TMP/secret" a-wrong-secret
SECRETS+=(a-wrong-secret)
forget_access
start_posternd
send wrong
check 'a wrong client secret: the configuration' wait_for 10 log_says 'AADSTS7000215'
check 'the mail stays' still wrong
asked=$(idp_seen posts)
write_secret "$TMP/secret" client-secret-word
check 'put right, nothing else done: drained' arrives wrong
is 'by one question' "$(($(idp_seen posts) - asked))" 1
chmod 0644 "$TMP/secret"
is 'a secret that others can read' "$("$BUILD/postern" check "$POSTERN_CONF" 2>&1 | grep -c 'readable by every user')" 1
chmod 0600 "$TMP/secret"
nothing_leaked 'an application'
stop_posternd
is 'the upstream saw no breach here either' "$(total up breaches 2> /dev/null)" 0
