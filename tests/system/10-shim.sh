#!/usr/bin/env bash
# sendmail alone, no daemon: what it takes, what it refuses and how it says
# so, and what is in the spool afterwards.  Then the same with a fault at
# every system call of the real binary, and with the setgid bit.
# shellcheck disable=SC1091,SC2059,SC2154

. "$SYSTEM/lib.sh"

SENDMAIL=$BUILD/sendmail
OUT=$TMP/out

fresh_spool() {
	local d
	rm -rf "$POSTERN_SPOOL"
	mkdir -p "$POSTERN_SPOOL"
	for d in tmp new cur later hold dead bad state; do
		mkdir "$POSTERN_SPOOL/$d"
	done
}

in_dir() {	# DIR: how many files
	find "$POSTERN_SPOOL/$1" -type f | wc -l
}

the_file() {
	find "$POSTERN_SPOOL/new" -type f
}

# A field of the first line of the one message: 3 envelope octets, 4 message octets.
head_number() {
	head -n 1 "$(the_file)" | cut -d ' ' -f "$1" | sed 's/^0*//'
}

# The stored message, and its envelope's lines.
message() {
	tail -c +$((41 + $(head_number 3))) "$(the_file)" | head -c "$(head_number 4)"
}

envelope() {
	tail -c +41 "$(the_file)" | head -c "$(head_number 3)"
}

values() {	# NAME: the values of its lines, joined
	envelope | sed -n "s/^$1 //p" | tr '\n' ' ' | sed 's/ $//'
}

# --- what it takes ----------------------------------------------------------

# takes NAME INPUT ARGUMENT…: exit 0, nothing said, one message.
takes() {
	local name=$1 input=$2 status
	shift 2
	fresh_spool
	printf "$input" | "$SENDMAIL" "$@" > "$OUT" 2>&1
	status=${PIPESTATUS[1]}
	is "$name" "$status $(wc -c < "$OUT") $(in_dir new) $(in_dir tmp)" '0 0 1 0'
}

takes 'one recipient' 'Subject: x\n\nhello\n' bob@example.com
is 'its envelope' "$(values recipient) from $(values from-user)" "bob@example.com from $(id -u)"
is 'no sender is stated' "$(envelope | grep -c ^sender)" 0
is 'its message has CRLF' "$(message | od -An -c | tr -d ' \n')" 'Subject:x\r\n\r\nhello\r\n'
is 'the file is for owner and group' "$(stat -c %a "$(the_file)")" 660

takes 'cron' 'From: root\nTo: alice\n\nout\n' -FCronDaemon -i -B8BITMIME -oem alice
is 'cron: what it said' "$(values full-name) $(values option)" 'CronDaemon body=8bitmime'
takes 'an empty sender' 'x\n' -f '' bob
is 'an empty sender: stored' "$(envelope | grep ^sender)" 'sender '
takes 'the null sender' 'x\n' -f '<>' bob
is 'the null sender: stored' "$(envelope | grep ^sender)" 'sender '
takes 'a sender with a name' 'x\n' -f 'Ann <ann@example.com>' bob
is 'a sender with a name: stored' "$(values sender)" ann@example.com
takes 'a list in one argument' 'x\n' 'a@x.org, "B, b" <b@x.org>,' c
is 'a list in one argument: stored' "$(values recipient)" 'a@x.org b@x.org c'
takes 'DSN' 'x\n' -N failure,delay -R hdrs -V id+2B7 bob
is 'DSN: stored' "$(values recipient) $(values option)" 'bob notify=failure,delay ret=hdrs envid=id+2B7'
takes 'behind --' 'x\n' -- -odd@x.org
is 'behind --: stored' "$(values recipient)" -odd@x.org
takes 'an empty message' '' bob
takes 'no final line end' 'a\nb' bob
is 'no final line end: stored' "$(message | tail -c 4 | od -An -c | tr -d ' \n')" '\nb\r\n'

takes 'a lone dot ends it' 'a\n.\nb\n' bob
is 'a lone dot: stored' "$(message | tr -d '\r' | tr '\n' '|')" 'a|'
takes 'a lone dot with CR' 'a\r\n.\r\nb\r\n' bob
is 'a lone dot with CR: stored' "$(message | tr -d '\r' | tr '\n' '|')" 'a|'
takes 'a dot with -i' 'a\n.\n..\nb\n' -i bob
is 'a dot with -i: stored' "$(message | tr -d '\r' | tr '\n' '|')" 'a|.|..|b|'
takes 'a dot that begins a line' 'a\n.b\n..\n' bob
is 'a dot that begins a line: stored' "$(message | tr -d '\r' | tr '\n' '|')" 'a|.b|..|'
takes 'a dot at the very end' 'a\n.' bob
is 'a dot at the very end: stored' "$(message | tr -d '\r' | tr '\n' '|')" 'a|.|'

takes 'the From line of an mbox' 'From a@x Mon Jan  1 10:00:00 2024\nSubject: x\n\nb\n' bob
is 'the From line: dropped' "$(message | head -n 1 | tr -d '\r')" 'Subject: x'
takes 'a text that begins with From' 'From here to there\n' bob
is 'a text that begins with From: kept' "$(message | tr -d '\r')" 'From here to there'

# --- -t ---------------------------------------------------------------------

takes '-t' 'To: a@x.org,\n b@x.org\nCC: "C, c" <c@x.org>\nBcc: d\nTo: e@x.org\n\nTo: f@x.org\n' -t
is '-t: recipients' "$(values recipient)" 'a@x.org b@x.org c@x.org d e@x.org'
is '-t: the message as submitted' "$(message | grep -c '^Bcc: d')" 1
takes '-t with arguments' 'To: a@x.org\n\n' -t b@x.org A@x.org a@X.ORG
is '-t with arguments: both' "$(values recipient)" 'b@x.org A@x.org a@X.ORG'
takes '-t, CRLF' 'To: a@x.org\r\nCc: b@x.org\r\n\r\nx\r\n' -t
is '-t, CRLF: recipients' "$(values recipient)" 'a@x.org b@x.org'
takes '-t, a group and comments' 'To: us: a@x.org (Ann), b@x.org;\nBcc: none:;\n\n' -t
is '-t, a group: recipients' "$(values recipient)" 'a@x.org b@x.org'
takes '-t, Resent' \
    'Resent-To: r@x.org\nResent-From: q@x.org\nResent-Bcc: s@x.org\nResent-From: p@x.org\nResent-To: o@x.org\nTo: a@x.org\n\n' -t
is '-t, Resent: the newest block alone' "$(values recipient)" 'r@x.org s@x.org'
takes '-t, an mbox line first' 'From a Mon Jan  1 10:00:00 2024\nTo: a@x.org\n\n' -t
takes '-t, no body' 'To: a@x.org' -t
fresh_spool
{ for i in $(seq 1000); do printf 'To: user%d@example.com\n' "$i"; done; printf '\nx\n'; } | "$SENDMAIL" -t
is '-t, a thousand' "$(envelope | grep -c ^recipient)" 1000

# --- what it refuses --------------------------------------------------------

# refuses NAME CODE LINE INPUT ARGUMENT…: the code, exactly that line, an
# empty spool; and the writer could write all of its 200 KB.
refuses() {
	local name=$1 code=$2 line=$3 input=$4 status
	shift 4
	{ printf "$input"; head -c 200000 /dev/zero; echo $? > "$TMP/writer"; } |
	    "$SENDMAIL" "$@" > "$OUT" 2>&1
	status=${PIPESTATUS[1]}
	is "$name" "$status $(cat "$OUT")" "$code sendmail: $line"
	is "$name: nothing left, all read" "$(in_dir new) $(in_dir tmp) $(cat "$TMP/writer")" '0 0 0'
}

fresh_spool
refuses 'no recipient' 64 'Recipient names must be specified' 'x\n' -i
refuses '-t, no recipient' 64 'No recipient addresses found in header' 'Subject: x\n\nTo: a\n' -i -t
refuses '-t, no header' 64 'No recipient addresses found in header' 'hello\n' -i -t
refuses 'bad address' 65 "bob@@x: more than one '@'" 'x\n' -i bob@@x
refuses '-t, bad address' 65 "To: bob@@x: more than one '@'" 'To: a@x.org, bob@@x\n\n' -i -t
refuses 'bad sender' 65 "sender: a@@b: more than one '@'" 'x\n' -i -f a@@b bob
refuses 'two senders' 65 'sender: b: there can be only one' 'x\n' -i -f a,b bob
refuses 'a control character' 65 'bob?x@y: address has a control character in it' 'x\n' -i "bob$(printf '\033')x@y"
refuses 'unknown option' 64 'unknown option -Z' 'x\n' -i -Z bob
refuses 'an option without its value' 64 'option -f wants a value' 'x\n' -i bob -f
refuses 'bad -B' 64 '-B wants 7BIT or 8BITMIME: 9BIT' 'x\n' -i -B9BIT bob
timeout 100 "$SENDMAIL" -Z bob < /dev/zero > "$OUT" 2>&1
is 'refused, and an input without end' "$? $(cat "$OUT")" '64 sendmail: unknown option -Z'
refuses 'the daemon' 64 'the daemon is posternd, a program of its own' 'x\n' -bd
refuses 'a header without an end' 65 'the header is longer than 1048576 bytes' \
    "$(printf 'X-%s: y\\n' $(seq 150000))" -t -i

printf 'max-message 00000000100000\nmin-free    00000000000000\n' > "$POSTERN_SPOOL/limits"
refuses 'over the limit' 69 'the message is longer than 100000 bytes, the limit here' 'x\n' -i bob
printf 'max-message 00000000000000\nmin-free    99999999999999\n' > "$POSTERN_SPOOL/limits"
refuses 'min-free' 75 "the spool $POSTERN_SPOOL is full: No space left on device (min-free leaves 95367431 MiB of its disk to others)" 'x\n' -i bob
rm "$POSTERN_SPOOL/limits"

"$SENDMAIL" bob < "$TMP" > "$OUT" 2>&1
is 'standard input fails' "$? $(cat "$OUT")" '74 sendmail: cannot read the message: Is a directory'
is 'standard input fails: nothing left' "$(in_dir new) $(in_dir tmp)" '0 0'
"$SENDMAIL" bob <&- > "$OUT" 2>&1
is 'standard input is closed' "$? $(cat "$OUT")" '74 sendmail: cannot read the message: Bad file descriptor'
fresh_spool
printf 'x\n' | "$SENDMAIL" bob 2>&- >&-
is 'standard output and error are closed' "$? $(in_dir new) $(message | tr -d '\r')" '0 1 x'

# A caller's file size limit is no death: an answer, and nothing half there.
{ printf 'Subject: x\n\n'; seq 30000; } | (ulimit -f 1; exec "$SENDMAIL" -i bob) > "$OUT" 2>&1
is 'beyond ulimit -f' "$? $(cat "$OUT")" \
    "75 sendmail: the spool $POSTERN_SPOOL is full: Disk quota exceeded, or a file size limit (ulimit -f)"
is 'beyond ulimit -f: nothing left' "$(in_dir new) $(in_dir tmp)" '1 0'

no_daemon="nor to the daemon's $POSTERN_RUN/submit: No such file or directory"
rm -rf "$POSTERN_SPOOL/new"
printf 'x\n' | "$SENDMAIL" bob > "$OUT" 2>&1
is 'new/ is missing' "$? $(cat "$OUT")" \
    "75 sendmail: cannot write to the spool $POSTERN_SPOOL: No such file or directory; $no_daemon"
rm -rf "$POSTERN_SPOOL"
printf 'x\n' | "$SENDMAIL" bob > "$OUT" 2>&1
is 'the spool is missing' "$? $(cat "$OUT")" \
    "75 sendmail: cannot write to the spool $POSTERN_SPOOL: No such file or directory; $no_daemon"

# --- the other programs -----------------------------------------------------

export POSTERN_LIBEXEC=$TMP/programs
mkdir -p "$POSTERN_LIBEXEC"
printf '#!/bin/sh\necho postern "$@"\n' > "$POSTERN_LIBEXEC/postern"
chmod 755 "$POSTERN_LIBEXEC/postern"
ln -sf "$SENDMAIL" "$TMP/mailq"
ln -sf "$SENDMAIL" "$TMP/newaliases"
is '-bp' "$("$SENDMAIL" -bp)" 'postern mailq'
is 'mailq' "$("$TMP/mailq")" 'postern mailq'
is 'newaliases' "$("$TMP/newaliases")" 'postern newaliases'
is '-bv' "$("$SENDMAIL" -bv a@x.org b)" 'postern verify -- a@x.org b'
is '-bv -f' "$("$SENDMAIL" -bv -f c@y.org b)" 'postern verify --sender=c@y.org -- b'
is "-bv -f ''" "$("$SENDMAIL" -f '' -bv b)" 'postern verify -- b'
is '-bv of what begins with a dash' "$("$SENDMAIL" -bv -- -odd@x.org)" 'postern verify -- -odd@x.org'
"$SENDMAIL" -bs < /dev/null > "$OUT" 2>&1
is '-bs without its program' "$? $(cat "$OUT")" \
    "69 sendmail: $TMP/programs/postern-stdio: No such file or directory"
fresh_spool
"$SENDMAIL" -q30m > "$OUT" 2>&1 < /dev/null
is '-q' "$? $(cat "$OUT")" '0 postern flush'
is '-qI and its kin' "$("$SENDMAIL" -qIABC -q!Rbob -qS!x 2>&1)" 'postern flush --id=ABC --recipient=!bob --sender=!x'
is '--version' "$("$SENDMAIL" --version | cut -d ' ' -f 1,2)" 'sendmail (Postern)'

# --- a fault at every system call -------------------------------------------

# An old wish that never comes true is a failure as well, so count the rows.
big=$TMP/big
{ printf 'Subject: big\n\n'; seq 40000; } > "$big"
small=$TMP/small
printf 'Subject: small\n\nhello\n' > "$small"

# holds WHERE CODE MESSAGE: the answer was true, and nothing is half there.
holds() {
	local where=$1 code=$2 sent=$3 n
	n=$(in_dir new)
	if test "$code" -eq 0 && test "$n" -ne 1; then
		not_ok "$where" "exit 0 and $n messages"
	elif test "$code" -ne 0 && test "$code" -lt 128 && test "$n" -ne 0 &&
	    ! grep -q 'may have been queued' "$OUT"; then
		not_ok "$where" "exit $code and $n messages: $(cat "$OUT")"
	elif test "$n" -eq 1 && ! message | tr -d '\r' | cmp -s - "$sent"; then
		not_ok "$where" 'a message that is not whole'
	elif test "$code" -lt 128 && test "$(in_dir tmp)" -ne 0; then
		not_ok "$where" 'something left in tmp/'
	elif test "$code" -ne 0 && test "$code" -lt 127 && ! test -s "$OUT"; then
		not_ok "$where" "exit $code without a word"
	else
		return 0
	fi
	return 1
}

# inject CALL WHAT MESSAGE: at the first, second … such call.
inject() {
	local call=$1 what=$2 sent=$3 k=1 code good=0 bad=0
	while :; do
		fresh_spool
		strace -o "$TMP/trace" -e trace="$call" -e inject="$call:$what:when=$k" \
		    "$SENDMAIL" -i bob < "$sent" > "$OUT" 2>&1
		code=$?
		if holds "$call $what, number $k, $(basename "$sent")" "$code" "$sent"; then
			good=$((good + 1))
		else
			bad=$((bad + 1))
		fi
		grep -Eq 'INJECTED|killed by SIGKILL' "$TMP/trace" || break
		k=$((k + 1))
	done
	test "$bad" -gt 0 || check "$call $what: $((k - 1)) places, $(basename "$sent")" test "$good" -gt 1
}

# The sanitizers' leak checker does not run under ptrace.
if test -z "${POSTERN_SANITIZED:-}" &&
    strace -o "$TMP/trace" -e inject=fsync:error=EIO true 2> /dev/null; then
	for call in read write openat fsync close renameat2; do
		inject "$call" error=EIO "$small"
		inject "$call" signal=KILL "$small"
	done
	inject fstatfs error=EIO "$small"
	for call in write fsync pwrite64; do
		inject "$call" error=ENOSPC "$big"
		inject "$call" signal=KILL "$big"
	done
	inject fstatfs error=EIO "$big"
else
	skip 'a fault at every system call' 'strace cannot inject here'
fi

# --- with the setgid bit ----------------------------------------------------

# In a mount namespace of its own, so that the compiled path can be used:
# the variable must not work.  Nobody real has these ids.
daemon=64001 drop=64002 alice=64003 bob=64004
conf=$SYSTEM/../../config.mk
prefix=$(sed -n 's/^prefix = //p' "$conf")
compiled=$(sed -n 's/^spool_dir = //p' "$conf")
compiled_bin=$(sed -n 's/^bindir = //p' "$conf" | sed "s|\${exec_prefix}|$prefix|")

setgid_part() {
	local spool=$compiled tool i
	mount -t tmpfs none "$(dirname "$spool")" || exit 1
	mkdir "$spool"
	chown 0:$drop "$spool" && chmod 0750 "$spool"
	mkdir "$spool/tmp" "$spool/new"
	chown $daemon:$daemon "$spool/tmp" "$spool/new"
	chmod 3733 "$spool/tmp" && chmod 3737 "$spool/new"
	tool=$(dirname "$spool")/tools
	mkdir "$tool"
	cp "$SENDMAIL" "$tool/sendmail"
	for i in cat rm ls; do cp "$(command -v $i)" "$tool/$i"; done
	chgrp $drop "$tool"/*
	chmod 2755 "$tool"/*
	as() {
		local user=$1
		shift
		setpriv --reuid="$user" --regid="$user" --clear-groups -- "$@"
	}
	local hidden=$POSTERN_SPOOL
	mkdir -p "$hidden/tmp" "$hidden/new"
	chmod -R 777 "$hidden"

	(umask 077; printf 'secret\n' | as $alice "$tool/sendmail" bob)
	is 'setgid: accepted' "$?" 0
	is 'setgid: POSTERN_SPOOL is not believed' "$(in_dir new)" 0
	POSTERN_SPOOL=$spool
	is 'setgid: owner, group and mode' "$(stat -c '%u %g %a' "$(the_file)")" "$alice $daemon 660"
	is 'setgid: the daemon may read and write it' "$(setpriv --reuid=$daemon --regid=$daemon \
	    --groups=$drop -- sh -c "cat '$(the_file)' && echo >> '$(the_file)'" | grep -c secret)" 1
	is 'setgid: nobody else may look' "$(as $bob cat "$(the_file)" 2>&1 | grep -c denied)" 1
	is 'setgid: nor another with the group' \
	    "$(as $bob "$tool/cat" "$(the_file)" 2>&1 | grep -c denied)" 1
	as $bob "$tool/rm" -f "$(the_file)" 2> /dev/null
	is 'setgid: nor remove it' "$(in_dir new)" 1
	is 'setgid: without the bit it is refused' \
	    "$(printf 'x\n' | as $alice "$SENDMAIL" bob 2>&1)" \
	    "sendmail: cannot write to the spool $spool: Permission denied; $no_daemon"
	is 'setgid: and under no_new_privs' \
	    "$(printf 'x\n' | setpriv --no-new-privs --reuid=$alice --regid=$alice --clear-groups \
	    "$tool/sendmail" bob 2>&1)" "sendmail: cannot write to the spool $spool: Permission denied; $no_daemon"
	if test -z "${POSTERN_SANITIZED:-}" && command -v strace > /dev/null; then
		strace -f -o "$TMP/trace" -e trace=setresgid,execve \
		    setpriv --reuid=$alice --regid=$alice --clear-groups "$tool/sendmail" -bp > /dev/null 2>&1
		is 'setgid: -bp gives the group up first' \
		    "$(sed -n '/execve("[^"]*tools.sendmail"/,$p' "$TMP/trace" | cut -d ' ' -f 2- |
		    sed 's/^ *//; s/  */ /g; s/", \[.*//' | sed -n '2,3p' | tr '\n' ';')" \
		    "setresgid($alice, $alice, $alice) = 0;execve(\"$compiled_bin/postern;"
	fi
	chmod u+s "$tool/sendmail"
	is 'setuid: refused' "$(printf 'x\n' | as $alice "$tool/sendmail" bob 2>&1)" \
	    "sendmail: $tool/sendmail: must not be setuid, only setgid"
}

# Nor may it look at a program that runs with more than its caller's rights.
if test -z "${POSTERN_SANITIZED:-}" && test "$(id -u)" -eq 0 && command -v setpriv > /dev/null &&
    unshare -m true 2> /dev/null; then
	fresh_spool
	export -f setgid_part is ok not_ok check in_dir the_file
	export no_daemon SENDMAIL TMP compiled compiled_bin daemon drop alice bob
	unshare -m bash -c setgid_part
else
	skip 'with the setgid bit' 'needs root and a mount namespace'
fi
