#!/usr/bin/env bash
# Disks that are full, that refuse to remove, and that turn read-only under a
# running daemon: nothing is lost, nothing is sent twice, what cannot be done
# is said, and all goes on by itself when the disk is well again.
. "$SYSTEM/lib.sh"

# The mounts below are this script's alone, and end with it.
if test -z "${OWN_MOUNTS:-}"; then
	test "$(id -u)" -eq 0 || { skip 'disk' 'only root can mount'; exit 0; }
	unshare -m true 2> /dev/null || { skip 'disk' 'no mount namespace here'; exit 0; }
	OWN_MOUNTS=1 exec unshare -m --propagation private bash "$0"
fi

spool_on() {	# MOUNT-ARGUMENT…: false: no such mount here
	mkdir -p "$POSTERN_SPOOL"
	mount "$@" "$POSTERN_SPOOL" 2> /dev/null || return 1
	chmod 755 "$POSTERN_SPOOL"
	make_spool
}

spool_off() {	# NAME
	umount "$POSTERN_SPOOL"
	mv "$TMP/posternd.log" "$TMP/$1.log"
}

# A disk this small has no room to leave to others; sendmail hears of that from the first daemon.
conf() {
	write_conf "$(relay up "$UP_PORT" implicit 'connections = 1')" 'queue { min-free = "0" }'
}

message() {	# SUBJECT [OPTION…] RECIPIENT
	local subject=$1
	shift
	printf 'Subject: %s\n\nhello\n' "$subject" | post -f alice@example.com "$@"
}

# One line of the shim's, as its caller sees it; sets STATUS and SAID.
try_message() {
	SAID=$(message "$@" 2>&1)
	STATUS=$?
}

fill() {
	cat /dev/zero > "$POSTERN_SPOOL/filler" 2> /dev/null
	test "$(stat -c %s "$POSTERN_SPOOL/filler")" -gt 0
}

times_arrived() {	# SUBJECT: of the message itself; a report has it, too
	grep -rLZ '^MAIL FROM:<>' "$TMP/up.mail" | xargs -0 grep -l "^Subject: $1" | wc -l
}

reports() {
	grep -lr '^Content-Type: multipart/report' "$TMP/up.mail" | wc -l
}

has_come() {	# SUBJECT
	test "$(times_arrived "$1")" -ge 1
}

status_has() {	# TEXT
	"$BUILD/postern" status --json 2> /dev/null | grep -q "$1"
}

refuses_pause() {
	"$BUILD/postern" pause up 2>&1 | grep -q 'nothing has changed'
}

full() {
	spool_on -t tmpfs -o size=4m tmpfs || { skip 'full' 'no tmpfs here'; return; }
	conf
	start_posternd
	stop_posternd
	message full-before bob@example.net
	message full-refused eve@example.net
	message full-both bob@example.net eve@example.net
	fill
	try_message full-late bob@example.net
	is 'full: sendmail says "try again"' "$STATUS" 75
	is 'full: in one line' "$(echo "$SAID" | wc -l)" 1
	check 'full: which names the cause' grep -q 'No space left' <<< "$SAID"
	check 'full: nothing half is left' in_place tmp 0
	start_posternd
	check 'full: what was accepted is delivered' wait_for 40 has_come full-before
	check 'full: and what is for two' wait_for 40 has_come full-both
	check 'full: a report that cannot be written is said' wait_for 40 log_says 'cannot be written: No space left'
	check 'full: a pause that cannot be noted is refused' refuses_pause
	rm "$POSTERN_SPOOL/filler"
	post -q
	check 'full: with room again all is settled' wait_for 40 drained
	is 'full: once each' "$(times_arrived full-before) $(times_arrived full-both)" '1 1'
	is 'full: both reports came, once' "$(reports)" 2
	stop_posternd
	spool_off full
}

# A folder that keeps what is in it stands for all the ways in which an unlink fails.
unremovable() {
	spool_on -t tmpfs -o size=8m tmpfs || { skip 'unremovable' 'no tmpfs here'; return; }
	conf
	start_posternd
	message stays-first bob@example.net
	check 'unremovable: delivered before' wait_for 40 drained
	"$BUILD/postern" pause up > "$TMP/paused" 2>&1
	message stays-second bob@example.net
	check 'unremovable: in cur/' wait_for 40 in_place cur 1
	if ! chattr +i "$POSTERN_SPOOL/cur" 2> /dev/null || touch "$POSTERN_SPOOL/cur/x" 2> /dev/null; then
		skip 'unremovable' 'no immutable folders here'
	else
		"$BUILD/postern" resume up > /dev/null 2>&1
		check 'unremovable: sent' wait_for 40 has_come stays-second
		check 'unremovable: the status counts it' wait_for 40 status_has '"unremoved": 1'
		"$BUILD/postern" status > "$TMP/status" 2>&1
		is 'unremovable: and wants a person' "$?" 2
		check 'unremovable: with the reason' grep -q 'cannot be removed from the spool' "$TMP/status"
		stop_posternd
		start_posternd
		check 'unremovable: the next daemon knows' wait_for 40 status_has '"unremoved": 1'
		is 'unremovable: sent once' "$(times_arrived stays-second)" 1
		chattr -i "$POSTERN_SPOOL/cur"
		check 'unremovable: goes by itself' wait_for 90 status_has '"unremoved": 0'
		is 'unremovable: nothing is left' "$(queued)" 0
		is 'unremovable: still once' "$(times_arrived stays-second)" 1
	fi
	stop_posternd
	spool_off unremovable
}

# As ext4 does on an error of its disk: every write fails from now on.
read_only() {
	local n port
	truncate -s 24M "$TMP/disk"
	if ! mkfs.ext4 -q "$TMP/disk" 2> /dev/null || ! spool_on -o loop "$TMP/disk"; then
		skip 'read-only' 'no ext4 on a loop device here'
		return
	fi
	conf
	start_posternd
	message ro-before bob@example.net
	check 'read-only: delivered before' wait_for 40 drained
	port=$UP_PORT
	stop "$UP_PID"
	for n in 1 2 3 4 5; do
		message "ro-$n" bob@example.net
	done
	check 'read-only: in cur/' wait_for 40 in_place cur 5
	if ! mount -o remount,abort "$POSTERN_SPOOL"; then
		skip 'read-only' 'no file system that gives up here'
		stop_posternd
		spool_off read-only
		return
	fi
	try_message ro-late bob@example.net
	is 'read-only: sendmail says "try again"' "$STATUS" 75
	is 'read-only: in one line' "$(echo "$SAID" | wc -l)" 1
	check 'read-only: which names the cause' grep -q 'Read-only file system' <<< "$SAID"
	check 'read-only: a pause that cannot be noted is refused' refuses_pause
	start_secure_upstream up implicit --listen "127.0.0.1:$port"
	post -q
	check 'read-only: nothing can be sent, and that is said' wait_for 40 log_says 'no other can now: Read-only'
	check 'read-only: not once for each message' test "$(grep -c 'no other can now' "$TMP/posternd.log")" -lt 5
	"$BUILD/postern" status > "$TMP/status" 2>&1
	is 'read-only: the status wants a person' "$?" 2
	check 'read-only: with the reason' grep -q 'can be taken from the queue: Read-only' "$TMP/status"
	check 'read-only: the daemon shows what waits' grep -q ' 5 ready' "$TMP/status"
	mailq > "$TMP/mailq" 2>&1
	is 'read-only: and mailq' "$(grep -c '^[0-9A-F]\{16\}' "$TMP/mailq")" 5
	stop_posternd
	spool_off read-only
	spool_on -o loop "$TMP/disk" || die 'the disk cannot be mounted again'
	start_posternd
	check 'read-only: well again, all is delivered' wait_for 40 drained
	for n in 1 2 3 4 5; do
		is "read-only: number $n once" "$(times_arrived "ro-$n")" 1
	done
	is 'read-only: what was refused never' "$(times_arrived ro-late)" 0
	stop_posternd
	spool_off well-again
}

start_secure_upstream up implicit --fault 'rcpt:eve@*:550 5.1.1 no such user'
full
unremovable
read_only
