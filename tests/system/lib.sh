# lib.sh - what the system scripts share.  Sourced; BUILD, SYSTEM and TMP are
# set by run.  Everything started here is stopped by its own process id.
# shellcheck shell=bash disable=SC2034

set -u
umask 022
export LC_ALL=C

PIDS=()
WRAP=()			# put before posternd: strace, valgrind

USER_NAME=ops@example.com
PASSWORD='open sesame'
CA=$TMP/pki/ca.pem

export POSTERN_SPOOL=$TMP/spool
export POSTERN_RUN=$TMP/run
export POSTERN_LIBEXEC=$BUILD
export POSTERN_CONF=$TMP/postern.conf
export POSTERN_PROVIDERS=$SYSTEM/../../etc/providers

# --- verdicts -------------------------------------------------------------

ok() {
	echo "ok $1"
}

not_ok() {	# NAME WHY
	echo "not ok $1: $2"
}

skip() {	# NAME WHY
	echo "skip $1: $2"
}

die() {		# for what must hold before anything can be tested
	echo "not ok $(basename "$0" .sh): $1"
	exit 1
}

# check NAME COMMAND…: ok when it succeeds.
check() {
	local name=$1
	shift
	if "$@"; then
		ok "$name"
	else
		not_ok "$name" "failed: $*"
	fi
}

# is NAME GOT WANTED
is() {
	if test "$2" = "$3"; then
		ok "$1"
	else
		not_ok "$1" "got '$(echo "$2" | head -c 200 | tr '\n' '|')', wanted '$3'"
	fi
}

# --- time -----------------------------------------------------------------

# wait_for SECONDS COMMAND…: poll until it succeeds.  SECONDS are those of a
# machine at rest; one that is sanitized, or has much else to do, is given
# PATIENCE times as many, which costs nothing where the wait ends well.  So
# nothing waits here for what is not to happen: that is known by something
# else that did.
PATIENCE=${PATIENCE:-6}
wait_for() {
	local end
	end=$(($(date +%s) + $1 * PATIENCE))
	shift
	until "$@" > /dev/null 2>&1; do
		test "$(date +%s)" -lt "$end" || return 1
		sleep 0.03
	done
}

now_ms() {
	date +%s%3N
}

# --- processes ------------------------------------------------------------

alive() {
	kill -0 "$1" 2> /dev/null
}

dead() {
	! alive "$1"
}

stop() {	# PID: TERM, and KILL if that was not enough
	kill "$1" 2> /dev/null || return 0
	wait_for 15 dead "$1" || kill -KILL "$1" 2> /dev/null
	wait "$1" 2> /dev/null
}

stop_all() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill "$pid" 2> /dev/null
	done
	for pid in "${PIDS[@]}"; do
		stop "$pid"
	done
	PIDS=()
}
trap stop_all EXIT
trap 'exit 1' TERM INT

# --- the far end ----------------------------------------------------------

make_pki() {
	test -e "$CA" || "$BUILD/demo-pki" "$TMP/pki" || die "demo-pki failed"
}

listens() {	# PORT
	(exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null
}

# For who cannot be told to take any: a port that nobody has.  It is below those
# that the kernel gives away, or one of the thousands of connections that other
# scripts make meanwhile would have it before it is used.
free_port() {
	local port
	while :; do
		port=$((10240 + (RANDOM << 15 | RANDOM) % 20000))
		listens "$port" || break
	done
	echo "$port"
}

# start_upstream NAME [OPTION…]: UP_PID, UP_PORT; mail in $TMP/NAME.mail.
start_upstream() {
	local name=$1
	shift
	mkdir -p "$TMP/$name.mail"
	rm -f "$TMP/$name.port"
	"$BUILD/upstream" --port-file "$TMP/$name.port" --store "$TMP/$name.mail" "$@" \
	    > "$TMP/$name.totals" 2>> "$TMP/$name.log" &
	UP_PID=$!
	PIDS+=("$UP_PID")
	wait_for 10 test -s "$TMP/$name.port" || die "the upstream $name did not start"
	UP_PORT=$(cat "$TMP/$name.port")
}

# With TLS and a login: the usual one.
start_secure_upstream() {	# NAME implicit|starttls [OPTION…]
	local name=$1 tls=$2
	shift 2
	make_pki
	start_upstream "$name" --tls "$tls" --cert "$TMP/pki/cert.pem" --key "$TMP/pki/key.pem" \
	    --user "$USER_NAME" --password "$PASSWORD" "$@"
}

# The first Python that can tell what TLS 1.3 binds to, or any.
python() {
	local python
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import OpenSSL' 2> /dev/null && break
		python=python3
	done
	echo "$python"
}

# One with the logins that the upstream has not (logins.py): UP_PID, UP_PORT;
# mail in $TMP/NAME.mail, who came how in $TMP/NAME.mail.logins.
start_logins() {	# NAME PASSWORD-FILE WORD...
	local name=$1
	shift
	start_python "$name" server "$USER_NAME" "$1" "$TMP/$name.mail" "${@:2}"
}

# Its TLS ends in the middle.
start_between() {	# NAME PORT [strip]
	local name=$1
	shift
	start_python "$name" between "$@"
}

start_python() {	# NAME DEED ARGUMENT...
	local name=$1 deed=$2
	shift 2
	rm -f "$TMP/$name.port"
	"$(python)" "$SYSTEM/logins.py" "$deed" "$TMP/$name.port" "$TMP/pki" "$@" 2> "$TMP/$name.log" &
	UP_PID=$!
	PIDS+=("$UP_PID")
	wait_for 10 test -s "$TMP/$name.port" || die "$name did not start: $(tail -n 1 "$TMP/$name.log")"
	UP_PORT=$(cat "$TMP/$name.port")
}

# total NAME FIELD: a number of the running upstream.
total() {
	local before
	before=$(wc -l < "$TMP/$1.totals")
	kill -USR1 "$UP_PID" || return 1
	wait_for 5 eval "test \$(wc -l < '$TMP/$1.totals') -gt $before"
	tail -n 1 "$TMP/$1.totals" | tr ' ' '\n' | grep -A 1 "^$2\$" | tail -n 1
}

arrived() {	# NAME: how many messages
	find "$TMP/$1.mail" -name '[0-9]*' | wc -l
}

has_arrived() {	# NAME N
	test "$(arrived "$1")" -ge "$2"
}

# The message of one stored file, without what stood in the envelope.
message_of() {
	sed '1,/^$/d' "$1"
}

body_of() {
	message_of "$1" | sed $'1,/^\r$/d'
}

# --- the near end ---------------------------------------------------------

# Who posternd becomes when root starts it: whoever owns the spool.  Root
# alone ("") where nobody else could reach the build folder.
daemon_user() {
	local user
	test "$(id -u)" -eq 0 || return 0
	for user in postern nobody; do
		if runuser -u "$user" -- test -x "$BUILD/postern-resolve" -a -x "$TMP" 2> /dev/null; then
			echo "$user"
			return
		fi
	done
}

# The layout that make install makes.  When the daemon is who we are, its
# directories need no special group.
make_spool() {
	local d user group
	user=$(daemon_user)
	mkdir -p "$POSTERN_SPOOL" "$POSTERN_RUN"
	for d in tmp new cur later hold dead bad state; do
		mkdir -p "$POSTERN_SPOOL/$d"
		chmod 700 "$POSTERN_SPOOL/$d"
	done
	test -p "$POSTERN_SPOOL/wake" || mkfifo -m 600 "$POSTERN_SPOOL/wake"
	if test -n "$user"; then
		group=$(id -gn "$user")
		chown -R "$user:$group" "$POSTERN_SPOOL" "$POSTERN_RUN"
		# The real ones belong to a group of their own; root needs none.
		chmod 2730 "$POSTERN_SPOOL/tmp" "$POSTERN_SPOOL/new"
		chmod 620 "$POSTERN_SPOOL/wake"
	fi
}

# A secret that only the daemon can read.
write_secret() {	# FILE WORD
	local user
	user=$(daemon_user)
	rm -f "$1"
	(umask 077; printf '%s\n' "$2" > "$1")
	test -z "$user" || chown "$user" "$1"
}

write_password() {	# WORD
	write_secret "$TMP/password" "$1"
}

# write_conf [TEXT…]: everything but the relay, then the texts.
write_conf() {
	cat > "$POSTERN_CONF" <<-EOF
	hostname = "web1.example.com"
	domain = "example.com"
	aliases = "$TMP/aliases"
	log { to = "stderr"  level = "info" }
	EOF
	printf '%s\n' "$@" >> "$POSTERN_CONF"
}

# relay NAME PORT TLS [LINE…]: a section that logs in.
relay() {
	local name=$1 port=$2 tls=$3
	shift 3
	write_password "$PASSWORD"
	cat <<-EOF
	relay $name {
	    host = "localhost"
	    port = $port
	    tls = "$tls"
	    ca-file = "$CA"
	    user = "$USER_NAME"
	    password-file = "$TMP/password"
	EOF
	test $# -eq 0 || printf '    %s\n' "$@"
	echo '}'
}

# token_relay NAME PORT MECHANISM TOKEN: a section whose token is good for a day, and the file that has it.
token_relay() {
	write_secret "$POSTERN_SPOOL/state/oauth-$1.token" "postern oauth 1
serial 1
granted $(date +%s)
issued $(date +%s)
expires $(($(date +%s) + 86400))
ends 0
scope mail
refresh refresh-me
access $4"
	cat <<-EOF
	relay $1 {
	    host = "localhost"  port = $2  tls = "implicit"  ca-file = "$CA"  user = "$USER_NAME"  auth = "$3"
	    oauth {
	        client-id = "client"  token-endpoint = "http://127.0.0.1:1/"  scope = "mail"
	        authorize-endpoint = "http://127.0.0.1:1/"
	    }
	}
	EOF
}

starts() {
	cat "$TMP/posternd.log" 2> /dev/null | grep -c 'start: version'
}

start_posternd() {
	local before
	test -d "$POSTERN_SPOOL" || make_spool
	before=$(starts)
	"${WRAP[@]}" "$BUILD/posternd" -c "$POSTERN_CONF" 2>> "$TMP/posternd.log" &
	POSTERND_PID=$!
	PIDS+=("$POSTERND_PID")
	wait_for "${START_S:-10}" eval "test \"\$(starts)\" != '$before'" ||
	    die "posternd did not start: $(tail -n 1 "$TMP/posternd.log")"
}

stop_posternd() {
	stop "$POSTERND_PID"
}

log_says() {	# a fixed text
	grep -qF -- "$1" "$TMP/posternd.log"
}

# queued: messages on this side, wherever they wait.
queued() {
	find "$POSTERN_SPOOL/new" "$POSTERN_SPOOL/cur" "$POSTERN_SPOOL/later" -type f | wc -l
}

drained() {
	test "$(queued)" -eq 0
}

in_place() {	# PLACE N
	test "$(find "$POSTERN_SPOOL/$1" -type f | wc -l)" -eq "$2"
}

post() {
	"$BUILD/sendmail" "$@"
}

mailq() {
	"$BUILD/sendmail" -bp
}

# A message as a mail program makes it: text with dots and 8-bit letters, an
# attachment of 150,000 random bytes, no line end at its very end.
attachment_message() {	# FILE SUBJECT; leaves FILE.attachment
	head -c 150000 /dev/urandom > "$1.attachment"
	{
		cat <<-EOF
		From: Alice <alice@example.com>
		To: Bob <bob@example.net>
		Cc: carol@example.net
		Bcc: dave@example.net
		Subject: $2
		MIME-Version: 1.0
		Content-Type: multipart/mixed; boundary="=_part"

		--=_part
		Content-Type: text/plain; charset=utf-8
		Content-Transfer-Encoding: 8bit

		Grüße.
		.
		..two dots, then a lone one
		.
		From the beginning, >From.

		--=_part
		Content-Type: application/octet-stream
		Content-Transfer-Encoding: base64

		EOF
		base64 "$1.attachment"
		printf '\n--=_part--'
	} > "$1"
}

# What of a submitted file must arrive as its body.
wire_body() {
	sed '1,/^$/d' "$1" | sed $'s/\r$//; s/$/\r/' > "$1.wire"
	# sed ends a last line the way it found it; the wire has no such line.
	test "$(tail -c 1 "$1.wire" | od -An -tx1 | tr -d ' ')" = 0a || printf '\n' >> "$1.wire"
	cat "$1.wire"
}

same_body() {	# SUBMITTED STORED
	wire_body "$1" > "$TMP/.wanted"
	body_of "$2" > "$TMP/.got"
	cmp -s "$TMP/.wanted" "$TMP/.got"
}

same_attachment() {	# SUBMITTED STORED
	body_of "$2" | tr -d '\r' | sed '1,/base64/d' | sed '/^--=_part--/,$d' |
	    base64 -d 2> /dev/null | cmp -s - "$1.attachment"
}

# --- secrets ----------------------------------------------------------------

SECRETS=()		# words that only their owner may know
KEPT=()			# the files that are made to hold them

# Passwords and tokens come and go: whatever of them these files have now.
collect_secrets() {	# FILE…
	local file
	for file; do
		test -e "$file" || continue
		mapfile -t -O "${#SECRETS[@]}" SECRETS < <(grep -o '[ar]t-[A-Za-z0-9_-]*' "$file" | cut -c 1-30 | sort -u)
	done
}

# What a helper is started with is gone before anybody can look: each tells
# it, and then is what it was.
spy_on_helpers() {
	local name
	mkdir -p "$TMP/libexec" "$TMP/spied"
	chmod 1777 "$TMP/spied"
	ln -sf "$BUILD/posternd" "$BUILD/postern" "$BUILD/sendmail" "$TMP/libexec"
	for name in postern-oauth postern-resolve postern-stdio; do
		printf '#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ > "%s.$$"\nexec "%s" "$@"\n' \
		    "$TMP/spied/$name" "$BUILD/$name" > "$TMP/libexec/$name"
		chmod 755 "$TMP/libexec/$name"
	done
	export POSTERN_LIBEXEC=$TMP/libexec
}

secrets_that_got_out() {	# [PLACE…] beside the spool, the configuration, the log
	# By the shell itself: in no process list.
	printf '%s\n' "${SECRETS[@]}" > "$TMP/.secrets"
	printf '%s\n' "${KEPT[@]}" > "$TMP/.kept"
	python3 "$SYSTEM/leaks.py" "$TMP/.secrets" "$TMP/.kept" "$BUILD" "$POSTERN_SPOOL" "$POSTERN_RUN" \
	    "$POSTERN_CONF" "$TMP/posternd.log" "$TMP/spied" "${KEPT[@]}" "$@" 2>&1
}

no_secret_got_out() {	# NAME [PLACE…]
	local name=$1
	shift
	if command -v python3 > /dev/null; then
		is "$name: no secret got out" "$(secrets_that_got_out "$@")" ''
	else
		skip "$name: no secret got out" 'no python3'
	fi
}
