#!/usr/bin/env bash
# A network that is not there, comes, goes and comes again: two name spaces
# and a virtual cable between them.  The daemon is here, the relay is there.
. "$SYSTEM/lib.sh"

HERE=198.51.100.1
THERE=198.51.100.2

if test -z "${UPLINK_INSIDE:-}"; then
	if ! test "$(id -u)" -eq 0 || ! command -v ip > /dev/null || ! unshare -n true 2> /dev/null; then
		skip uplink 'needs root, ip(8) and network name spaces'
		exit 0
	fi
	UPLINK_INSIDE=1 exec unshare -n "$0"
fi

there() {
	nsenter -t "$FAR_PID" -n "$@"
}

is_elsewhere() {
	test "$(readlink "/proc/$FAR_PID/ns/net")" != "$(readlink "/proc/$$/ns/net")"
}

make_cable() {
	ip link set lo up
	unshare -n sleep 600 &
	FAR_PID=$!
	PIDS+=("$FAR_PID")
	wait_for 10 is_elsewhere || die 'no second name space'
	if ! ip link add near type veth peer name far netns "$FAR_PID" 2> /dev/null; then
		skip uplink 'needs veth'
		exit 0
	fi
	there ip link set lo up
	there ip addr add "$THERE/24" dev far
	there ip link set far up
	ip addr add "$HERE/24" dev near
}

start_far_upstream() {
	mkdir -p "$TMP/far.mail"
	there "$BUILD/upstream" --port-file "$TMP/far.port" --store "$TMP/far.mail" --listen "$THERE:0" \
	    > "$TMP/far.totals" 2>> "$TMP/far.log" &
	UP_PID=$!
	PIDS+=("$UP_PID")
	wait_for 10 test -s "$TMP/far.port" || die 'the upstream did not start'
	UP_PORT=$(cat "$TMP/far.port")
}

submit() {	# N
	local n
	for ((n = 1; n <= $1; n++)); do
		printf 'Subject: number %s\n\nhello\n' "$n" | post -f alice@example.com bob@example.net
	done
}

lines() {	# TEXT: of the log
	grep -cF -- "$1" "$TMP/posternd.log"
}

has_lines() {	# TEXT N
	test "$(lines "$1")" -ge "$2"
}

# The cable is plugged in; how long until the last of N messages is there?
plug_in() {	# NAME N
	local start
	start=$(now_ms)
	ip link set near up
	if wait_for 20 has_arrived far "$2"; then
		ok "$1: all of it is delivered, $(($(now_ms) - start)) ms after the network's return"
	else
		not_ok "$1: all of it is delivered" "$(arrived far) of $2"
	fi
}

says_away() {
	"$BUILD/postern" status > "$TMP/status" 2>&1
	grep -qi 'no network' "$TMP/status"
}

make_cable
start_far_upstream
write_conf "relay far {" "    host = \"$THERE\"" "    port = $UP_PORT" '    tls = "none"' '    insecure = yes' '}'
start_posternd

submit 20
check 'away: said once' wait_for 15 has_lines 'network: away' 1
check 'away: the mail is in the queue' wait_for 10 in_place cur 20
log_size=$(wc -l < "$TMP/posternd.log")
submit 1
"$BUILD/sendmail" -q
check 'away: what is new is, too' wait_for 10 in_place cur 21
check 'away: postern status says so' says_away
is 'away: no attempt' "$(lines 'status=resting')" 0
is 'away: no line a message' "$(wc -l < "$TMP/posternd.log")" "$log_size"
plug_in 'back' 21
check 'back: said' wait_for 5 log_says 'network: back after'
check 'back: nothing is left' wait_for 5 drained

ip link set near down
check 'gone: said' wait_for 15 has_lines 'network: away' 2
submit 5
check 'gone: kept' wait_for 10 in_place cur 5
plug_in 'again' 26
check 'again: said' wait_for 5 has_lines 'network: back after' 2
is 'again: one line each time' "$(lines 'network:')" 4
is 'again: the relay was never in trouble' "$(lines 'status=resting')" 0
is 'again: nothing was deferred' "$(lines 'status=deferred')" 0
is 'again: each came once' "$(arrived far)" 26
