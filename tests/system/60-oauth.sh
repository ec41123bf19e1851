#!/usr/bin/env bash
# OAuth: postern-oauth against an identity provider that plays Google's and
# Microsoft's ways: lifetimes, rotation, refusals, overload, and an end at the
# worst moment.
# shellcheck disable=SC1091,SC2016,SC2034
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null || ! command -v openssl > /dev/null; then
	skip 'oauth' 'no python3 or no openssl'
	exit 0
fi
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
IDP=$TMP/idp TOK=$TMP/tokens/account OUT=$TMP/out
mkdir -p "$IDP" "$TMP/tokens"
openssl genrsa -out "$TMP/key.pem" 2048 2> "$OUT"
openssl rsa -in "$TMP/key.pem" -pubout -out "$IDP/public.pem" 2> "$OUT"

idp() {
	python3 "$SYSTEM/idp.py" "$@"
}
start_idp() {	# [CERT KEY]: IDP_PID, IDP_PORT
	rm -f "$IDP/port"
	python3 "$SYSTEM/idp.py" serve "$IDP" "$@" 2> "$TMP/idp.log" &
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

request() {	# ASK [LINE...]
	printf '%s\n' "ask $1" "token-file $TOK" "token-endpoint $URL/token" 'client-id client' "${@:2}" ''
}
ask() {
	request "$@" | "$BUILD/postern-oauth" > "$OUT"
}
said() {	# NAME: its value in the last answer
	sed -n "s/^$1 //p" "$OUT"
}
kind() {	# "token", or the kind of trouble
	sed -n 's/^token .*/token/p; s/^error \([a-z]*\).*/\1/p' "$OUT"
}
age_token() {	# make the file's access token due (and DEAD: over)
	local now
	now=$(date +%s)
	sed -i "s/^issued .*/issued $((now - 3500))/; s/^expires .*/expires $((now + ${1:-100}))/" "$TOK"
}

# --- consent ----------------------------------------------------------------

ask token
is 'nobody agreed yet' "$(kind)" person

consent() {	# the browser comes back by itself, or its address is pasted (PASTE=yes)
	local pid
	mkfifo "$TMP/in"
	"$BUILD/postern-oauth" < "$TMP/in" > "$OUT" &
	pid=$!
	PIDS+=("$pid")
	exec 3> "$TMP/in"
	rm "$TMP/in"
	request authorize "authorize-endpoint $URL/authorize" 'scope mail%20offline_access' 'login-hint ops@example.com' \
	    'authorize-extra access_type=offline&prompt=consent' >&3
	wait_for 10 grep -q '^visit ' "$OUT"
	"$@" > "$TMP/page" 2>&1
	wait_for 10 dead "$pid"
	exec 3>&-
	wait "$pid"
}
browse() {
	idp visit "$(said visit)"
}
paste() {
	printf 'paste %s\n' "$(idp redirected "$(said visit)")" >&3
}
forge() {	# somebody else's answer first, then the right one
	local port
	port=$(said port)
	exec 4<> "/dev/tcp/127.0.0.1/$port"
	printf 'GET /?code=stolen&state=guessed HTTP/1.1\r\n\r\n' >&4
	cat <&4
	exec 4>&-
	exec 4<> "/dev/tcp/127.0.0.1/$port"
	printf 'GET /favicon.ico HTTP/1.1\r\n\r\n' >&4
	cat <&4
	exec 4>&-
	browse
}
consent browse
is 'a browser: granted' "$(kind) $(idp_seen grants)" 'token 1'
check 'PKCE with S256, offline, the account' grep -q \
    'code_challenge_method=S256&login_hint=ops%2540example.com&access_type=offline&prompt=consent' "$OUT"
check 'the page says what was granted' grep -q 'ops@example.com. What it was granted: mail offline_access' "$TMP/page"
is 'the token file is for its owner alone' "$(stat -c %a "$TOK")" 600
consent paste
is 'the address pasted' "$(kind) $(idp_seen grants)" 'token 2'
consent forge
is 'an answer to no question of ours' "$(kind) $(idp_seen grants) $(grep -c 'did not ask\|Nothing here' "$TMP/page")" 'token 3 2'
idp_set error=access_denied
consent browse
idp_set error=-
is 'refused' "$(kind)" person
check 'the page says so' grep -q 'That did not work' "$TMP/page"
idp_set refresh=0
consent browse
idp_set refresh=1
is 'no refresh token: said' "$(kind) $(grep -c 'hint=.*offline_access' "$OUT")" 'config 1'

request device "device-endpoint $URL/device" 'scope mail' > "$TMP/device"
idp_set slow=0 pending=1
"$BUILD/postern-oauth" < "$TMP/device" > "$OUT"
is 'a device code: waited for' "$(kind) $(said code) $(idp_seen devices)" 'token WDJB-MJHT 1'
idp_set status=400 error=authorization_declined first=0
sed "s|^device-endpoint .*|discovery $URL|" "$TMP/device" > "$TMP/device2"
"$BUILD/postern-oauth" < "$TMP/device2" > "$OUT"
is 'a device code: declined' "$(kind)" person
idp_set status=- error=-
idp_set code_life=4 pending=1000
"$BUILD/postern-oauth" < "$TMP/device" > "$OUT" &
pid=$!
PIDS+=("$pid")
wait_for 20 grep -q '^code ' "$OUT"
idp_set status=429 retry-after=20000 first=0
check 'a device code: no longer waited for than it is good' wait_for 200 dead "$pid"
is 'a device code: over' "$(kind) $(grep -c 'hint=start%20again' "$OUT")" 'person 1'
idp_set status=- retry-after=- code_life=60 pending=0

# Whoever asks gets a token on his pipe; of ours nobody else sees one.
SECRETS=(client-secret-word)
nothing_leaked() {	# NAME
	KEPT=("$TMP/tokens/account" "$TMP/tokens/app" "$TMP/tokens/robot" "$TMP/tokens/tls")
	collect_secrets "${KEPT[@]}" "$IDP/valid"
	no_secret_got_out "$1" "$TMP/tokens" "$TMP/page"
}
nothing_leaked 'consent'

# --- renewal ----------------------------------------------------------------

first=$(said token)
consent browse
ask token
is 'a good token is not renewed' "$(kind) $(idp_seen refreshes)" 'token 0'
age_token
ask token
is 'one that is due is' "$(kind) $(idp_seen refreshes) $(said due)" 'token 1 3300'
serial=$(said serial)
ask token "not-serial $serial"
is 'one that was refused is, once' "$(idp_seen refreshes) $(said serial)" "2 $((serial + 1))"
ask token "not-serial $serial"
is 'and whoever had the old one gets the new one' "$(idp_seen refreshes) $(said serial)" "2 $((serial + 1))"

idp_set rotate=1
before=$(sed -n 's/^refresh //p' "$TOK")
age_token
ask token
after=$(sed -n 's/^refresh //p' "$TOK")
check 'a rotated refresh token is in the file' test "$before" != "$after"
age_token
ask token
is 'and is the one that is used' "$(kind) $(idp_seen refreshes)" 'token 4'

# Ten at once: one goes to the provider.
age_token
idp_set delay=0.3
pids=()
for ((i = 0; i < 10; i++)); do
	request token | "$BUILD/postern-oauth" > "$OUT.$i" &
	pids+=($!)
done
wait "${pids[@]}"
is 'ten at once, one renewal' "$(idp_seen refreshes) $(sort -u "$OUT".[0-9] | grep -c '^token')" '5 1'

# Killed while the provider is thinking, and between its answer and ours.
killed() {	# DELAY
	idp_set delay="$1"
	age_token 0
	before=$(idp_seen posts)
	request token > "$TMP/request"
	"$BUILD/postern-oauth" < "$TMP/request" > "$OUT" &
	pid=$!
	wait_for 10 eval 'test "$(idp_seen posts)" -gt "$before"'
	kill -KILL "$pid" 2> /dev/null
	wait "$pid" 2> /dev/null
}
killed 0.6
idp_set delay=0
check 'killed: the file is whole' grep -q '^refresh rt-' "$TOK"
ask token
is 'killed: the next one gets a token' "$(kind)" token
killed 0.02
idp_set delay=0
ask token
is 'killed a little later too' "$(kind)" token
# The leak checker of the sanitizers does not run under ptrace.
if command -v strace > /dev/null && test -z "${POSTERN_SANITIZED:-}"; then
	age_token
	strace -f -o "$TMP/trace" -e trace=fsync,rename,renameat,renameat2,write \
	    "$BUILD/postern-oauth" < <(request token) > "$OUT" 2>&1
	order=$(awk '/fsync\(/ { s = "sync" } /rename.*account"/ { s = "move" } /write\(1, "token/ { s = "tell" }
	    s { print s; s = "" }' "$TMP/trace" | tail -n 4 | tr '\n' ' ')
	is 'on disk before it is told' "$order" 'sync move sync tell '
else
	skip 'on disk before it is told' 'no strace, or sanitizers'
fi
chmod 0644 "$TOK"
ask token
is 'a file that others can read is refused' "$(kind)" config
chmod 0600 "$TOK"

nothing_leaked 'renewal'

# --- refusals and overload ---------------------------------------------------

refused() {	# NAME KIND SETTING...: and how many times it was asked
	local name=$1 kind=$2
	shift 2
	age_token "${LEFT:-0}"
	idp_set "$@"
	ask token
	is "$name" "$(kind)" "$kind"
	idp_set status=- error=- description=- body=- retry-after=-
}
refused '503' wait status=503 retry-after=120
check '503: Retry-After' grep -q 'retry-after=120' "$OUT"
refused '429' wait status=429 'error=slow_down'
LEFT=100 refused '503, and the present token is good' token status=503 retry-after=77
is '503: asked again when it says' "$(said due)" 77
refused 'a page instead of JSON' config status=200 'body=<html>hello</html>'
refused 'more than anybody would answer' config status=200 "body=$(head -c 70000 /dev/zero | tr '\0' ' ')"
refused 'a wrong secret' config status=401 error=invalid_client 'description=AADSTS7000215: Invalid client secret'
refused 'a policy' person error=interaction_required
asked=$(idp_seen posts)
ask token
is 'a policy may change: asked again' "$(kind) $(($(idp_seen posts) - asked))" 'token 1'
refused 'revoked' person error=invalid_grant 'description=Token has been expired or revoked.'
check 'revoked: in words' grep -q 'text=invalid_grant:%20Token%20has%20been%20expired%20or%20revoked' "$OUT"
asked=$(idp_seen posts)
ask token
ask token
is 'revoked: never asked again' "$(kind) $(($(idp_seen posts) - asked))" 'person 0'
consent browse
ask token
is 'until somebody agreed anew' "$(kind)" token
stop "$IDP_PID"
age_token 0
ask token
is 'nobody answers' "$(kind)" wait
start_idp
URL=http://127.0.0.1:$IDP_PORT

nothing_leaked 'refusals'

# --- without a person ---------------------------------------------------------

printf 'postern-oauth: nobody\n' > "$OUT"
TOK=$TMP/tokens/app
ask token 'flow client-credentials' 'client-secret client-secret-word' 'scope app/.default'
is 'client credentials' "$(kind) $(idp_seen credentials)" 'token 1'
ask token 'flow client-credentials' 'client-secret client-secret-word' 'scope app/.default'
is 'client credentials: kept' "$(kind) $(idp_seen credentials)" 'token 1'
ask token 'flow client-credentials' 'client-secret wrong' 'scope app/.default' 'not-serial 1'
is 'client credentials: a wrong secret' "$(kind)" config
TOK=$TMP/tokens/robot
idp key "$TMP/robot.json" "$TMP/key.pem" "$URL/token"
ask token 'flow service-account' "key-file $TMP/robot.json" 'scope mail' 'subject box@example.com'
is 'a service account' "$(kind) $(idp_seen assertions)" 'token 1'
ask token 'flow service-account' "key-file $TMP/robot.json" 'scope mail' 'subject other@example.com' 'not-serial 1'
is 'a service account: not delegated' "$(kind)" config

# --- where secrets go ----------------------------------------------------------

bad_place() {	# NAME URL
	TOK=$TMP/tokens/app
	printf '%s\n' 'ask token' "token-file $TOK" "token-endpoint $2" 'client-id c' 'flow client-credentials' \
	    'client-secret client-secret-word' 'scope app/.default' 'not-serial 1' | "$BUILD/postern-oauth" > "$OUT"
	is "$1" "$(kind)" config
}
bad_place 'no secret goes out in the clear' "http://example.com/token"
bad_place 'nor to a name that only looks like this machine' "http://127.0.0.1.example.com/token"
stop "$IDP_PID"
make_pki
start_idp "$TMP/pki/cert.pem" "$TMP/pki/key.pem"
URL=https://localhost:$IDP_PORT
TOK=$TMP/tokens/tls
ask token 'flow client-credentials' 'client-secret client-secret-word' 'scope app/.default' "ca-file $CA"
is 'TLS' "$(kind)" token
ask token 'flow client-credentials' 'client-secret client-secret-word' 'scope app/.default' 'not-serial 1'
is 'TLS: an unknown certificate' "$(kind)" wait
SSL_CERT_FILE=$CA ask token 'flow client-credentials' 'client-secret client-secret-word' 'scope app/.default' \
    'not-serial 1'
is 'TLS: a CA file of the environment' "$(kind)" token
HTTPS_PROXY=http://127.0.0.1:1 ask token 'flow client-credentials' 'client-secret client-secret-word' \
    'scope app/.default' 'not-serial 2' "ca-file $CA"
is 'a proxy of the environment' "$(kind)" wait
HTTPS_PROXY=http://127.0.0.1:1 NO_PROXY=localhost ask token 'flow client-credentials' \
    'client-secret client-secret-word' 'scope app/.default' 'not-serial 2' "ca-file $CA"
is 'and what goes around it' "$(kind)" token
nothing_leaked 'without a person'
is 'a request that makes no sense' "$(printf 'ask what\ntoken-file /x\n\n' | "$BUILD/postern-oauth" 2> /dev/null; echo $?)" 64
is 'no arguments' "$("$BUILD/postern-oauth" token 2> /dev/null < /dev/null; echo $?)" 64
