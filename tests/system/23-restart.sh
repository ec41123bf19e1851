#!/usr/bin/env bash
# Orderly ends and beginnings: SIGTERM in a backlog, an upstream that is down,
# a reload with a mistake in it, two daemons on one spool.
. "$SYSTEM/lib.sh"

message() {
	printf 'Subject: number %s\n\nhello\n' "$1"
}

term_in_backlog() {
	local n
	start_secure_upstream up implicit
	write_conf "$(relay up "$UP_PORT" implicit)"
	make_spool
	for ((n = 1; n <= 300; n++)); do
		message "$n" | post -f alice@example.com bob@example.net
	done
	for share in 30 150; do
		start_posternd
		wait_for 10 has_arrived up "$share"
		kill -TERM "$POSTERND_PID"
		check "term: ends, at $share" wait_for 11 dead "$POSTERND_PID"
		wait "$POSTERND_PID"
		is "term: exit status, at $share" "$?" 0
	done
	start_posternd
	check 'term: drained after a restart' wait_for 20 drained
	is 'term: each came exactly once' "$(arrived up)" 300
	stop_all
}

upstream_down() {
	local port
	start_secure_upstream down implicit
	port=$UP_PORT
	stop "$UP_PID"
	rm -rf "$TMP/posternd.log"
	write_conf "$(relay up "$port" implicit)"
	start_posternd
	message down | post -f alice@example.com bob@example.net
	check 'down: said in the log' wait_for 10 log_says 'refused'
	is 'down: kept' "$(queued)" 1
	start_secure_upstream down implicit --listen "127.0.0.1:$port"
	check 'down: delivered soon after it came back' wait_for 20 drained
	is 'down: once' "$(arrived down)" 1
	stop_all
}

bad_reload() {
	start_secure_upstream reload implicit
	rm -rf "$TMP/posternd.log"
	write_conf "$(relay up "$UP_PORT" implicit)"
	start_posternd
	echo 'no-such-option = 1' >> "$POSTERN_CONF"
	kill -HUP "$POSTERND_PID"
	check 'reload: names file and option' wait_for 10 log_says 'no-such-option'
	check 'reload: names the file' log_says "$POSTERN_CONF:"
	message reload | post -f alice@example.com bob@example.net
	check 'reload: the old configuration goes on' wait_for 10 has_arrived reload 1
	stop_posternd
	timeout 60 "$BUILD/posternd" -c "$POSTERN_CONF" 2> "$TMP/start.err"
	is 'start: a bad configuration is exit 78' "$?" 78
	check 'start: in one line' test "$(wc -l < "$TMP/start.err")" -eq 1
	stop_all
}

second_daemon() {
	start_secure_upstream second implicit
	write_conf "$(relay up "$UP_PORT" implicit)"
	start_posternd
	timeout 60 "$BUILD/posternd" -c "$POSTERN_CONF" 2> "$TMP/second.err"
	status=$?
	check "second: refused (status $status)" test "$status" -ne 0 -a "$status" -ne 124
	is 'second: in one line' "$(wc -l < "$TMP/second.err")" 1
	check 'second: which names the first' grep -q "process $POSTERND_PID;" "$TMP/second.err"
	mkdir -p "$TMP/other"
	(POSTERN_SPOOL=$TMP/other make_spool; POSTERN_SPOOL=$TMP/other \
	    timeout 10 "$BUILD/posternd" -c "$POSTERN_CONF" 2> "$TMP/second.err")
	status=$?
	check "second: on one run directory refused, too (status $status)" test "$status" -ne 0 -a "$status" -ne 124
	check 'second: which names the way out' grep -q 'POSTERN_RUN' "$TMP/second.err"
	check 'second: the first is still heard' "$BUILD/postern" status
	check 'second: the first goes on' alive "$POSTERND_PID"
	message second | post -f alice@example.com bob@example.net
	check 'second: and delivers' wait_for 10 has_arrived second 1
	stop_all
}

# Moved away, and another put in its place: nobody may wait in it for ever.
spool_replaced() {
	local status
	start_secure_upstream replaced implicit
	write_conf "$(relay up "$UP_PORT" implicit)"
	rm -f "$TMP/posternd.log"
	start_posternd
	mv "$POSTERN_SPOOL" "$TMP/spool.old"
	make_spool
	message replaced | post -f alice@example.com bob@example.net
	check 'replaced: the daemon ends' wait_for 60 dead "$POSTERND_PID"
	wait "$POSTERND_PID"
	status=$?
	is 'replaced: as one that its supervisor starts again' "$status" 72
	check 'replaced: and says why' log_says "$POSTERN_SPOOL was removed, moved or replaced"
	start_posternd
	check 'replaced: the next delivers' wait_for 20 has_arrived replaced 1
	stop_all
}

# mailq while the daemon is down: it says so, and shows what waits.
mailq_alone() {
	write_conf "$(relay up 1 implicit)"
	message alone | post -f alice@example.com bob@example.net
	mailq > "$TMP/mailq" 2>&1
	# As Postfix's does for an unprivileged user: a monitor must notice.
	is 'mailq: exit status without a daemon' "$?" 69
	check 'mailq: says the daemon is down' grep -qi 'not running' "$TMP/mailq"
	check 'mailq: shows what waits' grep -q '^[0-9A-F]\{16\}' "$TMP/mailq"
}

term_in_backlog
upstream_down
bad_reload
second_daemon
spool_replaced
mailq_alone
