#!/usr/bin/env bash
# kill -9 in the middle of things: nothing accepted is lost, nothing half
# written is sent, and what may come twice is bounded by what was in flight.
. "$SYSTEM/lib.sh"

COUNT=300
CONNECTIONS=2
DEPTH=8

post_numbered() {	# FROM TO
	local n
	for ((n = $1; n <= $2; n++)); do
		printf 'Subject: number %d\n\nbody of %d\n' "$n" "$n" |
		    post -f alice@example.com bob@example.net || die "sendmail refused number $n"
	done
}

subjects() {	# of all that arrived
	find "$TMP/up.mail" -name '[0-9]*' -exec grep -h '^Subject: number ' {} + |
	    tr -dc '0-9\n' | sort -n
}

start_secure_upstream up implicit
write_conf "$(relay up "$UP_PORT" implicit "connections = $CONNECTIONS" "pipeline-depth = $DEPTH")"
make_spool
post_numbered 1 "$COUNT"
is 'accepted while no daemon runs' "$(queued)" "$COUNT"

kills=0
for share in 20 90 170; do
	start_posternd
	wait_for 20 has_arrived up "$share"
	kill -KILL "$POSTERND_PID"
	wait "$POSTERND_PID" 2> /dev/null
	drained || kills=$((kills + 1))
done
check "killed in the middle of the backlog ($kills of 3)" test "$kills" -gt 0
start_posternd
check 'the rest is delivered after a restart' wait_for 30 drained

is 'each number arrived' "$(subjects | uniq | wc -l)" "$COUNT"
twice=$(($(subjects | wc -l) - COUNT))
bound=$((3 * CONNECTIONS * DEPTH))
check "$twice came twice, at most $bound may" test "$twice" -le "$bound"
check 'twice with the same Message-ID' test \
    "$(grep -hri '^message-id:' "$TMP/up.mail" | sort -u | wc -l)" -eq "$COUNT"
is 'nothing half written was sent' "$(total up breaches)" 0

# A submitter that dies while it still reads: nothing of it is queued.
before=$(arrived up)
mkfifo "$TMP/slow"
"$BUILD/sendmail" bob@example.net < "$TMP/slow" &
pid=$!
PIDS+=("$pid")
exec 3> "$TMP/slow"
{
	printf 'Subject: number 999999\n\n'
	head -c 300000 /dev/zero | tr '\0' 'a' | fold -w 70
} >&3
wait_for 10 eval "test -n \"\$(ls '$POSTERN_SPOOL/tmp')\"" || not_ok 'half submission' 'no draft seen'
kill -KILL "$pid"
wait "$pid" 2> /dev/null
exec 3>&-
post_numbered 1000 1000
wait_for 10 has_arrived up "$((before + 1))"
check 'a killed submission is never sent' eval "! subjects | grep -q 999999"
is 'and not queued' "$(queued)" 0
