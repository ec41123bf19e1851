#!/usr/bin/env bash
# The second door: programs that cannot write into the spool (no setgid bit,
# a read-only file system, no spool in their root, another user namespace)
# hand their message to the daemon.  Same exit codes, nothing lost, nothing
# half there, and nobody's delivery waits.
# shellcheck disable=SC1091,SC2016
. "$SYSTEM/lib.sh"

OUT=$TMP/out

if test "$(id -u)" -ne 0 || ! command -v setpriv > /dev/null; then
	skip 'the second door' 'needs root and setpriv: a spool that its caller cannot write'
	exit 0
fi
user=$(daemon_user)
if test -z "$user"; then
	skip 'the second door' 'the build folder is out of reach for any user but root'
	exit 0
fi

alice=64003		# nobody real has this id

start_upstream up
# Everybody's, and without a group that could open it: a setgid bit is void
# for them all, since this sendmail has none.
start_daemon() {
	start_posternd
	wait_for 5 test -S "$POSTERN_RUN/submit" || die 'no socket'
}
write_conf 'queue { max-message = "200k" }' \
    "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
make_spool
chown "$user" "$POSTERN_SPOOL"
chmod 700 "$POSTERN_SPOOL"
start_daemon
is 'the socket is for everybody' "$(stat -c %a "$POSTERN_RUN/submit")" 666

as() {		# USER COMMAND…
	local id=$1
	shift
	setpriv --reuid="$id" --regid="$id" --clear-groups --no-new-privs -- "$@"
}

door() {	# [ARGUMENT…]: as alice, through the second door
	as $alice "$BUILD/sendmail" "$@"
}

shown() {	# SUBJECT FIELD: what the far end has of it
	local file
	file=$(grep -rl "^Subject: $1" "$TMP/up.mail" | head -n 1)
	test -n "$file" && message_of "$file" | tr -d '\r' | sed -n "1,/^\$/s/^$2: *//p" | head -n 1
}

arrives() {	# SUBJECT
	wait_for 10 eval "grep -rq '^Subject: $1' '$TMP/up.mail'"
}

# --- each kind of sandbox ---------------------------------------------------

printf 'Subject: plain\n\nhello\n' | door -i bob@example.net > "$OUT" 2>&1
is 'no new privileges: accepted' "$? $(cat "$OUT")" '0 '
check 'no new privileges: delivered' arrives plain
wait_for 10 drained
is 'no new privileges: nothing is left' "$(queued) $(find "$POSTERN_SPOOL/tmp" -type f | wc -l)" '0 0'
file=$(grep -rl '^Subject: plain' "$TMP/up.mail")
is 'who sent it is what the kernel says' "$(grep -c "uid $alice)" "$file")" 1

# What the client says of itself does not count.
printf 'Subject: claimed\n\nx\n' | as $alice env USER=root LOGNAME=root "$BUILD/sendmail" bob@example.net
arrives claimed
file=$(grep -rl '^Subject: claimed' "$TMP/up.mail")
is 'a claim does not count' "$(grep -c "uid $alice" "$file")" 1

# A message of 150 kB, octet for octet.
attachment_message "$TMP/large" 'large one'
head -c 100000 "$TMP/large.attachment" > "$TMP/large.short" && mv "$TMP/large.short" "$TMP/large.attachment"
{
	sed '/Content-Transfer-Encoding: base64/q' "$TMP/large"
	echo
	base64 "$TMP/large.attachment"
	printf '\n--=_part--'
} > "$TMP/large.new" && mv "$TMP/large.new" "$TMP/large"
door -i -t < "$TMP/large" > "$OUT" 2>&1
is 'a large one: accepted' "$? $(cat "$OUT")" '0 '
arrives 'large one'
file=$(grep -rl '^Subject: large one' "$TMP/up.mail" | head -n 1)
check 'a large one: octet for octet' same_attachment "$TMP/large" "$file"

sandboxed() {	# NAME SUBJECT COMMAND…: a message by this wrapper
	local name=$1 subject=$2
	shift 2
	printf 'Subject: %s\n\nhello\n' "$subject" | "$@" > "$OUT" 2>&1
	is "$name: accepted" "$? $(cat "$OUT")" '0 '
	check "$name: delivered" arrives "$subject"
}

# Root may write a spool whoever owns it, so here it is the file system that says no.
if unshare -m true 2> /dev/null; then
	sandboxed 'a read-only file system' read-only unshare -m sh -c '
		mount --make-rprivate / && mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" &&
		exec "$2" bob@example.net' sh "$POSTERN_SPOOL" "$BUILD/sendmail"
	file=$(grep -rl '^Subject: read-only' "$TMP/up.mail")
	is 'a read-only file system: who sent it' "$(grep -c "uid 0" "$file")" 1
	sandboxed 'a root without a spool' no-spool unshare -m sh -c '
		mount --make-rprivate / && mount -t tmpfs none "$1" && rmdir "$1"/* 2> /dev/null
		exec env POSTERN_SPOOL="$1/gone" "$2" bob@example.net' sh "$POSTERN_SPOOL" "$BUILD/sendmail"
	# What ProtectSystem=strict, DynamicUser and NoNewPrivileges come to.
	sandboxed 'strict, with a user of its own' strict unshare -m sh -c '
		mount --make-rprivate / && mount -o remount,bind,ro / && exec setpriv \
		    --reuid=61999 --regid=61999 --clear-groups --no-new-privs -- "$1" bob@example.net' \
	    sh "$BUILD/sendmail"
else
	skip 'a read-only file system' 'no mount namespaces here'
fi
if as $alice unshare -Ur true 2> /dev/null; then
	sandboxed 'a user namespace' userns as $alice unshare -Ur "$BUILD/sendmail" bob@example.net
	file=$(grep -rl '^Subject: userns' "$TMP/up.mail")
	is 'a user namespace: its root is who made it' "$(grep -c "uid $alice" "$file")" 1
else
	skip 'a user namespace' 'not for an unprivileged user here'
fi
if test "$(systemctl is-system-running 2> /dev/null)" != offline && test -d /run/systemd/system; then
	run_unit() {
		systemd-run --quiet --pipe --wait -p DynamicUser=yes -p NoNewPrivileges=yes \
		    -p ProtectSystem=strict -p ProtectHome=read-only -p PrivateTmp=no \
		    -E POSTERN_SPOOL="$POSTERN_SPOOL" -E POSTERN_RUN="$POSTERN_RUN" "$BUILD/sendmail" "$@"
	}
	sandboxed 'systemd-run' systemd run_unit bob@example.net
else
	skip 'systemd-run' 'no systemd runs here'
fi

# --- exit codes, as through the first door ----------------------------------

# same NAME CODE TEXT INPUT ARGUMENT…: both doors answer this.
same() {
	local name=$1 code=$2 text=$3 input=$4
	shift 4
	printf "$input" | door "$@" > "$OUT" 2>&1
	is "$name, by the second" "$? $(cat "$OUT")" "$code sendmail: $text"
	printf "$input" | "$BUILD/sendmail" "$@" > "$OUT" 2>&1
	is "$name, by the first" "$? $(cat "$OUT")" "$code sendmail: $text"
}
# shellcheck disable=SC2059
head -c 300000 /dev/zero | tr '\0' 'a' | fold -w 70 > "$TMP/too-large"
same 'no recipients' 64 'Recipient names must be specified' 'x\n'
same 'none in the header' 64 'No recipient addresses found in header' 'Subject: x\n\nx\n' -t
same 'an address that is none' 65 "a@@b: more than one '@'" 'x\n' 'a@@b'
for way in door post; do
	"$way" -i bob@example.net < "$TMP/too-large" > "$OUT" 2>&1
	is "over the limit, $way" "$? $(cat "$OUT")" \
	    '69 sendmail: the message is longer than 204800 bytes, the limit here'
done
seq -f 'r%06g@example.net,' 11000 > "$TMP/many"
for way in door post; do
	{ printf 'To: '; sed 's/^/ /' "$TMP/many"; printf ' a@b.c\n\nx\n'; } | "$way" -t > "$OUT" 2>&1
	is "11000 recipients, $way" "$? $(cat "$OUT")" '65 sendmail: more than 10000 recipients'
done
# A writer that goes on is read to its end: no SIGPIPE for the caller.
{ cat "$TMP/too-large" "$TMP/too-large" "$TMP/too-large"; echo "written $?" >&2; } 2> "$TMP/writer" | door -i bob > "$OUT" 2>&1
is 'its writer sees no broken pipe' "${PIPESTATUS[*]} $(cat "$TMP/writer")" '0 69 written 0'
check 'nothing of it is left' eval 'test "$(find "$POSTERN_SPOOL/tmp" -type f | wc -l)" -eq 0'

sed -i 's/max-message = "200k"/max-message = "200k" min-free = "1024G"/' "$POSTERN_CONF"
kill -HUP "$POSTERND_PID"
wait_for 5 log_says 'is in use'
printf 'x\n' | door bob > "$OUT" 2>&1
is 'min-free' "$? $(cat "$OUT")" "75 sendmail: the spool $POSTERN_SPOOL is full: No space left on device (min-free leaves 1048576 MiB of its disk to others)"
"$BUILD/postern" status > "$OUT"
is 'and status says so' "$? $(grep -c 'no mail is accepted: the disk of the spool has .* left, and min-free is 1.0T' "$OUT")" '2 1'
sed -i 's/ min-free = "1024G"//' "$POSTERN_CONF"
kill -HUP "$POSTERND_PID"
wait_for 5 eval "test \"\$(grep -c 'is in use' '$TMP/posternd.log')\" -eq 2"

# --- whoever can reach the socket may say anything ---------------------------

talk() {	# FILE: the daemon's answer to these octets
	python3 - "$POSTERN_RUN/submit" "$1" <<-'PYTHON'
	import socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.settimeout(100)
	s.connect(sys.argv[1])
	try:
	    s.sendall(open(sys.argv[2], 'rb').read())
	    s.shutdown(socket.SHUT_WR)
	except (BrokenPipeError, ConnectionResetError):
	    pass
	answer = b''
	try:
	    while not answer.endswith(b'\n'):
	        more = s.recv(1000)
	        if not more:
	            break
	        answer += more
	except ConnectionResetError:
	    pass
	print(answer.decode().strip())
	PYTHON
}

corpus=$SYSTEM/../fuzz/corpus/unwrap
if command -v python3 > /dev/null; then
	before=$(arrived up)
	n=0
	for file in "$corpus"/*; do
		cp "$file" "$TMP/octets"
		case $(talk "$TMP/octets") in
		'ok '*) n=$((n + 1)) ;;
		'no 65 '*) ;;
		*) not_ok "hostile octets, $(basename "$file")" "$(talk "$TMP/octets")" ;;
		esac
	done
	is 'hostile octets: only the four good ones pass' "$n" 4
	head -c 9000000 /dev/zero | tr '\0' 'x' > "$TMP/octets"
	is 'a line without an end' "$(talk "$TMP/octets")" \
	    'no 65 not a message of this version: the envelope is too long'
	is 'nothing half-written' "$(find "$POSTERN_SPOOL/tmp" "$POSTERN_SPOOL/bad" -type f | wc -l)" 0
	wait_for 10 has_arrived up $((before + 4))
	is 'and no more arrived' "$(arrived up)" $((before + 4))
else
	skip 'hostile octets' 'no python3'
fi

# --- many, slow and dying ones ----------------------------------------------

# 200 at once, some of them large; each told the truth.
before=$(arrived up)
head -c 150000 /dev/zero | tr '\0' 'b' | fold -w 70 > "$TMP/filler"
echo >> "$TMP/filler"
pids=()
for ((i = 0; i < 200; i++)); do
	{
		printf 'Subject: crowd %d\n\n' "$i"
		test $((i % 10)) -ne 0 || cat "$TMP/filler"
	} > "$TMP/crowd.$i"
	door -i bob@example.net < "$TMP/crowd.$i" 2>> "$TMP/crowd.err" &
	pids+=("$!")
done
good=0
for pid in "${pids[@]}"; do
	wait "$pid" && good=$((good + 1))
done
is '200 at once are accepted' "$good $(cat "$TMP/crowd.err" 2> /dev/null)" '200 '
wait_for 30 has_arrived up $((before + 200))
is 'and each arrived, once' "$(grep -rh '^Subject: crowd ' "$TMP/up.mail" | sort | uniq -c |
    awk '$1 == 1' | wc -l) $(($(arrived up) - before))" '200 200'

# One that dies in the middle of its message.
mkfifo "$TMP/slow"
setpriv --reuid=$alice --regid=$alice --clear-groups --no-new-privs -- \
    "$BUILD/sendmail" bob@example.net < "$TMP/slow" &
pid=$!
PIDS+=("$pid")
exec 3> "$TMP/slow"
{ printf 'Subject: dying\n\n'; cat "$TMP/filler"; } >&3
check 'in the middle of a message' wait_for 10 eval 'test -n "$(ls "$POSTERN_SPOOL/tmp")"'
kill -KILL "$pid"
wait "$pid" 2> /dev/null
exec 3>&-
check 'a client that dies leaves nothing' wait_for 10 eval 'test -z "$(ls "$POSTERN_SPOOL/tmp")"'
check 'and is never sent' eval '! grep -rq "^Subject: dying" "$TMP/up.mail"'

# A slow writer is waited for, and the daemon has time for others meanwhile.
door bob@example.net < "$TMP/slow" 2> "$OUT" &
pid=$!
PIDS+=("$pid")
exec 3> "$TMP/slow"
{ printf 'Subject: patient\n\n'; cat "$TMP/filler"; } >&3
wait_for 10 eval 'test -n "$(ls "$POSTERN_SPOOL/tmp")"'
printf 'Subject: meanwhile\n\n' | door bob@example.net
check 'another is served while one is slow' arrives meanwhile
exec 3>&-
wait "$pid"
is 'and the slow one is taken' "$? $(cat "$OUT")" '0 '
arrives patient

# --- a disk that takes its time ---------------------------------------------

# Each fsync of a message takes 300 ms; the loop must not: the gap is how long
# the control socket, which it serves, lets one wait.
if test -z "${POSTERN_SANITIZED:-}" && command -v python3 > /dev/null &&
    strace -o "$TMP/trace" -e inject=fsync:delay_enter=1 true 2> /dev/null; then
	strace -f -qq -p "$POSTERND_PID" -o "$TMP/trace" -e trace=fsync \
	    -e inject=fsync:delay_enter=300000 &
	tracer=$!
	PIDS+=("$tracer")
	wait_for 5 grep -q "TracerPid:.$tracer" "/proc/$POSTERND_PID/status"
	python3 - "$POSTERN_RUN/control" "$TMP/gap.done" > "$TMP/gap" <<-'PYTHON' &
	import os, socket, sys, time
	slow = 0
	asked = 0
	while not os.path.exists(sys.argv[2]):
	    begun = time.monotonic()
	    s = socket.socket(socket.AF_UNIX)
	    s.connect(sys.argv[1])
	    s.sendall(b'nothing\n')
	    while s.recv(1000):
	        pass
	    slow += time.monotonic() - begun >= 0.3
	    asked += 1
	print(slow, asked)
	PYTHON
	gap=$!
	PIDS+=("$gap")
	pids=()
	for ((i = 0; i < 20; i++)); do
		printf 'Subject: slow disk %d\n\n' "$i" | door bob@example.net &
		pids+=("$!")
	done
	good=0
	for pid in "${pids[@]}"; do
		wait "$pid" && good=$((good + 1))
	done
	touch "$TMP/gap.done"
	wait "$gap"
	is '20 on a slow disk are accepted' "$good" 20
	# Were they done in the loop, nearly every look would wait for one; a machine with much to do delays some.
	read -r slow asked < "$TMP/gap"
	check "a sync took 300 ms, and so did $slow of $asked looks at the loop" \
	    test $((slow * 4)) -lt "$asked" -a "$asked" -gt 20
	kill "$tracer"
	wait "$tracer" 2> /dev/null
else
	skip 'a slow disk' 'strace cannot inject here'
fi

# --- no daemon ---------------------------------------------------------------

# Killed at any moment: what was answered ok is there, what is there is whole.
mkdir "$TMP/killed"
total=0
for round in 1 2 3 4 5 6; do
	pids=()
	for ((i = 0; i < 20; i++)); do
		n=$((round * 100 + i))
		{ printf 'Subject: killed %d\n\n' "$n"; cat "$TMP/filler"; echo "last line $n"; } > "$TMP/k.$n"
		{ door -i bob@example.net < "$TMP/k.$n" 2>> "$TMP/killed.err" && touch "$TMP/killed/$n"; } &
		pids+=("$!")
	done
	# Not a fixed moment: when so many have been answered.
	wait_for 5 eval "test \"\$(ls '$TMP/killed' | wc -l)\" -ge $((total + round * 2))"
	kill -KILL "$POSTERND_PID"
	wait "$POSTERND_PID" 2> /dev/null
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	total=$(find "$TMP/killed" -type f | wc -l)
	start_daemon
done
wait_for 30 drained
lost=0
for file in "$TMP"/killed/*; do
	n=$(basename "$file")
	grep -rq "^last line $n" "$TMP/up.mail" || lost=$((lost + 1))
done
check "killed six times: $total of 120 were answered ok" test "$total" -gt 0 -a "$total" -lt 120
is 'none of them is lost' "$lost" 0
is 'nothing half-written was sent' "$(grep -rl '^Subject: killed' "$TMP/up.mail" |
    xargs grep -L '^last line' | wc -l) $(find "$POSTERN_SPOOL/bad" -type f | wc -l)" '0 0'
check 'and each refusal is temporary, with its words' eval \
    '! grep -v "did not answer\|nor to the daemon" "$TMP/killed.err"'

# quick NAME TEXT: 75, not 124, and this line.
quick() {
	local name=$1 text=$2
	printf 'x\n' | as $alice timeout 100 "$BUILD/sendmail" bob > "$OUT" 2>&1
	is "$name" "$? $(cat "$OUT")" "75 sendmail: $text"
}
both="cannot write to the spool $POSTERN_SPOOL: Permission denied; nor to the daemon's $POSTERN_RUN/submit"
kill -KILL "$POSTERND_PID"
wait "$POSTERND_PID" 2> /dev/null
quick 'a daemon that died' "$both: Connection refused"
start_daemon
stop_posternd
quick 'no daemon' "$both: No such file or directory"
POSTERN_RUN=$TMP/$(printf 'x%.0s' {1..120}) quick 'a path too long for a socket' \
    "cannot write to the spool $POSTERN_SPOOL: Permission denied; nor to the daemon's : File name too long"

# One that takes no connection: its backlog is full, and poll would not say so.
if command -v python3 > /dev/null; then
	python3 - "$POSTERN_RUN/submit" "$TMP/deaf" <<-'PYTHON' &
	import os, signal, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	os.chmod(sys.argv[1], 0o666)
	s.listen(0)
	c = socket.socket(socket.AF_UNIX)
	c.connect(sys.argv[1])
	open(sys.argv[2], 'w')
	signal.pause()
	PYTHON
	PIDS+=("$!")
	wait_for 10 test -e "$TMP/deaf"
	quick 'a daemon that takes no connection' "$both: Connection timed out"
	rm -f "$POSTERN_RUN/submit"
fi
