# listing.sh - what an admin waits for when very much is queued, what waits for
# him meanwhile, and what a user with one message waits for.  Sourced by run.
# shellcheck shell=bash disable=SC2034,SC2154

# Of one command, a line of $TMP/asks: its wall time, its processor time, the
# daemon's, and of the daemon's answers meanwhile the 99th of 100 and the longest.
asks() {	# PROGRAM ARGUMENT…
	local out cpu
	cpu=$(cpu_us)
	out=$("$BUILD/bench" gap "$POSTERN_RUN/control" "$@") || die "$* failed"
	echo "$(value wall_ms "$out") $(value cpu_ms "$out") $((($(cpu_us) - cpu) / 1000))" \
	    "$(value p99_us "$out") $(value longest_us "$out")" >> "$TMP/asks"
}

asked_row() {	# TARGET NAME
	local column figures=()
	for column in 1 2 3 4 5; do
		figures+=("$(awk -v c="$column" '{ print $c }' "$TMP/asks" | median)")
	done
	row "$2" "${figures[0]}" "$1" "${figures[@]:1:2}" "$(per_thousand "${figures[3]}" 1)" \
	    "$(per_thousand "${figures[4]}" 1)"
	rm -f "$TMP/asks"
}

asks_row() {	# TARGET NAME PROGRAM ARGUMENT…
	local target=$1 name=$2 run
	shift 2
	for ((run = 0; run < RUNS; run++)); do
		asks "$@"
	done
	asked_row "$target" "$name"
}

no_upstream() {	# what is queued stays so
	make_pki
	write_conf "$(relay up 9 implicit | sed 's/"localhost"/"127.0.0.1"/')"
	rm -f "$TMP/posternd.log"
}

full_spool() {	# PLACE COUNT
	rm -rf "$POSTERN_SPOOL"
	make_spool
	"$BUILD/bench" fill "$POSTERN_SPOOL" "$1" "$2" "$BYTES" || die 'no full spool'
}

delete_row() {	# each run has messages of its own
	local run half=$((QUEUED / 2))
	for ((run = 0; run < RUNS; run++)); do
		full_spool later $half
		no_upstream
		START_S=60 start_posternd
		asks "$BUILD/postern" delete --yes --sender alice@example.com
		test "$(find "$POSTERN_SPOOL/later" -type f | wc -l)" -eq 0 || die 'not all were deleted'
		stop_all
	done
	asked_row 5000 "postern delete --sender ($half)"
}

# The first one: at once, or when the daemon has read ahead, which its log tells at debug.
first_row() {	# TARGET NAME COMMAND…: what is done before it is asked
	local target=$1 name=$2 run
	shift 2
	for ((run = 0; run < RUNS; run++)); do
		no_upstream
		sed -i 's/level = "info"/level = "debug"/' "$POSTERN_CONF"
		START_S=60 start_posternd
		"$@" || die 'the daemon has not read ahead'
		asks "$BUILD/postern" mailq
		stop_all
	done
	asked_row "$target" "$name"
}

# No processor time used is no sign of it: it also waits for others to be done.
has_read_ahead() {
	wait_for 60 log_says 'remembered for a listing'
}

listing() {
	title "$QUEUED queued: commands (target of the longest answer: 20 ms; it includes what others have of the processors)"
	FORMAT='  %-34s %9s %8s %8s %11s %15s %12s'
	row command 'wall, ms' target 'CPU, ms' 'daemon, ms' '99 of 100, ms' 'longest, ms'
	full_spool later "$QUEUED"
	first_row - 'mailq, at once after the start' true
	first_row 500 'mailq, the first one later' has_read_ahead
	no_upstream
	START_S=60 start_posternd
	asks_row 500 'postern status' "$BUILD/postern" status --json
	asks_row 500 mailq "$BUILD/postern" mailq
	asks_row 2000 'postern queue' "$BUILD/postern" queue
	asks_row - 'postern queue --json' "$BUILD/postern" queue --json
	stop_all
	delete_row
}

# All of them due.  The peak is that of the first thousand that leave.
million() {
	local began first
	full_spool cur "$MANY"
	upstream_port --mark "1000:$TMP/done"
	write_conf "$(relay up "$UP_PORT" implicit | sed 's/"localhost"/"127.0.0.1"/')"
	rm -f "$TMP/posternd.log"
	began=$(date +%s%6N)
	START_S=60 start_posternd
	wait_for 60 test -e "$TMP/done" || die 'no thousand messages'
	first=$(total up first_us)
	title "$MANY queued, all due"
	FORMAT='  %-62s %12s %12s'
	row '' '' target
	row 'from start to the first message on the wire, ms' "$(per_thousand $((first - began)) 1)" 5000
	row 'peak memory, KiB' "$(peak)" 204800
	row 'private dirty memory, KiB' "$(memory Private_Dirty)" 204800
	stop_all
	rm -rf "$POSTERN_SPOOL"
}

sent() {
	grep -c 'status=sent' "$TMP/posternd.log"
}

sends_behind() {	# a message of another user than that of all before: its place among what leaves then
	local side=$TMP/side id before
	POSTERN_SPOOL=$side make_spool
	"$BUILD/bench" fill "$side" new 1 "$BYTES" || die 'no message'
	id=$(ls "$side/new")
	chown 65533 "$side/new/$id"
	before=$(sent)
	mv "$side/new/$id" "$POSTERN_SPOOL/new/$id"
	echo > "$POSTERN_SPOOL/wake"
	wait_for 60 log_says "$id: to=<bob@example.net>" || die 'it did not leave'
	echo $(($(grep 'status=sent' "$TMP/posternd.log" | grep -n "$id: " | cut -d : -f 1) - before))
	rm -rf "$side"
}

# Over 25 ms each way, so that what leaves while a shell counts is one or two.
fairness() {
	local run
	if test "$(id -u)" -ne 0; then
		title 'A message behind 10000 of another user: only root can make them'
		return
	fi
	full_spool new 10000
	find "$POSTERN_SPOOL/new" -type f -exec chown 65534 {} +
	upstream_port
	rm -f "$TMP/proxy.port" "$TMP/posternd.log"
	"$BUILD/delay-proxy" --delay 25 --to "127.0.0.1:$UP_PORT" --port-file "$TMP/proxy.port" &
	PIDS+=("$!")
	wait_for 10 test -s "$TMP/proxy.port" || die 'the proxy did not start'
	write_conf "$(relay up "$(cat "$TMP/proxy.port")" implicit 'connections = 1' 'pipeline-depth = 1' \
	    | sed 's/"localhost"/"127.0.0.1"/')"
	START_S=60 start_posternd
	wait_for 60 eval 'test "$(sent)" -ge 20' || die 'nothing leaves'
	for ((run = 0; run < RUNS; run++)); do
		sends_behind
	done > "$TMP/places"
	title 'A message behind 10000 of another user'
	FORMAT='  %-62s %12s %12s'
	row '' '' target
	row 'its place among those that leave after it was handed in' "$(median < "$TMP/places")" 10
	stop_all
}
