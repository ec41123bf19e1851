#!/usr/bin/env bash
# Listeners: programs and devices that speak SMTP themselves.  Nothing is lost
# that was answered 250, nobody sends who may not, and nobody who is slow or
# greedy holds up another.
# shellcheck disable=SC1091,SC2016,SC2034
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip 'listeners' 'no python3'
	exit 0
fi
export CA TMP
client() {
	python3 "$SYSTEM/listen.py" "$@"
}
read -r P1 P2 P3 P4 P5 P6 P7 < <(client ports 7)
OUT=$TMP/out

make_pki
cp "$TMP/pki/key.pem" "$TMP/key.pem"
chmod 600 "$TMP/key.pem"
printf 'printer-word\n' | "$BUILD/postern" passwd "$TMP/users" printer
is 'a users file is made' "$? $(stat -c %a "$TMP/users" | cut -c 3)" '0 0'
printf 'other word\n' | "$BUILD/postern" passwd "$TMP/users" scanner@floor2
printf 'new-word\n' | "$BUILD/postern" passwd "$TMP/users" printer
is 'a user stands in it once' "$(cut -d '{' -f 1 "$TMP/users" | tr '\n' ' ')" 'printer: scanner@floor2: '
chmod 644 "$TMP/users"
: > "$TMP/users.new"            # what a machine that died may have left
printf 'new-word\n' | "$BUILD/postern" passwd "$TMP/users" printer
is 'and others cannot read it any more' "$? $(stat -c %a "$TMP/users" | cut -c 3) $(wc -l < "$TMP/users")" '0 0 2'
user=$(daemon_user)
test -z "$user" || chown "$user" "$TMP/users" "$TMP/key.pem"

start_upstream up
plain_relay() {
	printf 'relay up { host = "localhost" port = %s tls = "none" }\n' "$UP_PORT"
}
tls="cert = \"$TMP/pki/cert.pem\" key = \"$TMP/key.pem\" users-file = \"$TMP/users\""
listeners() {
	cat <<-EOF
	listen "127.0.0.1:$P1" { }
	listen "127.0.0.1:$P2" { allow = { "127.0.0.1" } recipients = 3 errors = 4 clients = 6 clients-per-address = 4 }
	listen "127.0.0.1:$P3" { $tls }
	listen "127.0.0.1:$P4" { $tls tls = "implicit" auth-required = true allow = { "127.0.0.1" } idle = 5s }
	listen "127.0.0.1:$P5" { idle = 3s }
	listen "$POSTERN_RUN/smtp.sock" { }
	EOF
}
write_conf "$(listeners)" "$(plain_relay)" 'queue { max-message = "200k" }'
make_spool
"$BUILD/postern" check "$POSTERN_CONF" > "$OUT" 2>&1
is 'postern check' "$? $(grep -c '^listen' "$OUT")" '0 6'
start_posternd

arrives() {	# SUBJECT
	wait_for 10 eval "grep -rq '^Subject: $1' '$TMP/up.mail'"
}
field() {	# SUBJECT TEXT: is it in the message's head?
	local file
	file=$(grep -rl "^Subject: $1" "$TMP/up.mail" | head -n 1)
	test -n "$file" && message_of "$file" | tr -d '\r' | sed '/^$/q' | grep -qF -- "$2"
}

# --- the plain ones ---------------------------------------------------------

talks() {	# NAME PORT|PATH [FROM], the dialogue from standard input
	local name=$1
	shift
	is "$name" "$(client talk "$@" 2>&1 | tail -n 1)" 'as wanted'
}
message() {	# SUBJECT: a transaction as a dialogue
	printf '%s\n' 'C: MAIL FROM:<a@example.com>' 'S: 250' 'C: RCPT TO:<b@example.net>' 'S: 250' \
	    'C: DATA' 'S: 354' "C: Subject: $1" 'C: ' 'C: hello' 'C: .' 'S: 250 2.0.0 accepted as [0-9A-F]{16}$'
}
session() {
	printf '%s\n' 'S: 220 web1.example.com ESMTP' 'C: EHLO printer.lan' 'S: 250'
	for subject; do
		message "$subject"
	done
	printf '%s\n' 'C: QUIT' 'S: 221' 'E:'
}
session plain-one plain-two | talks 'two messages in a session' "$P1"
check 'both arrive' eval 'arrives plain-one && arrives plain-two'
check 'Received says where from' field plain-one 'Received: from printer.lan ([127.0.0.1])'
check 'and by what protocol' field plain-one 'by web1.example.com (Postern) with ESMTP id '
session by-socket | talks 'a Unix socket' "$POSTERN_RUN/smtp.sock"
check 'it arrives' arrives by-socket
check 'and says who it was' field by-socket "uid $(id -u)"

if command -v swaks > /dev/null; then
	swaks --server "127.0.0.1:$P1" --to bob@example.net --from a@example.com --h-Subject swaks-one \
	    > "$OUT" 2>&1
	is 'swaks' "$?" 0
	check 'swaks: it arrives' arrives swaks-one
else
	skip 'swaks' 'not installed'
fi

# --- who may not ------------------------------------------------------------

printf '%s\n' 'S: 554 5.7.1 you may not send here' 'E:' |
    talks 'an address that is not allowed' "$P2" 127.0.0.2
session allowed | talks 'one that is' "$P2" 127.0.0.1
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' 'C: MAIL FROM:<a@example.com>' 'S: 530 5.7.0' 'C: QUIT' 'S: 221' |
    talks 'users: no mail without a login' "$P3"
printf '%s\n' 'S: 220' 'C: HELO x' 'S: 250' 'C: MAIL FROM:<a@example.com>' 'S: 530' 'C: RCPT TO:<b@example.net>' \
    'S: 503' 'C: DATA' 'S: 503' | talks 'nor with HELO' "$P3"
before=$(arrived up)

# --- TLS and logins ---------------------------------------------------------

for how in tls-PLAIN tls-LOGIN tls-SCRAM-SHA-256 clear-PLAIN; do
	is "login: $how" "$(client login "$P3" "$how" printer new-word 2>&1 | tail -n 1)" 235
	check "login: $how: it arrives" arrives "by $how"
done
for how in implicit-PLAIN implicit-SCRAM-SHA-256; do
	is "login: $how" "$(client login "$P4" "$how" scanner@floor2 'other word' 2>&1 | tail -n 1)" 235
	check "login: $how: it arrives" arrives "by $how"
done
check 'Received says who' field 'by tls-PLAIN' '(authenticated as printer)'
check 'and how' field 'by tls-SCRAM' 'with ESMTPSA id'
check 'and how, in the clear' field 'by clear-PLAIN' 'with ESMTPA id'
is 'a wrong password' "$(client login "$P3" tls-PLAIN printer printer-word 2>&1 | tail -n 1)" '535 late'
is 'a wrong password, SCRAM' "$(client login "$P3" tls-SCRAM-SHA-256 printer printer-word 2>&1 | tail -n 1)" '535 late'
is 'nobody of that name' "$(client login "$P3" tls-PLAIN plotter new-word 2>&1 | tail -n 1)" '535 late'
is 'nobody of that name, SCRAM' "$(client login "$P3" tls-SCRAM-SHA-256 plotter new-word 2>&1 | tail -n 1)" '535 late'
wrong=$(printf '\0printer\0wrong' | base64)
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' "C: AUTH PLAIN $wrong" 'S: 535' "C: AUTH PLAIN $wrong" 'S: 535' \
    "C: AUTH PLAIN $wrong" 'S: 535' 'S: 421' 'E:' | talks 'three wrong ones end the session' "$P3"
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' "C: AUTH PLAIN $(printf 'root\0printer\0new-word' | base64)" \
    'S: 535' | talks 'nobody acts as another' "$P3"
check 'a refusal is logged with its user' log_says 'login as "plotter" refused'
check 'and no password is' eval '! grep -q "new-word\|other word\|printer-word" "$TMP/posternd.log"'
for ((i = 0; i < 10; i++)); do
	printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' "C: AUTH PLAIN $wrong" 'S: (535|454)' |
	    client talk "$P3" 127.0.0.3 > /dev/null &
	pids[i]=$!
done
wait "${pids[@]}"
right=$(printf '\0printer\0new-word' | base64)
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' "C: AUTH PLAIN $right" 'S: 454 4.7.0' 'C: QUIT' 'S: 221' |
    talks 'who has guessed ten times waits' "$P3" 127.0.0.3
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' "C: AUTH PLAIN $right" 'S: 235' 'C: QUIT' 'S: 221' |
    talks 'and others do not' "$P3" 127.0.0.4
printf '%s\n' 'E:' | talks 'TLS from the start: no clear word' "$P4"

# --- limits -----------------------------------------------------------------

printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' 'C: MAIL FROM:<a@example.com>' 'S: 250' 'C: RCPT TO:<b@example.net>' \
    'S: 250' 'C: RCPT TO:<c@example.net>' 'S: 250' 'C: RCPT TO:<d@example.net>' 'S: 250' \
    'C: RCPT TO:<e@example.net>' 'S: 452' | talks 'recipients' "$P2"
printf '%s\n' 'S: 220' 'C: HELO x' 'S: 250' 'C: A' 'S: 500' 'C: B' 'S: 500' 'C: C' 'S: 500' 'C: D' 'S: 500' \
    'S: 421 4.7.0' 'E:' | talks 'errors' "$P2"
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' 'C: MAIL FROM:<a@example.com> SIZE=300000' 'S: 552' |
    talks 'a size that is said' "$P1"
# Longer than what is read at once.  It is the message's trouble, and no slowness of the client.
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' 'C: MAIL FROM:<a@example.com>' 'S: 250' 'C: RCPT TO:<b@example.net>' \
    'S: 250' 'C: BDAT 300002 LAST' "C: $(head -c 300000 /dev/zero | tr '\0' x)" 'S: 552 5.3.4' 'C: NOOP' 'S: 250' |
    talks 'a chunk beyond the limit' "$P1"
printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' 'C: MAIL FROM:<a@example.com>' 'S: 250' 'C: BDAT 300002 LAST' \
    "C: $(head -c 300000 /dev/zero | tr '\0' x)" 'S: 554 5.5.1' 'C: NOOP' 'S: 250' |
    talks 'a chunk for nobody' "$P1"
pids=()
for ((i = 0; i < 4; i++)); do           # four that only stay
	printf '%s\n' 'S: 220' 'W: 600' | python3 "$SYSTEM/listen.py" talk "$P2" 127.0.0.1 > /dev/null &
	pids+=("$!")
done
wait_for 20 eval "printf 'S: 421 4.3.2\n' | python3 '$SYSTEM/listen.py' talk $P2 | grep -q 'as wanted'"
is 'clients of one address' "$?" 0
check 'it is logged once' eval 'test "$(grep -c "clients of one address" "$TMP/posternd.log")" -eq 1'
kill "${pids[@]}"
wait "${pids[@]}" 2> /dev/null

# --- the slow ---------------------------------------------------------------

slow() {	# NAME WHAT SAID: at a deadline of three seconds, and not because drip had enough
	local said ms
	read -r said ms < <(client drip "$P5" "$2" 300 | sed 's/the end/end/; s/^\(421\) [0-9.]*/\1/')
	check "$1: $said after $ms ms" test "$said" = "$3" -a "$ms" -ge 2900 -a "$ms" -lt 300000
}
slow 'a silent client' silent 421
slow 'a command, letter by letter' command 421
slow 'content, letter by letter' content 421
read -r said ms < <(client drip "$P4" tls 300 | sed 's/the end/end/')
check "a handshake that never comes: $said after $ms ms" test "$said" = end -a "$ms" -lt 300000

# --- many -------------------------------------------------------------------

before=$(arrived up)
read -r accepted refused seconds < <(client crowd "$P1" 500 20 crowd)
is '500 clients at once, 20 messages each: accepted' "$accepted $refused" '10000 0'
ok "in $seconds s"
check 'all arrive' wait_for 60 has_arrived up $((before + 10000))
grep -rh '^Subject: crowd ' "$TMP/up.mail" | tr -d '\r' | sed 's/^Subject: //' | sort > "$TMP/got"
is 'each once' "$(sort "$TMP/crowd.accepted" | cmp - "$TMP/got" 2>&1)" ''
file=$(grep -rl '^Subject: crowd 499-19' "$TMP/up.mail")
is 'octet for octet' "$(body_of "$file" | tr -d '\r' | sort | uniq -c | sed 's/^ *//')" '20 .crowd 499-19'

# Killed in the middle: what was answered 250 is there.
client crowd "$P1" 50 200 killed > "$TMP/killed" &
pid=$!
wait_for 10 eval "test \$(grep -c 'by SMTP' '$TMP/posternd.log') -gt 10500"
kill -KILL "$POSTERND_PID"
wait "$pid" "$POSTERND_PID" 2> /dev/null
read -r accepted refused _ < "$TMP/killed"
check "killed after $accepted of 10000" test "$accepted" -gt 0 -a "$refused" -gt 0
start_posternd
wait_for 60 drained
grep -rh '^Subject: killed ' "$TMP/up.mail" | tr -d '\r' | sed 's/^Subject: //' | sort -u > "$TMP/got"
is 'none of them is lost' "$(sort "$TMP/killed.accepted" | comm -23 - "$TMP/got" | wc -l)" 0

# --- reload and stop ---------------------------------------------------------

# A client at a listener that stays, one at a listener that goes.
{ printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' "T: $TMP/here-too" 'W: 2'; message after-reload; printf '%s\n' 'C: QUIT' 'S: 221'; } |
    client talk "$P1" > "$TMP/stays" &
stays=$!
printf '%s\n' 'S: 220' "T: $TMP/here" 'S: 421 4.3.2' 'E:' | client talk "$P2" > "$TMP/goes" &
goes=$!
wait_for 5 eval 'test -e "$TMP/here" -a -e "$TMP/here-too"'
write_conf "$(listeners | sed "/$P2/d")" "listen \"127.0.0.1:$P6\" { }" "$(plain_relay)"
kill -HUP "$POSTERND_PID"
wait_for 5 log_says 'is in use'
wait "$stays" "$goes"
is 'reload: a client stays with its listener' "$(cat "$TMP/stays")" 'as wanted'
is 'reload: one goes with it' "$(cat "$TMP/goes")" 'as wanted'
session new-listener | talks 'reload: a new listener' "$P6"
check 'reload: the old one is closed' eval "! client talk $P2 < /dev/null 2> /dev/null"
write_conf "$(listeners)" "listen \"127.0.0.1:$P7\" { cert = \"$TMP/none.pem\" }" "$(plain_relay)"
kill -HUP "$POSTERND_PID"
wait_for 5 log_says 'the running configuration stays'
session still-here | talks 'a bad reload changes nothing' "$P6"
check 'and opens nothing' eval "! client talk $P2 < /dev/null 2> /dev/null"

printf '%s\n' 'S: 220' 'C: EHLO x' 'S: 250' "T: $TMP/here-again" 'S: 421 4.3.2' 'E:' |
    client talk "$P1" > "$TMP/stays" &
stays=$!
wait_for 5 test -e "$TMP/here-again"
stop_posternd
wait "$stays"
is 'TERM: 421 to who is here' "$(cat "$TMP/stays")" 'as wanted'
check 'the socket is gone' test ! -e "$POSTERN_RUN/smtp.sock"

# --- a port that only root may have -----------------------------------------

if test -n "$user" && python3 -c 'import socket; socket.create_server(("127.0.0.1", 1011))' 2> /dev/null; then
	write_conf 'listen "127.0.0.1:1011" { }' "$(plain_relay)"
	start_posternd
	is 'the daemon is not root' "$(awk '/^Uid/ { print $2 }' "/proc/$POSTERND_PID/status")" "$(id -u "$user")"
	is 'and has one right of root' "$(awk '/^CapPrm/ { print $2 }' "/proc/$POSTERND_PID/status")" 0000000000000400
	session low-port | talks 'a port below 1024' 1011
	check 'it arrives' arrives low-port
	stop_posternd
else
	skip 'a port below 1024' 'not root, or it is taken'
fi

# --- sockets of a supervisor ------------------------------------------------

write_conf "listen \"fd:smtp\" { }" "$(plain_relay)"
WRAP=(python3 "$SYSTEM/listen.py" exec smtp "$P1" "$P2" --)
start_posternd
WRAP=()
session passed-one | talks 'a passed socket' "$P1"
session passed-two | talks 'and a second of the same name' "$P2"
check 'both arrive' eval 'arrives passed-one && arrives passed-two'
stop_posternd
write_conf "listen \"fd:smtp\" { }" "$(plain_relay)"
"$BUILD/posternd" -c "$POSTERN_CONF" 2> "$OUT"
is 'none passed' "$? $(cut -c 1-60 "$OUT")" '71 posternd: listen "fd:smtp": no such socket was passed (LISTE'
