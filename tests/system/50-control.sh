#!/usr/bin/env bash
# The control socket of a live daemon, spoken raw: every request, as root and
# as users; what is hostile; what a restart and a reload keep.
# shellcheck disable=SC1091,SC2016,SC2086
. "$SYSTEM/lib.sh"

OUT=$TMP/out

# One that other users can run too, where there is such.
PYTHON=python3
test ! -x /usr/bin/python3 || PYTHON=/usr/bin/python3
if ! command -v $PYTHON > /dev/null; then
	skip 'the control socket' 'needs python3'
	exit 0
fi

ask() {		# WORD…: as whoever runs this
	$PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" ask "$@" > "$OUT" 2>&1
}

says() {	# a fixed text in the answer
	grep -qF -- "$1" "$OUT"
}

field() {	# RECORD KEY: of the first such record
	grep "^$1 " "$OUT" | head -n 1 | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

state_of() {	# ID
	ask mailq
	grep "^message id=$1 " "$OUT" | tr ' ' '\n' | sed -n 's/^state=//p'
}

is_state() {	# ID STATE
	test "$(state_of "$1")" = "$2"
}

result() {	# VERB ID…: the counts as DONE GONE DENIED REFUSED
	local verb=$1
	shift
	printf '%s\n' "$@" | $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" ask $verb > "$OUT" 2>&1
	sed -n 's/^result done=\([0-9]*\) gone=\([0-9]*\) denied=\([0-9]*\) refused=\([0-9]*\)$/\1 \2 \3 \4/p' "$OUT"
}

newest() {	# PLACE: the ID of its newest message
	find "$POSTERN_SPOOL/$1" -type f -printf '%f\n' | sort | tail -n 1
}

submit() {	# SUBJECT RECIPIENT: prints the ID; the newest is the last by name
	printf 'Subject: %s\n\nhello\n' "$1" | post -f alice@example.com "$2"
	find "$POSTERN_SPOOL"/{cur,later,hold,dead,new} -type f -printf '%f\n' | sort | tail -n 1
}

start_upstream up --fault 'rcpt:late@*:450 4.2.1 come back later' --fault 'rcpt:eve@*:550 5.1.1 who is that'
conf() {	# [LINE]
	write_conf "$@" "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }" \
	    'relay spare { host = "127.0.0.1"  port = 1  tls = "none" }'
}
conf
start_posternd

# --- what it shows ----------------------------------------------------------

ask pause up
ask pause spare
check 'pause' test "$(cat "$OUT")" = end
ask status
is 'status: the relay is paused' "$(field relay state) $(field relay needs_person)" 'paused 0'
check 'status: and by whom' says 'text=paused%20by%20'
is 'status: nothing is queued' "$(field queue ready)$(field queue active)$(field queue later)" 000
check 'status: the daemon' grep -qE "^daemon version=[^ ]+ pid=$POSTERND_PID started=[0-9]{10} hostname=web1.example.com config=[^ ]+ network=[a-z]+ disk_free=[0-9]+ min_free=[0-9]+ longest_gap_ms=[0-9]+ longest_gap_at=[0-9]+\$" "$OUT"
is 'status: buckets of ages' "$(grep -c '^age under=' "$OUT")" 6

first=$(submit first bob@example.net)
wait_for 5 is_state "$first" ready
ask status
is 'a message is ready' "$(field queue ready) $(field age n)" '1 1'
ask mailq
check 'mailq: the message' grep -qE "^message id=$first size=[0-9]+ time=[0-9]+ state=ready uid=[0-9]+ user=[^ ]+ sender=alice@example.com attempts=0 last=0\$" "$OUT"
check 'mailq: its recipient' grep -qx 'recipient addr=bob@example.net state=waiting' "$OUT"

ask show "$first"
check 'show: the same' grep -q "^message id=$first .*state=ready" "$OUT"
check 'show: recipients, options, journal, header' grep -qx 'header text=Subject:%20first' "$OUT"
check 'show: the journal' grep -qE '^journal time=[0-9]+ event=stored text=longest=' "$OUT"
check 'show: where it was submitted' grep -qE '^option key=host value=' "$OUT"
ask body "$first"
is 'body' "$(sed -n 's/^content text=//p' "$OUT" | tr '\n' '|')" 'Subject:%20first||hello|'

# A line longer than a record, a line's end where a piece ends, no line's end at all.
$PYTHON - > "$TMP/long" <<'PY'
import sys
body = 'x' * 16355 + '\n' + 'y' * 16383 + '\n' + '\n' + 'z' * 70000 + '\n' + 'w' * 100
sys.stdout.write('Subject: long\n\n' + body)
PY
post -i -f alice@example.com bob@example.net < "$TMP/long"
wait_for 5 in_place cur 2
ask body "$(newest cur)"
sed -n 's/^content text=//p' "$OUT" > "$TMP/lines"
sed 's/%20/ /' < "$OUT" | awk '/^content / { more = sub(/ more=1$/, ""); sub(/^content text=/, ""); printf "%s%s", $0, more ? "" : "\n" }' > "$TMP/long.back"
printf '\n' >> "$TMP/long"
check 'body: long lines come whole' cmp -s "$TMP/long" "$TMP/long.back"
is 'delete: ready' "$(result delete+ "$(newest cur)")" '1 0 0 0'

# --- every action on a live queue ---------------------------------------------

is 'hold' "$(result hold+ "$first")" '1 0 0 0'
is 'held' "$(state_of "$first")" hold
check 'held: the reason' says 'reason=admin'
ask status
is 'status counts what is held' "$(field queue hold)" 1
is 'hold again' "$(result hold+ "$first")" '0 0 0 1'
check 'hold again: why not' says "refused id=$first text=it%20is%20held%20already"
ask show "$first"
check 'show: who held it' grep -qE '^journal time=[0-9]+ event=hold text=by=admin%20user=' "$OUT"
is 'release' "$(result release+ "$first" "$first")" '1 0 0 0'
is 'released' "$(state_of "$first")" ready

ask resume up
wait_for 5 has_arrived up 1
check 'resume: it is sent' wait_for 5 drained
is 'retry: gone' "$(result retry+ "$first")" '0 1 0 0'
ask show "$first"
is 'show: gone' "$? $(head -n 1 "$OUT" | cut -d ' ' -f 1,2)" '1 error notfound'

late=$(submit late late@example.net)
wait_for 5 is_state "$late" later
check 'later: the reason' says 'text=4.2.1%20come%20back%20later'
check 'later: attempts, last, next' grep -qE "^message id=$late .* attempts=1 last=[0-9]{10} next=[0-9]{10}\$" "$OUT"
is 'retry: later' "$(result retry+ "$late")" '1 0 0 0'
wait_for 5 eval 'ask mailq; grep -q "attempts=2" "$OUT"'
check 'retried at once' says attempts=2
is 'bounce' "$(result bounce+ "$late")" '1 0 0 0'
wait_for 5 has_arrived up 2
check 'bounce: the report' grep -rq 'returned by the administrator' "$TMP/up.mail"
check 'bounce: nothing is left' wait_for 5 drained

printf 'Subject: dead\n\nx\n' | post -f '<>' eve@example.net
wait_for 5 in_place dead 1
dead=$(newest dead)
wait_for 5 is_state "$dead" dead
ask mailq
check 'dead: why' grep -q "^message id=$dead .* state=dead .* reason=5.1.1%20who%20is%20that" "$OUT"
is 'dead: bounce' "$(result bounce+ "$dead")" '0 0 0 1'
is 'dead: retry' "$(result retry+ "$dead")" '1 0 0 0'
wait_for 5 eval 'test "$(grep -c "$dead.*status=bounced" "$TMP/posternd.log")" -eq 2'
is 'dead: it was tried again' "$(grep -c "$dead.*status=bounced" "$TMP/posternd.log")" 2
wait_for 5 is_state "$dead" dead
is 'dead: delete' "$(result delete+ "$dead")" '1 0 0 0'
printf 'no message' > "$POSTERN_SPOOL/bad/6614766C7382AFD4"
test -z "$(daemon_user)" || chown "$(daemon_user)" "$POSTERN_SPOOL/bad/6614766C7382AFD4"
ask mailq
check 'bad: why' grep -q '^message id=6614766C7382AFD4 .*state=bad .*reason=[a-z]' "$OUT"
is 'bad: retry' "$(result retry+ 6614766C7382AFD4)" '0 0 0 1'
is 'bad: delete' "$(result delete+ 6614766C7382AFD4)" '1 0 0 0'
ask status
is 'status: all places are empty' "$(field queue hold)$(field queue dead)$(field queue bad)$(field queue later)" 0000
check 'status: rates' grep -qE '^rate sent_1m=[0-9]+ sent_1h=2 sent_24h=2 failed_24h=2 deferred_24h=2$' "$OUT"
is 'status: carried' "$(field relay carried)" 2
check 'the log says who did it' grep -qE "$dead: deleted by [^ ]+ \(uid [0-9]+\)" "$TMP/posternd.log"

# --- relays -----------------------------------------------------------------

ask pause nobody
is 'an unknown relay' "$? $(cat "$OUT")" '1 error notfound text=there%20is%20no%20relay%20"nobody";%20there%20is%20up,%20spare'
ask requeue+ nobody < /dev/null
check 'requeue to an unknown relay' says 'error notfound'
ask pause up 0
check 'no time' says 'error usage'
ask resume spare
ask pause up 3600
stop_posternd
start_posternd
ask status
is 'a pause survives a restart' "$(field relay state)" paused
conf 'queue { expire = "4d" }'
ask reload
is 'reload' "$(cat "$OUT")" end
ask status
is 'and a reload' "$(field relay state)" paused
echo 'nonsense = 1' >> "$POSTERN_CONF"
ask reload
is 'a bad reload' "$? $(cut -d ' ' -f 1,2 "$OUT")" '1 error failed'
check 'a bad reload: the line that says why' says 'unknown%20option%20"nonsense"'
conf
ask resume up
is 'resume' "$(cat "$OUT")" end

# --- what is not a request ------------------------------------------------------

raw() {		# TEXT (printf)
	printf "$1" | $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" raw > "$OUT" 2>&1
}

kind() {	# NAME KIND TEXT
	raw "$3"
	is "$1" "$(cut -d ' ' -f 1,2 "$OUT")" "error $2"
}

kind 'an unknown request' unknown 'promote\n'
kind 'an empty line' unknown '\n'
kind 'a word too few' usage 'show\n'
kind 'a word too many' usage 'mailq all\n'
kind 'two blanks' usage 'show  6614766C7382AFD4\n'
kind 'what does not decode' usage 'show %%zz\n'
kind 'a NUL' usage 'pause up%%00\n'
kind 'no ID' usage 'show ../../etc/passwd\n'
kind 'no ID in a list' usage 'retry\n../../x\n'
kind 'an ID in lower case' usage 'retry\n6614766c7382afd4\n'
kind 'an empty ID' usage 'retry\n\n'
kind 'a word like a percent-encoded line end' notfound 'pause up%%0Aend\n'
check 'which stays within its line' test "$(wc -l < "$OUT")" -eq 1
$PYTHON -c "print('show ' + 'A' * 2000)" > "$TMP/line"
$PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" raw < "$TMP/line" > "$OUT"
is 'a long line' "$(cut -d ' ' -f 1,2 "$OUT")" 'error usage'
$PYTHON -c "print('A' * 3000000)" | $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" raw > /dev/null 2>&1
check 'an endless line: the daemon is still there' eval 'ask status'
$PYTHON -c "
print('delete')
for i in range(100001):
    print('%016X' % (i + 1))
print('.')" | $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" raw > "$OUT" 2>&1
check 'a list too long: said, not cut' says 'error usage text=more%20than%20100000'
is 'an empty list' "$(printf '' | $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" ask delete+ | head -n 1)" \
    'result done=0 gone=0 denied=0 refused=0'

# --- many at once, and one that does not read -----------------------------------

descriptors() {
	find "/proc/$POSTERND_PID/fd" -mindepth 1 | wc -l
}
as_before() {
	test "$(descriptors)" -le "$open_before"
}
ask pause up
ask pause spare
for i in $(seq 300); do
	printf 'Subject: %s\n\nx\n' "$i" | post -f alice@example.com bob@example.net
done
wait_for 10 in_place cur 300
open_before=$(descriptors)
is 'twenty listings at once are whole' \
    "$($PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" crowd 20 0 mailq)" '20 0'
is 'a crowd is turned away in words' \
    "$($PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" crowd 80 16 status)" '64 16'

# Of an admin's listings three are made at once, of which each holds as much as is queued; those
# whose answers nobody reads keep a fourth waiting, and him from nothing else.
large_listings() {
	local many behind fourth
	post -f alice@example.com $(seq -f 'r%.0f@example.net' 8000) <<< 'Subject: to many'
	wait_for 60 in_place cur 301
	many=$(newest cur)
	post -f alice@example.com bob@example.net <<< 'Subject: behind it'
	wait_for 10 in_place cur 302
	behind=$(newest cur)
	mkfifo "$TMP/let-go"
	$PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" hold 3 mailq < "$TMP/let-go" > "$TMP/held" &
	PIDS+=("$!")
	exec 7> "$TMP/let-go"
	wait_for 50 test -s "$TMP/held"
	$PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" ask mailq > "$TMP/fourth" 7>&- &
	fourth=$!
	PIDS+=("$fourth")
	wait_for 20 eval 'test "$(descriptors)" -ge $((open_before + 4))'
	is 'he acts meanwhile' "$(result delete+ "$behind")" '1 0 0 0'
	ask status
	is 'and asks' "$(field queue ready)" 301
	check 'his fourth listing waits' test ! -s "$TMP/fourth" -a -d "/proc/$fourth"
	exec 7>&-
	wait "$fourth"
	is 'and is whole' "$? $(grep -c '^message ' "$TMP/fourth")" '0 301'
	rm "$TMP/let-go"
	is 'what is listed can go' "$(result delete+ "$many")" '1 0 0 0'
}
wait_for 20 as_before
large_listings
is 'thirty-two listings at once are whole' \
    "$($PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" crowd 32 0 mailq)" '32 0'

# Who reads nothing has what a socket holds, and a minute; it is looked at again at the end.
resident() {
	awk '$1 == "VmRSS:" { print $2 }' "/proc/$POSTERND_PID/status"
}
{
	printf 'Subject: large\n\n'
	yes 'a line of a large message that nobody reads' | head -c 8000000
} | post -f alice@example.com bob@example.net
wait_for 10 in_place cur 301
large=$(newest cur)
check 'who reads a little and goes' \
    $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" leave 50 body "$large"
wait_for 5 as_before
check 'leaves nothing open' as_before
memory_before=$(resident)
deaf=()
for i in 1 2 3 4; do
	$PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" deaf body "$large" > "$TMP/deaf.$i" &
	deaf+=("$!")
	PIDS+=("$!")
done

# --- users ------------------------------------------------------------------

if test "$(id -u)" -ne 0 || ! command -v setpriv > /dev/null || test -z "$(daemon_user)"; then
	skip 'users' 'needs root, setpriv and a build folder that others can read'
	exit 0
fi
alice=64003 mallory=64004

as() {		# UID COMMAND…
	local id=$1
	shift
	setpriv --reuid="$id" --regid="$id" --clear-groups -- "$@"
}

ask_as() {	# UID WORD…
	local id=$1
	shift
	as "$id" $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" ask "$@" > "$OUT" 2>&1
}

result_as() {	# UID VERB ID…
	local id=$1 verb=$2
	shift 2
	printf '%s\n' "$@" | as "$id" $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" ask $verb > "$OUT" 2>&1
	sed -n 's/^result done=\([0-9]*\) gone=\([0-9]*\) denied=\([0-9]*\) refused=\([0-9]*\)$/\1 \2 \3 \4/p' "$OUT"
}

is 'the large one is deleted while it is read' "$(result delete+ "$large")" '1 0 0 0'
roots=$(newest cur)
printf 'Subject: hers\n\nx\n' | as $alice "$BUILD/sendmail" -f alice@example.com bob@example.net
wait_for 5 in_place cur 301
hers=$(newest cur)

ask_as $alice mailq
is 'a user sees all' "$(grep -c '^message ' "$OUT")" 301
for request in 'pause up' 'resume up' 'reload' 'requeue+ up'; do
	ask_as $alice $request < /dev/null
	is "a user may not: $request" "$(cut -d ' ' -f 1,2 "$OUT")" 'error denied'
done
ask_as $alice show "$roots"
is "another's message" "$(cut -d ' ' -f 1,2 "$OUT")" 'error denied'
ask_as $alice body "$roots"
is "another's body" "$(cut -d ' ' -f 1,2 "$OUT")" 'error denied'
ask_as $alice show "$hers"
check 'her own' says 'header text=Subject:%20hers'
ask_as $alice status
check 'status is for all' says 'queue ready='
for verb in hold delete bounce; do
	is "$verb of another's" "$(result_as $alice $verb+ "$roots")" '0 0 1 0'
done
is 'hold her own' "$(result_as $alice hold+ "$hers")" '1 0 0 0'
is "release another's" "$(result_as $mallory release+ "$hers")" '0 0 1 0'
is 'release her own' "$(result_as $alice release+ "$hers")" '1 0 0 0'
is 'held by root' "$(result hold+ "$hers")" '1 0 0 0'
is 'is not hers to release' "$(result_as $alice release+ "$hers")" '0 0 1 0'
is 'nor to retry' "$(result_as $alice retry+ "$hers")" '0 0 1 0'
is 'a retry of all is harmless' "$(result_as $mallory retry+ "$roots")" '1 0 0 0'
is 'delete her own' "$(result_as $alice delete+ "$hers" "$roots")" '1 0 1 0'
is 'a user has eight places' "$(as $mallory $PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" crowd 20 12 mailq)" '8 12'

conf 'mailq = "own"'
ask reload
ask_as $alice mailq
is 'mailq = own: nothing of others' "$(grep -c '^message ' "$OUT") $(grep -c '^recipient ' "$OUT")" '0 0'
check 'mailq = own: the relays' grep -q '^relay name=up ' "$OUT"
ask_as $alice show "$roots"
is 'mailq = own: it is not even there' "$(cut -d ' ' -f 1,2 "$OUT")" 'error notfound'
printf 'Subject: hers\n\nx\n' | as $alice "$BUILD/sendmail" -f alice@example.com bob@example.net
wait_for 5 in_place cur 301
ask_as $alice mailq
is 'mailq = own: her own' "$(grep -c '^message ' "$OUT")" 1
ask mailq
is 'mailq = own: root sees all' "$(grep -c '^message ' "$OUT")" 301

# --- who read nothing ---------------------------------------------------------------

test -n "${POSTERN_SANITIZED:-}" ||
	check 'four that read nothing cost less than a MiB each' test $(($(resident) - memory_before)) -lt 4096
for i in 1 2 3 4; do
	check "one that reads nothing is left ($i)" wait "${deaf[i - 1]}"
done
wait_for 5 as_before
check 'and nothing of it stays open' as_before
