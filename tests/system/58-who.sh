#!/usr/bin/env bash
# Who may do what: each subcommand of postern on a live daemon, by root, by the
# daemon's user, by the message's owner and by another user, and while the daemon
# is down; with mailq = "all" and "own".  What is refused changes nothing, and what
# is said of it gives nothing of the message away.
. "$SYSTEM/lib.sh"

POSTERN=$BUILD/postern
OUT=$TMP/out ERR=$TMP/err

PYTHON=python3
test ! -x /usr/bin/python3 || PYTHON=/usr/bin/python3
OWNER=64005 OTHER=64006
DAEMON=$(daemon_user)
if test "$(id -u)" -ne 0 || ! command -v setpriv > /dev/null || test -z "$DAEMON" || ! command -v $PYTHON > /dev/null ||
    ! setpriv --reuid=$OTHER --regid=$OTHER --clear-groups -- test -x "$POSTERN"; then
	skip 'who' 'needs root, setpriv, python3 and a build folder that others can read'
	exit 0
fi

# A log that says nothing, of this test's messages or of this machine's.
mkdir -p "$TMP/bin" "$TMP/log"
printf '#!/bin/sh\nexit 1\n' > "$TMP/bin/journalctl"
chmod 755 "$TMP/bin/journalctl"
export PATH=$TMP/bin:$PATH POSTERN_LOG=$TMP/log

by() {		# WHO COMMAND…
	local who=$1 uid
	shift
	case $who in
	root*)   "$@"; return ;;
	daemon*) uid=$(id -u "$DAEMON") ;;
	owner*)  uid=$OWNER ;;
	*)       uid=$OTHER ;;
	esac
	setpriv --reuid="$uid" --regid="$uid" --clear-groups -- "$@"
}

run() {		# WHO ARGUMENT…
	local who=$1
	shift
	by "$who" "$POSTERN" "$@" > "$OUT" 2> "$ERR" < /dev/null
	STATUS=$?
}

json() {	# EXPRESSION over d, the document in $OUT
	$PYTHON -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$OUT" "$1" 2>> "$TMP/json.err"
}

field() {	# ID EXPRESSION over m
	run root queue --json
	json "[$2 for m in d['messages'] if m['id'] == '$1']"
}

# Messages of the owner that were deferred once: their IDs in $IDS, the first in $ID.
NUMBER=0
submit() {	# [HOW MANY]
	local first=$((NUMBER + 1)) n
	for ((n = 0; n < ${1:-1}; n++)); do
		NUMBER=$((NUMBER + 1))
		printf 'Subject: secret subject\n\nsecret text\n' |
		    by owner "$BUILD/sendmail" -i -f "secret$NUMBER@example.com" "hidden$NUMBER@example.net"
	done
	wait_for 20 are_known $first "${1:-1}" || die "the messages from $first on are not deferred"
	read -ra IDS < "$TMP/ids"
	ID=${IDS[0]}
}
are_known() {	# FIRST HOW-MANY
	run root queue --json --reason 'come back'
	json "' '.join(m['id'] for m in d['messages'] if int(m['sender'][6:].split('@')[0]) >= $1)" > "$TMP/ids"
	test "$(wc -w < "$TMP/ids")" = "$2"
}

# How it stands: where, and how often somebody held or returned it.
state() {
	field "$ID" 'm["state"]'
}

secrets() {	# what of the message can be read in $OUT and $ERR
	cat "$OUT" "$ERR" | grep -c "secret\|hidden"
}

# row WHAT BEFORE EXPECTED SECRETS COMMAND…: BEFORE is done by the owner first;
# EXPECTED: exit statuses of root, the daemon's user, the owner and another; SECRETS:
# whether another user may see senders and recipients there ("y").  A message for
# each, where the command names one; where it is about all, a new one each time.
row() {
	local what=$1 before=$2 expected=$3 seen=$4 who got='' was at=0
	shift 4
	case $* in
	*ID*) submit 4 ;;
	*--yes*) IDS=() ;;
	*) submit; IDS=("$ID" "$ID" "$ID" "$ID") ;;
	esac
	for who in root daemon owner other; do
		test "${#IDS[@]}" -eq 4 && ID=${IDS[at++]} || { submit; IDS=(); }
		test -z "$before" || run owner "$before" "$ID"
		test $who != other || was=$(state)
		run $who "${@//ID/$ID}"
		got+="$STATUS "
	done
	cp "$OUT" "$TMP/other.out"
	cp "$ERR" "$TMP/other.err"
	test "$seen" = y || is "$what: tells another user nothing" "$(secrets)" 0
	test "$STATUS" = 0 || is "$what: refused, and it stands as it stood" "$(state)" "$was"
	is "$what" "${got% }" "$expected"
	test "${got% }" = "$expected" || sed 's/^/# /' "$TMP/other.err" "$TMP/other.out"
	run root delete --all --yes
}

start_upstream spare --fault 'rcpt:hidden*@*:450 4.2.1 come back later'
SPARE_PORT=$UP_PORT
start_upstream up --fault 'rcpt:hidden*@*:450 4.2.1 come back later'
conf() {
	write_conf "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }" \
	    "relay spare { host = \"127.0.0.1\"  port = $SPARE_PORT  tls = \"none\" }" "$@"
}
conf
start_posternd

# --- mailq = "all" -------------------------------------------------------------

row 'status' '' '0 0 0 0' '' status
row 'status --json' '' '0 0 0 0' '' status --json
row 'queue' '' '0 0 0 0' y queue
row 'queue --json' '' '0 0 0 0' y queue --json
row 'mailq' '' '0 0 0 0' y mailq
row 'show' '' '0 0 0 77' '' show ID
row 'show --body' '' '0 0 0 77' '' show --body ID
row 'show --json' '' '0 0 0 77' '' show --json --body ID
row 'log' '' '0 0 0 65' '' log ID
row 'retry' '' '0 0 0 0' '' retry ID
row 'hold' '' '0 0 0 77' '' hold ID
row 'release' hold '0 0 0 77' '' release ID
row 'release of what is not held' '' '75 75 75 75' '' release ID
row 'delete' '' '0 0 0 77' '' delete ID
row 'delete of what is held' hold '0 0 0 77' '' delete ID
row 'bounce' '' '0 0 0 77' '' bounce ID
row 'requeue' '' '0 0 77 77' '' requeue --relay spare ID
row 'a filter' '' '0 0 0 77' '' delete --yes --sender 'secret*'
row 'a dry run' '' '0 0 0 0' y delete --dry-run ID
row 'pause' '' '0 0 77 77' '' pause spare
row 'resume' '' '0 0 77 77' '' resume spare
row 'reload' '' '0 0 77 77' '' reload
row 'flush' '' '0 0 0 0' '' flush
row 'flush --recipient' '' '0 0 0 0' '' flush --recipient 'hidden*'
row 'watch, where nothing can be drawn' '' '64 64 64 64' '' watch

# --- mailq = "own" -------------------------------------------------------------

conf 'mailq = "own"'
run root reload
row 'own: queue' '' '0 0 0 0' '' queue
is 'own: the queue of another' "$(cat "$TMP/other.out")" 'the queue is empty'
row 'own: queue --json' '' '0 0 0 0' '' queue --json
row 'own: mailq' '' '0 0 0 0' '' mailq
row 'own: status' '' '0 0 0 0' '' status
row 'own: log' '' '0 0 0 65' '' log ID
row 'own: a filter' '' '0 0 0 0' '' delete --yes --sender 'secret*'
row 'own: a dry run' '' '0 0 0 0' '' delete --dry-run ID
row 'own: flush --recipient' '' '0 0 0 0' '' flush --recipient 'hidden*'

# Of what is there and not his a user hears what he hears of what is not there.
twin() {	# WHAT BEFORE COMMAND…
	local what=$1 before=$2 none=0123456789ABCDEF
	shift 2
	row "own: $what" "$before" "${EXPECTED:-0 0 0 65}" '' "$@"
	run other "${@//ID/$none}"
	is "own: $what: as of one that is not there" "$STATUS $(cat "$OUT" "$ERR")" \
	    "65 $(cat "$TMP/other.out" "$TMP/other.err" | sed "s/[0-9A-F]\{16\}/$none/")"
}
twin show '' show ID
twin 'show --body' '' show --body ID
twin retry '' retry ID
twin 'retry of what is held' hold retry ID
twin hold '' hold ID
EXPECTED='75 75 75 65' twin 'hold of what is held' hold hold ID
twin release hold release ID
EXPECTED='75 75 75 65' twin 'release of what is not held' '' release ID
twin delete '' delete ID
twin bounce '' bounce ID
submit
$PYTHON "$SYSTEM/terminal.py" "$ID" q "$POSTERN" watch > "$OUT"
is 'own: root watches it' $? 0
by other env PTY_SIZES='24x80' "$PYTHON" "$SYSTEM/terminal.py" 'q ends' q "$POSTERN" watch > "$OUT"
is 'own: another watches, and sees none of it' "$? $(secrets)" '0 0'
conf
run root reload

# --- which ones ----------------------------------------------------------------

run root delete --all --yes
submit
first=$ID
printf 'Subject: larger\n\n%s\n' "$(seq 400)" | "$BUILD/sendmail" -i -f a@example.org hidden90@example.com
printf 'Subject: by nobody\n\nx\n' | "$BUILD/sendmail" -i -f '<>' hidden91@example.com
by other "$BUILD/sendmail" -i -f z@example.org bob@example.com hidden92@example.com < /dev/null
four() {
	run root queue --json --state later
	test "$(json 'len(d["messages"])')" = 4
}
check 'four wait' wait_for 20 four
counts() {	# N ARGUMENT…
	local wanted=$1
	shift
	run root queue --json "$@"
	is "queue: $*" "$(json 'len(d["messages"])')" "$wanted"
}
counts 2 --sender '*@example.org'
counts 1 --sender '<>'
counts 1 --user $OWNER
counts 1 --user $OTHER
counts 2 --user root
counts 0 --user nobody-here
counts 4 --relay up --state later --newer 1h --reason 'come back'
counts 0 --relay spare
counts 3 --recipient '*@example.com'
counts 0 --recipient bob@example.com
counts 1 --recipient '*@example.com' --sender 'z@*'
counts 0 --state hold
run root hold "$first"
counts 1 --state hold
counts 1 --reason admin
counts 4 --state later,hold
counts 3 --limit 3
counts 1 --limit 3 --page 2
counts 0 --page 2
sorted() {	# KEY EXPRESSION over m: in its order, and the other way round
	run root queue --json --sort "$1"
	is "queue --sort $1" "$(json "[$2 for m in d['messages']] == sorted($2 for m in d['messages'])")" True
	run root queue --json --sort "$1" --reverse
	is "queue --sort $1 --reverse" "$(json "[$2 for m in d['messages']] == sorted(($2 for m in d['messages']), reverse=True)")" True
}
sorted arrival 'm["id"]'
sorted size 'm["size"]'
sorted sender 'm["sender"]'
sorted user 'm["user"]'
sorted attempts 'm["attempts"]'
run root queue --json --sort state
is 'queue --sort state' "$(json '[m["state"] for m in d["messages"]]')" "['later', 'later', 'later', 'hold']"
run root queue --sort colour
is 'queue --sort: no such key' "$STATUS $(cat "$ERR")" \
    '64 postern queue: --sort: there is no "colour"; the keys are arrival, size, sender, user, state, next, attempts'
for verb in retry hold delete bounce; do
	run root $verb --dry-run --sender '*@example.org'
	is "$verb --dry-run by a filter" "$STATUS $(tail -n 1 "$OUT" | cut -d ' ' -f 1-4)" '0 2 messages would be'
done
run root release --dry-run --all --json
is 'release --dry-run --all: what is held' "$(json '[d["action"], d["would"], d["messages"][0]["id"]]')" "['release', 1, '$first']"
run root requeue --relay spare --from-relay up --yes
is 'requeue --from-relay' "$STATUS $(cat "$OUT")" '0 4 messages to go by that relay'
run root requeue --relay elsewhere --all --yes
is 'requeue: no such relay' "$STATUS $(grep -c 'there is up, spare' "$ERR")" '65 1'
run root release "$first"
run root delete --all --yes
is 'all is gone' "$(counts 0 > /dev/null; json 'd["messages"]')" '[]'

# --- what a terminal shows ------------------------------------------------------

# Wide characters take two columns each; the relay is paused, so nothing is tried.
run root pause up
run root pause spare
printf 'Subject: x\n\nx\n' | "$BUILD/sendmail" -i -f '管理者管理者管理者管理者@example.org' '受取人受取人受取人受取人受取人@example.net'
WIDE='import sys, unicodedata
def wide(c): return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
print(max(sum(map(wide, l.rstrip("\n"))) for l in open(sys.argv[1], encoding="utf-8")))'
for columns in 72 80 120; do
	LC_ALL=C.UTF-8 COLUMNS=$columns run root queue
	is "wide characters in $columns columns" "$STATUS $($PYTHON -c "$WIDE" "$OUT" | awk -v most=$columns '{ print $1 <= most }')" '0 1'
	check "wide characters in $columns columns: as many as fit" grep -q '管.*受' "$OUT"
done
NO_COLOR=1 PTY_SIZES='24x80' $PYTHON "$SYSTEM/terminal.py" 'q ends' q "$POSTERN" watch > "$OUT"
is 'watch with NO_COLOR: no colour' "$? $(grep -c $'\033\[[0-9;]*m' "$OUT")" '0 0'
PTY_SIZES='24x80' $PYTHON "$SYSTEM/terminal.py" 'q ends' q "$POSTERN" watch > "$OUT"
check 'watch: colours else' grep -q $'\033\[[0-9;]*m' "$OUT"
PTY_SIZES='50x160 9x66' $PYTHON "$SYSTEM/terminal.py" 'q ends' q "$POSTERN" watch > "$OUT"
is 'watch: lives through every new size' $? 0
LAST='import re, sys
frame = open(sys.argv[1], "rb").read().decode().split("\033[H")[-1]
lines = re.sub("\033\\[[0-9;?]*[a-zA-Z]", "", frame).replace("\r", "").split("\n")
print(max(len(l) for l in lines if "RELAY" in l or "REL~" in l), len(lines))'
is 'watch: as wide and high as the last one' "$($PYTHON -c "$LAST" "$OUT" | awk '{ print $1 <= 66, $2 }')" '1 9'
is 'watch: the terminal is put back' "$(tail -c 8 "$OUT")" $'\033[?1049l'
for signal in TERM HUP INT QUIT; do
	rm -f "$TMP/watch.pid"
	# shellcheck disable=SC2016
	$PYTHON "$SYSTEM/terminal.py" x '' sh -c 'echo $$ > "$0"; exec "$1" watch' "$TMP/watch.pid" "$POSTERN" > "$OUT" &
	watching=$!
	PIDS+=("$watching")
	drawn() {
		test -s "$TMP/watch.pid" && grep -q postern "/proc/$(cat "$TMP/watch.pid")/comm" &&
		    grep -q '^SigCgt:.*[0-9a-f]' "/proc/$(cat "$TMP/watch.pid")/status" && catches
	}
	catches() {	# SIGWINCH, the last that it asks for
		local mask
		mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$(cat "$TMP/watch.pid")/status")
		test $((0x$mask >> 27 & 1)) -eq 1
	}
	wait_for 10 drawn
	kill -"$signal" "$(cat "$TMP/watch.pid")"
	wait "$watching"
	is "watch: $signal ends it, and the terminal is put back" "$? $(tail -c 8 "$OUT")" $'0 \033[?1049l'
done
run root resume up
run root resume spare
run root delete --all --yes

# --- what monitoring reads --------------------------------------------------------

run root status
is 'status: well' "$STATUS" 0
submit
run root hold "$ID"
run other status
is 'status: what is held wants a look' "$STATUS" 1
run other status --json
is 'status: and says so to anybody' "$(json 'd["status"], d["health"]') $(secrets)" "(1, 'degraded') 0"
run root delete "$ID"
run root pause spare
run root status
is 'status: a pause' "$STATUS" 1
run root resume spare
run root status
is 'status: well again' "$STATUS" 0
conf 'relay locked { host = "127.0.0.1"  port = 1  tls = "none"  user = "x"  password-file = "/nonexistent" }'
run root reload
submit
run root requeue --relay locked "$ID"
needs_person() {
	run root status --json
	test "$STATUS" = 2
}
check 'status: a relay without its password wants a person' wait_for 20 needs_person
run other status
is 'status: and says so to anybody' "$STATUS $(grep -c '^  .*/nonexistent' "$OUT" | head -c 1) $(secrets)" '2 2 0'
run root delete "$ID"

# --- the daemon is down ------------------------------------------------------------

submit
stop_posternd
down() {	# WHAT ROOT OTHER COMMAND…
	local what=$1 wanted="$2 $3" got
	shift 3
	run root-down "${@//ID/$ID}"
	got=$STATUS
	run other-down "${@//ID/$ID}"
	is "down: $what" "$got $STATUS" "$wanted"
	is "down: $what: nothing of it for another" "$(secrets)" 0
	run owner-down "${@//ID/$ID}"
	is "down: $what: the owner is no root" "$STATUS" "${wanted#* }"
}
down status 2 2 status
down 'status --json' 2 2 status --json
down queue 69 69 queue
down 'queue --json' 69 69 queue --json
down mailq 69 69 mailq
down show 69 69 show ID
down 'show --body' 69 69 show --body ID
down log 0 65 log ID
for verb in retry hold release delete bounce; do
	down $verb 69 69 $verb ID
done
down requeue 69 69 requeue --relay spare ID
down 'delete by a filter' 69 69 delete --all --yes
down pause 69 69 pause up
down resume 69 69 resume up
down reload 69 69 reload
down flush 69 69 flush
check 'down: it is still there' test -e "$POSTERN_SPOOL/later/$ID"
