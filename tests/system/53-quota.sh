#!/usr/bin/env bash
# An account with limits, on a live daemon: who carries on at the limit, what
# status shows, what a restart and a crash know of the day, and when it is over.
. "$SYSTEM/lib.sh"

POSTERN=$BUILD/postern
OUT=$TMP/out

PYTHON=python3
test ! -x /usr/bin/python3 || PYTHON=/usr/bin/python3
if ! command -v $PYTHON > /dev/null; then
	skip 'quota' 'needs python3, for JSON'
	exit 0
fi

# first EXPRESSION over r, status' record of the relay named first.
first() {
	"$POSTERN" status --json > "$OUT" 2> /dev/null
	$PYTHON -c 'import json, sys, time
r = [r for r in json.load(open(sys.argv[1]))["relays"] if r["name"] == "first"][0]
print(eval(sys.argv[2]))' "$OUT" "$1"
}
health() {
	"$POSTERN" status > /dev/null
	echo $?
}
shows() {	# WANTED EXPRESSION
	test "$(first "$2")" = "$1"
}
room_in_a_day() {
	first '85000 < r["room_at"] - time.time() < 88000 if isinstance(r["room_at"], (int, float)) else r["room_at"]'
}

submit() {	# HOW MANY
	local i
	for ((i = 0; i < $1; i++)); do
		printf 'Subject: x\n\nx\n' | "$BUILD/sendmail" -f alice@example.com bob@example.net || die 'sendmail failed'
	done
}

start_upstream second
SECOND=$UP_PORT
start_upstream first
FIRST=$UP_PORT
two() {		# [LINE]: the first relay's limit
	write_conf "relay first { host = \"127.0.0.1\"  port = $FIRST  tls = \"none\"  connections = 1  $1 }" \
	    "relay second { host = \"127.0.0.1\"  port = $SECOND  tls = \"none\" }"
}
one() {
	write_conf "relay first { host = \"127.0.0.1\"  port = $FIRST  tls = \"none\"  connections = 1  $1 }"
}
got() {
	echo "$(arrived first) $(arrived second)"
}

# --- at the limit the next relay takes over -----------------------------------

two 'messages-per-day = 5'
start_posternd
is 'nothing is used' "$(first 'r["quota_day"], r["quota_hour"], r["room_at"]')" "({'used': 0, 'max': 5}, None, None)"
is 'nothing is used: well' "$(health)" 0
submit 3
check 'three leave' wait_for 20 drained
is 'three leave by the first' "$(got)" '3 0'
is 'three of five' "$(first 'r["quota_day"], r["state"] == "quota"')" "({'used': 3, 'max': 5}, False)"
submit 5
check 'all leave' wait_for 20 drained
is 'its last two by the first, the others by the next' "$(got)" '5 3'
is 'five of five' "$(first 'r["quota_day"], r["state"]')" "({'used': 5, 'max': 5}, 'quota')"
is 'a full account is a degraded service' "$(health)" 1
is 'and it says when there is room' "$(room_in_a_day)" True
"$POSTERN" status > "$OUT"
check 'in words' grep -q '^  quota 5/5 a day; room .*, in 1d00h' "$OUT"
check 'in words: what is the matter' grep -q 'relay first has used up its quota' "$OUT"

# --- a restart, a crash -----------------------------------------------------------

room=$(first 'r["room_at"]')
stop_posternd
start_posternd
is 'after a restart' "$(first 'r["quota_day"]')" "{'used': 5, 'max': 5}"
is 'after a restart: room at the same time' "$(first "abs(r['room_at'] - $room) <= 900")" True
submit 1
check 'after a restart: one more' wait_for 20 drained
is 'after a restart: by the next' "$(got)" '5 4'
kill -KILL "$POSTERND_PID"
wait "$POSTERND_PID" 2> /dev/null
start_posternd
submit 1
check 'after a crash: one more' wait_for 20 drained
is 'after a crash: by the next' "$(got)" '5 5'

# --- an account alone: it waits, and nothing bounces ---------------------------------

one 'messages-per-day = 5'
"$POSTERN" reload > /dev/null
submit 4
check 'alone: taken in' wait_for 20 in_place new 0
"$POSTERN" flush > /dev/null
is 'alone: they wait' "$(queued) $(got)" '4 5 5'
is 'alone: and status says for what' "$(first 'r["state"], r["quota_day"]') $(room_in_a_day)" "('quota', {'used': 5, 'max': 5}) True"
check 'alone: the log, too' log_says 'status=quota'
one 'messages-per-day = 7'
"$POSTERN" reload > /dev/null
two_wait() {
	has_arrived first 7 && test "$(queued)" -eq 2
}
check 'two more a day: at once' wait_for 20 two_wait
is 'two more a day: no more than that' "$(first 'r["quota_day"]') $(queued)" "{'used': 7, 'max': 7} 2"
"$POSTERN" retry --all --yes > /dev/null
is 'a retry is no way around it' "$(queued) $(got)" '2 7 5'

# --- time goes by --------------------------------------------------------------------

# The file as another boot left it so many seconds ago: only the wall clock tells how long that is.
left_ago() {	# SECONDS
	local file=$POSTERN_SPOOL/state/quota
	stop_posternd
	$PYTHON - "$file" "$1" <<-'END'
	import re, sys
	path, ago = sys.argv[1], int(sys.argv[2])
	text = open(path).read()
	head, rest = text.split('\n', 2)[1:]
	head = re.sub(r'wall=(\d+)', lambda m: f'wall={int(m[1]) - ago}', head)
	head = re.sub(r' boot=\S*', ' boot=00000000-0000-0000-0000-000000000000', head)
	with open(path, 'r+') as f:
	    f.write('\n'.join([text.split('\n')[0], head, rest]))
	    f.truncate()
	END
	start_posternd
}
left_ago $((12 * 3600))
is 'half a day later: still full' "$(first 'r["quota_day"]') $(queued)" "{'used': 7, 'max': 7} 2"
is 'half a day later: room in the other half' \
    "$(first '41000 < r["room_at"] - time.time() < 45000 if r["room_at"] else r["room_at"]')" True
left_ago -864000
is 'a clock that went back frees nothing' "$(first 'r["quota_day"]') $(queued)" "{'used': 7, 'max': 7} 2"
left_ago $((25 * 3600))
check 'a day later: the rest leaves' wait_for 20 drained
is 'a day later: by the same' "$(got)" '9 5'
is 'a day later: a new day' "$(first 'r["quota_day"], r["room_at"]')" "({'used': 2, 'max': 7}, None)"
is 'a day later: well' "$(health)" 0
is 'nobody was told of a failure' "$(grep -c 'status=bounced\|status=deferred' "$TMP/posternd.log")" 0
is 'and none is left' "$(find "$POSTERN_SPOOL/dead" "$POSTERN_SPOOL/bad" "$POSTERN_SPOOL/hold" -type f | wc -l)" 0

# --- two limits at once -----------------------------------------------------------------

one 'messages-per-hour = 1  recipients-per-day = 100'
"$POSTERN" reload > /dev/null
is 'another limit counts what was sent before' "$(first 'r["quota_hour"], r["quota_recipients_day"], r["quota_day"]')" \
    "({'used': 2, 'max': 1}, {'used': 2, 'max': 100}, None)"
submit 1
check 'an hour: it waits' wait_for 20 shows quota 'r["state"]'
is 'an hour: until then' "$(first '3000 < r["room_at"] - time.time() < 3700 if r["room_at"] else r["room_at"]') $(got)" 'True 9 5'
