#!/usr/bin/env bash
# Any one system call of the real programs fails, or the process dies at it:
# nothing accepted is lost, nothing half written is sent.
. "$SYSTEM/lib.sh"

if test -n "${POSTERN_SANITIZED:-}"; then
	skip strace 'the leak checker does not run under ptrace'
	exit 0
fi
if ! strace -o /dev/null true 2> /dev/null; then
	skip strace 'not installed, or ptrace is forbidden here'
	exit 0
fi

number=0
accepted=()		# the numbers that sendmail said yes to

message() {	# NUMBER
	printf 'From: alice@example.com\nSubject: number %d\n\nbody of %d\n' "$1" "$1"
}

# is_somewhere NUMBER: it arrived, or it still stands in the spool.
is_somewhere() {
	grep -rqs "^Subject: number $1.\$" "$TMP/up.mail" "$POSTERN_SPOOL"/{new,cur,later}
}

lost() {	# of all that was accepted so far
	local n
	for n in "${accepted[@]}"; do
		is_somewhere "$n" || echo "$n"
	done
}

was_hit() {	# the fault of the last trace came to pass
	grep -Eq 'INJECTED|killed by SIGKILL' "$TMP/trace"
}

# --- sendmail -------------------------------------------------------------------

# submit INJECTION: exit 0 is a promise, 75 is a maybe, all else is a no.
submit() {
	local before status after
	number=$((number + 1))
	before=$(find "$POSTERN_SPOOL/new" -type f | wc -l)
	message "$number" | strace -f -o "$TMP/trace" -e "inject=$1" \
	    "$BUILD/sendmail" -f alice@example.com bob@example.net 2> "$TMP/submit.err"
	status=$?
	after=$(find "$POSTERN_SPOOL/new" -type f | wc -l)
	if test "$status" -eq 0; then
		accepted+=("$number")
		test "$after" -gt "$before" || wrong+=("$1: exit 0 and nothing in new/")
	elif test "$after" -gt "$before" && test "$status" -ne 75 && test "$status" -lt 128; then
		wrong+=("$1: exit $status and a message in new/")
	fi
	test "$status" -eq 0 || refused=$((refused + 1))
	! was_hit || hits=$((hits + 1))
}

submission_faults() {
	local call k wrong=() refused=0 hits=0
	for call in openat write pwrite64 fsync renameat2 newfstatat close read; do
		for k in 1 2 3 4; do
			submit "$call:error=EIO:when=$k"
			submit "$call:error=ENOSPC:when=$k"
			submit "$call:signal=KILL:when=$k"
		done
	done
	is "submission: $hits calls failed in turn, each answer was true" "${wrong[*]}" ''
	check "submission: $refused of them were refusals" test "$refused" -gt 10 -a "$hits" -gt 50
}

settled() {
	in_place new 0 && in_place cur 0
}

# --- posternd -------------------------------------------------------------------

# One call of the running daemon fails once, while it delivers one message and
# has to keep one for later.
deliver_under() {	# INJECTION
	local tracer
	strace -f -p "$POSTERND_PID" -o "$TMP/trace" -e "inject=$1" 2> "$TMP/tracer.err" &
	tracer=$!
	PIDS+=("$tracer")
	wait_for 5 grep -q attached "$TMP/tracer.err" || die "strace: $(cat "$TMP/tracer.err")"
	for to in bob@example.net 'bob@example.net full@example.net'; do
		number=$((number + 1))
		# shellcheck disable=SC2086 # one or two recipients
		message "$number" | post -f alice@example.com $to && accepted+=("$number")
	done
	# Delivered or put aside; or the fault, once it came, keeps it from that, which a restart must mend.
	PATIENCE=1 wait_for 2 settled || wait_for 10 eval 'was_hit || settled'
	kill -INT "$tracer" 2> /dev/null
	wait "$tracer" 2> /dev/null
	if was_hit; then
		hits=$((hits + 1))
	else
		missed+=("$1")
	fi
	if dead "$POSTERND_PID"; then
		died+=("$1")
		start_posternd
	fi
}

delivery_faults() {
	local call k died=() missed=() hits=0
	start_posternd
	wait_for 20 drained || not_ok 'what was submitted under faults is delivered' "$(queued) left"
	for call in openat renameat2 unlinkat fdatasync write pread64 newfstatat fsync; do
		for k in 1 2; do
			deliver_under "$call:error=EIO:when=$k"
		done
	done
	for k in 3 4 5 6; do
		deliver_under "write:error=ENOSPC:when=$k"
	done
	deliver_under 'openat:error=ENOSPC:when=3'
	deliver_under 'openat:error=EMFILE:when=1'
	check "delivery: $hits calls failed in turn (not reached: ${missed[*]})" test "$hits" -gt 15
	is 'delivery: no fault ended the daemon' "${died[*]}" ''
	is 'delivery: nothing was lost while it ran' "$(lost)" ''
	stop_posternd
	start_posternd
	check 'delivery: a restart leaves only what is deferred' wait_for 20 settled
	is 'delivery: nothing is lost' "$(lost)" ''
	is 'delivery: nothing was taken for broken' "$(find "$POSTERN_SPOOL"/{bad,dead} -type f | wc -l)" 0
	is 'delivery: nothing half written was sent' "$(total up breaches)" 0
}

start_secure_upstream up implicit --fault 'rcpt:full@*:452 4.2.2 mailbox full'
write_conf "$(relay up "$UP_PORT" implicit)"
make_spool
submission_faults
if test "$(id -u)" -ne 0; then
	# The daemon hides from other processes of its user (PR_SET_DUMPABLE).
	skip 'delivery faults' 'only root can trace the daemon'
	exit 0
fi
delivery_faults
