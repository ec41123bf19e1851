#!/usr/bin/env bash
# The daemon has no descriptor left for an asker: it waits for one, and does
# not turn as fast as it can.
. "$SYSTEM/lib.sh"

ROOM=32			# descriptors it may have
ASKERS=31		# more than are left beside its own, fewer than it would turn away

if ! command -v python3 > /dev/null; then
	skip 'no descriptor left' 'no python3 here'
	exit 0
fi

ticks() {	# of processor time, a hundredth of a second each
	awk '{ print $14 + $15 }' "/proc/$POSTERND_PID/stat"
}

# Connections that ask nothing, for two seconds.
crowd() {
	python3 - "$POSTERN_RUN/control" "$ASKERS" <<-'EOF'
	import select, socket, sys
	held = []
	for _ in range(int(sys.argv[2])):
	    s = socket.socket(socket.AF_UNIX)
	    s.connect(sys.argv[1])
	    held.append(s)
	select.select(held, [], [], 2)
	EOF
}

start_secure_upstream upstream implicit
write_conf "$(relay demo "$UP_PORT" implicit)"
ulimit -S -n "$ROOM"
start_posternd
ulimit -S -n "$(ulimit -H -n)"

used=$(ticks)
check 'askers are let in, or wait' crowd
used=$(($(ticks) - used))
check "two seconds without a descriptor cost $used ticks" test "$used" -lt 20
check 'with one it answers again' timeout 60 "$BUILD/postern" mailq
stop_all
