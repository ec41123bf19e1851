#!/usr/bin/env bash
# Logins as TLS and as people in between may have them: what is bound, what
# that finds out, and that no mechanism's secret gets out, however much is told.
. "$SYSTEM/lib.sh"

if ! command -v python3 > /dev/null; then
	skip 'logins' 'no python3 here'
	exit 0
fi
make_pki
write_secret "$TMP/theirs" "$PASSWORD"

came() {	# NAME LINE
	grep -qxF -- "$2" "$TMP/$1.mail.logins"
}

cannot_bind() {	# NAME
	came "$1" 'can nothing'
}

forget() {
	find "$POSTERN_SPOOL/new" "$POSTERN_SPOOL/cur" "$POSTERN_SPOOL/later" -type f -delete
	: > "$TMP/posternd.log"
}

# --- who stands in between ----------------------------------------------------

taken() {	# NAME LINE: mail comes through, after a login like that
	write_conf "$(relay demo "$UP_PORT" implicit)"
	start_posternd
	post -f alice@example.com bob@example.net < /dev/null
	check "$1: a message is sent" wait_for 15 has_arrived "$1" 1
	check "$1: by $2" came "$1" "$2"
	stop_posternd
}

found_out() {	# NAME TITLE LINE WORDS: the one at UP_PORT passes on to NAME
	write_conf "$(relay demo "$UP_PORT" implicit)"
	start_posternd
	post -f alice@example.com bob@example.net < /dev/null
	check "$2: says so" wait_for 15 log_says "$4"
	check "$2: by $3" came "$1" "$3"
	check "$2: no other login is tried" test "$(grep -c ' out$' "$TMP/$1.mail.logins")" -eq 1
	check "$2: nothing is sent" test "$(arrived "$1")" -eq 0
	check "$2: a person has to look, and the mail is kept" log_says 'status=needs-attention'
	is "$2: the queue" "$(queued)" 1
	stop_posternd
	forget
}

make_spool
for at in '1.2 tls-unique tls1.2' '1.3 tls-exporter'; do
	read -r version type word <<< "$at"
	all=(SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS PLAIN ${word:+"$word"})
	start_logins "bound-$version" "$TMP/theirs" "${all[@]}"
	if cannot_bind "bound-$version"; then
		skip "TLS $version: what is bound" 'this python has no OpenSSL module'
		stop "$UP_PID"
		continue
	fi
	taken "bound-$version" "SCRAM-SHA-256-PLUS p=$type,, in"
	stop "$UP_PID"

	start_logins "far-$version" "$TMP/theirs" "${all[@]}"
	far_pid=$UP_PID
	start_between "between-$version" "$UP_PORT" "$word"
	found_out "far-$version" "TLS $version, one in between" "SCRAM-SHA-256-PLUS p=$type,, out" \
	    'the login is bound to our TLS connection, and the server sees another one: somebody stands in between'
	stop "$UP_PID"
	stop "$far_pid"

	start_logins "hidden-$version" "$TMP/theirs" "${all[@]}"
	far_pid=$UP_PID
	start_between "strips-$version" "$UP_PORT" strip "$word"
	found_out "hidden-$version" "TLS $version, one who hides -PLUS" 'SCRAM-SHA-256 y,, out' \
	    'the server has SCRAM with -PLUS, and somebody in between took it out of its list'
	stop "$UP_PID"
	stop "$far_pid"
done

start_logins quiet "$TMP/theirs" SCRAM-SHA-256-PLUS tls1.2 silent
far_pid=$UP_PID
start_between before-quiet "$UP_PORT" tls1.2
found_out quiet 'one in between, of whom the server says nothing' 'SCRAM-SHA-256-PLUS p=tls-unique,, out' \
    '(a login by SCRAM-SHA-256-PLUS is refused, too, where somebody stands in between)'
stop "$UP_PID"
stop "$far_pid"

# Who speaks another TLS to either side has another kind of binding on each.
start_logins other "$TMP/theirs" SCRAM-SHA-256-PLUS tls1.2
if cannot_bind bound-1.3; then
	skip 'one in between, with TLS 1.3 on this side alone' 'this python has no OpenSSL module'
else
	far_pid=$UP_PID
	start_between before-other "$UP_PORT"
	found_out other 'one in between, with TLS 1.3 on this side alone' 'SCRAM-SHA-256-PLUS p=tls-exporter,, out' \
	    'leave what ends in -PLUS out of auth, unless somebody stands in between'
	stop "$UP_PID"
	UP_PID=$far_pid
fi
stop "$UP_PID"

start_logins unbound "$TMP/theirs" SCRAM-SHA-256 PLAIN
taken unbound 'SCRAM-SHA-256 y,, in'
stop "$UP_PID"

# --- what gets out -------------------------------------------------------------

# Pieces of a secret: as it is, and in base64 at each of its three offsets.
pieces_of() {	# WORD
	python3 -c '
import base64, sys
word = sys.stdin.buffer.read()
print(word[:24].decode())
for n in range(3):
    said = base64.b64encode(b"x" * n + word[:60]).decode()
    print(said[4:28])' <<< "$1"
}

# Not in what is told, not in what any process shows, not in a file that others can read.
what_is_out() {	# WORD
	local found
	pieces_of "$1" > "$TMP/.pieces"
	found=$(grep -lF -f "$TMP/.pieces" "$TMP/posternd.log" "$TMP"/test.* "$TMP/status" "$POSTERN_CONF")
	found+=$(cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2> /dev/null | grep -aoF -f "$TMP/.pieces" | head -n 1)
	found+=$(find "$TMP" -type f ! -name .pieces -perm /077 -exec grep -lF -f "$TMP/.pieces" {} +)
	echo "$found"
}

nothing_out() {	# NAME WORD
	is "$1: no piece of the secret got out" "$(what_is_out "$2")" ''
}

# A login that is taken and one that is refused, the log at its noisiest and somebody listening.
told() {	# NAME MECHANISM WORD
	local name=$1 mechanism=$2 word=$3
	write_secret "$TMP/theirs" "$word"
	start_logins "$name" "$TMP/theirs" "$mechanism"
	case $mechanism in
	*OAUTH*) write_conf "$(token_relay demo "$UP_PORT" "$mechanism" "$word")" ;;
	*)	PASSWORD=$word write_conf "$(PASSWORD=$word relay demo "$UP_PORT" implicit)" ;;
	esac
	sed -i 's/level = "info"/level = "debug"/' "$POSTERN_CONF"
	start_posternd
	post -f alice@example.com bob@example.net < /dev/null
	check "$name: a login" wait_for 15 has_arrived "$name" 1
	"$BUILD/postern" test --relay demo bob@example.net > "$TMP/test.in" 2>&1
	check "$name: one that is heard" grep -q "$mechanism" "$TMP/test.in"
	"$BUILD/postern" status > "$TMP/status" 2>&1
	nothing_out "$name" "$word"
	stop_posternd
	stop "$UP_PID"
	write_secret "$TMP/theirs" 'another word'
	start_logins "$name-refused" "$TMP/theirs" "$mechanism"
	sed -i "s/port = [0-9]*/port = $UP_PORT/" "$POSTERN_CONF"
	start_posternd
	post -f alice@example.com bob@example.net < /dev/null
	check "$name: a refusal" wait_for 15 log_says '535'
	"$BUILD/postern" test --relay demo bob@example.net > "$TMP/test.out" 2>&1
	nothing_out "$name, refused" "$word"
	stop_posternd
	stop "$UP_PID"
	forget
}

LONG=$(head -c 700 /dev/urandom | base64 -w 0 | tr -d '+/=' | head -c 600)
SHORT=open-sesame-and-the-forty-thieves-of-the-hill
for piece in "$SHORT" "$(printf '\0%s\0%s' "$USER_NAME" "$SHORT" | base64 -w 0)"; do
	echo "AUTH $piece" > "$TMP/test.in"
	check 'what is out is seen' test -n "$(what_is_out "$SHORT")"
done
for mechanism in PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2 OAUTHBEARER; do
	told "$mechanism" "$mechanism" "$SHORT"
done
# Those that go with AUTH, and would not fit into its line.
for mechanism in PLAIN XOAUTH2 OAUTHBEARER; do
	told "$mechanism-long" "$mechanism" "$LONG"
done

# --- what a process gives away ---------------------------------------------------

write_secret "$TMP/theirs" "$SHORT"
start_logins core "$TMP/theirs" PLAIN
write_conf "$(PASSWORD=$SHORT relay demo "$UP_PORT" implicit)"
ulimit -c unlimited 2> /dev/null
start_posternd
post -f alice@example.com bob@example.net < /dev/null
wait_for 10 has_arrived core 1
user=$(daemon_user)
if test -n "$user"; then
	check "another process of the daemon's user cannot read its memory" \
	    eval "! runuser -u '$user' -- cat /proc/$POSTERND_PID/maps > /dev/null 2>&1"
	check "another process of the daemon's user cannot read its environment" \
	    eval "! runuser -u '$user' -- cat /proc/$POSTERND_PID/environ > /dev/null 2>&1"
else
	skip "another process of the daemon's user" 'the daemon is root here, or we are it'
fi
mkdir "$TMP/dumps"
chmod 1777 "$TMP/dumps"
(cd "$TMP/dumps" && exec sleep 60) &
sleeper=$!
PIDS+=("$sleeper")
wait_for 5 grep -q sleep "/proc/$sleeper/cmdline"
kill -QUIT "$sleeper"
wait "$sleeper" 2> /dev/null
if test -z "$(find "$TMP/dumps" -name 'core*')"; then
	skip 'no core' 'nothing leaves a core here'
else
	rm -f "$TMP/dumps"/core*
	stop_posternd
	(cd "$TMP/dumps" && exec "$BUILD/posternd" -c "$POSTERN_CONF" 2>> "$TMP/posternd.log") &
	POSTERND_PID=$!
	PIDS+=("$POSTERND_PID")
	wait_for 10 eval "test \"\$(starts)\" -ge 2"
	post -f alice@example.com bob@example.net < /dev/null
	check 'core: a login' wait_for 10 has_arrived core 2
	kill -ABRT "$POSTERND_PID"
	wait_for 10 dead "$POSTERND_PID"
	is 'no core is left by the daemon' "$(find "$TMP/dumps" "$POSTERN_SPOOL" "$POSTERN_RUN" -maxdepth 1 -name 'core*')" ''
fi
stop_all
