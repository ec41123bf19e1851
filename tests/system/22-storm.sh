#!/usr/bin/env bash
# Everything at once: a server that fails in every way, a daemon that is
# killed, stopped and told to read its configuration again, an admin who
# retries all.  At the end each recipient has what he must have, and what came
# twice is marked, or was in flight at a kill.
. "$SYSTEM/lib.sh"

COUNT=${STORM_COUNT:-300}
test -z "${POSTERN_SANITIZED:-}" || COUNT=120	# a sanitized daemon takes its time
ROUNDS=${STORM_ROUNDS:-8}
CONNECTIONS=3
DEPTH=4

# Rules for start_upstream, a line each.
faults() {
	local n
	echo 'rcpt:bad-*:550 5.1.1 no such user'
	echo "rcpt:grey-*:451 4.7.1 later:first=$COUNT"
	for ((n = 0; n < 6; n++)); do
		echo "drop:end:after=$((20 + n * 70)):first=1"
		echo "reset:end:after=$((40 + n * 90)):first=2"
		echo "close:mail:after=$((30 + n * 80)):first=1"
		echo "garbage:rcpt:after=$((100 + n * 150)):first=1"
		echo "close:auth:after=$((5 + n * 4)):first=1"
	done
}

post_all() {
	local n
	for ((n = 1; n <= COUNT; n++)); do
		printf 'Subject: number %d\n\nbody of %d\n' "$n" "$n" |
		    post -f alice@example.com "good-$n@example.net" "grey-$n@example.net" "bad-$n@example.net" ||
		    echo "$n" >> "$TMP/refused"
	done
}

# Whom the server took a message for, a line each time.
took() {	# KIND
	find "$TMP/up.mail" -name '[0-9]*' -exec sed -sn '1,/^$/s/^RCPT TO:<\(.*\)>.*/\1/p' {} + | grep "^$1-"
}

reported() {
	grep -rh '^Final-Recipient: ' "$TMP/up.mail" | tr -d '\r' | sed 's/.*; *//' | sort -u
}

hurry() {
	"$BUILD/postern" retry --all --yes > /dev/null 2>&1
	drained
}

again() {	# how the daemon ends: KILL or TERM
	kill "-$1" "$POSTERND_PID"
	wait "$POSTERND_PID" 2> /dev/null
	start_posternd
}

OPTIONS=()
while read -r rule; do
	OPTIONS+=(--fault "$rule")
done < <(faults)
start_secure_upstream up implicit "${OPTIONS[@]}"
write_conf "$(relay up "$UP_PORT" implicit "connections = $CONNECTIONS" "pipeline-depth = $DEPTH")" \
    'queue { reports-per-hour = 100000 }' 'flood { per-user = 1000000 }'
start_posternd
post_all &
poster=$!
PIDS+=("$poster")
kills=0
for ((round = 1; round <= ROUNDS; round++)); do
	# A good part of them comes between two blows.
	wait_for 5 has_arrived up "$((round * COUNT / ROUNDS))"
	kill -HUP "$POSTERND_PID"
	hurry
	case $((round % 4)) in
	2) again KILL; kills=$((kills + 1)) ;;
	0) again TERM ;;
	esac
done
wait "$poster"
check 'all of it leaves' wait_for 100 hurry
check 'sendmail refused nothing' test ! -e "$TMP/refused"
for kind in good grey; do
	is "$kind: each arrived" "$(took "$kind" | sort -u | wc -l)" "$COUNT"
done
is 'bad: none arrived' "$(took bad)" ''
is 'bad: each was reported, and nobody else' "$(reported | sed 's/-.*//' | uniq -c | tr -s ' ')" " $COUNT bad"

{ took good; took grey; } | sort | uniq -d > "$TMP/twice"
grep 'may be duplicated' "$TMP/posternd.log" | sed -n 's/.* to=<\([^>]*\)>.*/\1/p' | sort -u > "$TMP/marked"
unmarked=$(comm -23 "$TMP/twice" "$TMP/marked" | wc -l)
# Two recipients a message.
bound=$((kills * CONNECTIONS * DEPTH * 2))
check "of $(wc -l < "$TMP/twice") that came twice $unmarked are not marked, at most $bound may" \
    test "$unmarked" -le "$bound"
is 'nothing is left elsewhere' "$(find "$POSTERN_SPOOL"/{dead,bad,hold} -type f | wc -l)" 0
is 'nothing half written was sent' "$(total up breaches)" 0
