#!/usr/bin/env bash
# The admin's command on a live daemon: each subcommand, as root and as a
# user; on a terminal and without one; while the daemon is down.
# shellcheck disable=SC2016
. "$SYSTEM/lib.sh"

POSTERN=$BUILD/postern
OUT=$TMP/out ERR=$TMP/err ALL=$TMP/all

PYTHON=python3
test ! -x /usr/bin/python3 || PYTHON=/usr/bin/python3
if ! command -v $PYTHON > /dev/null; then
	skip 'postern' 'needs python3, for terminals and for JSON'
	exit 0
fi

# Status in $STATUS, texts in $OUT and $ERR; all that was ever said in $ALL.
run() {		# ARGUMENT…
	"${AS[@]}" "$POSTERN" "$@" > "$OUT" 2> "$ERR" < /dev/null
	STATUS=$?
	cat "$OUT" "$ERR" >> "$ALL"
	return $STATUS
}
AS=()

gives() {	# NAME STATUS ARGUMENT…
	local name=$1 status=$2
	shift 2
	run "$@"
	is "$name" "$STATUS" "$status"
	test "$STATUS" = "$status" || sed "s/^/# /" "$ERR" "$OUT"
}

says() {	# NAME TEXT: fixed, on standard output
	check "$1" grep -qF -- "$2" "$OUT"
}

complains() {	# NAME TEXT
	check "$1" grep -qF -- "$2" "$ERR"
}

json() {	# EXPRESSION over d, the document in $OUT
	$PYTHON -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$OUT" "$1" 2>> "$TMP/json.err"
}

count() {	# ARGUMENT…: how many messages queue lists
	run queue --json "$@"
	json 'len(d["messages"])'
}

counts() {	# N ARGUMENT…
	test "$(shift; count "$@")" = "$1"
}

id_to() {	# RECIPIENT
	run queue --json --recipient "$1"
	json 'd["messages"][0]["id"]'
}

known() {	# RECIPIENT: the upstream has answered
	counts 1 --recipient "$1" --reason 'come*back'
}

submit() {	# SUBJECT RECIPIENT
	printf 'From: someone@example.com\nSubject: %s\n\nhello \033[2J\n' "$1" | "${AS[@]}" "$BUILD/sendmail" -i "$2"
}

USER_ID=5	# games, or whoever it is: never the daemon
as_user() {
	AS=(setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups --)
}
users() {
	test "$(id -u)" -eq 0 && command -v setpriv > /dev/null && test -n "$(daemon_user)" &&
	    setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups -- test -x "$POSTERN" 2> /dev/null
}

# --- words ------------------------------------------------------------------

gives 'help' 0 help
gives 'help of a command' 0 help delete
says 'help says the options' '--dry-run'
gives '--help' 0 queue --help
gives '--help behind an option' 0 queue --state dead --help
says 'help has its options in a column' '  --state LIST         some of'
gives 'help with a long option' 0 help setup
says 'help with a long option is in a column, too' '  --port N                   the server'
gives 'an unknown command' 64 statsu
complains 'an unknown command has a nearest' 'did you mean status?'
gives 'an unknown option' 64 queue --recipent x
complains 'an unknown option has a nearest' 'did you mean --recipient?'
is 'the manual has every command' "$("$POSTERN" help --words | cut -d ' ' -f 1 | while read -r word; do
	grep -q "^\.It Cm $word\b\|^\.Cm $word\$\|\.Nm mailq" "$SYSTEM/../../src/postern/postern.8" || echo "$word"
done)" ''
is 'the manual has every option' "$("$POSTERN" help --words | tr ' ' '\n' | sed -n 's/^--//p' | sort -u | while read -r word; do
	grep -q "Fl -$word\b" "$SYSTEM/../../src/postern/postern.8" || echo "$word"
done)" ''

# --- the daemon is down -----------------------------------------------------

write_conf 'relay up { host = "127.0.0.1"  port = 9  tls = "none" }'
make_spool
submit down down@example.net
gives 'down: status' 2 status
complains 'down: status says the cure' 'start it: systemctl start postern'
gives 'down: status --json' 2 status --json
is 'down: status --json' "$(json 'd["status"], d["daemon"]')" '(2, None)'
gives 'down: queue from the spool' 69 queue
says 'down: queue shows what is there' 'down@example.net'
gives 'down: delete' 69 delete --yes --all
down=$(basename "$(echo "$POSTERN_SPOOL"/new/*)")
gives 'down: show from the spool' 69 show "$down"
complains 'down: show says so' 'posternd is not running'
says 'down: show: the envelope' "$down  ready"
says 'down: show: the recipient' 'down@example.net  waiting'
says 'down: show: the history' '  stored'
says 'down: show: the header' 'Subject: down'
gives 'down: show --body' 69 show --body "$down"
says 'down: show --body: text, made harmless' 'hello ?[2J'
gives 'down: show --json' 69 show --json --body "$down"
is 'down: show --json' "$(json 'd["state"], d["recipients"][0]["address"], d["journal"][0]["event"], d["header"][1], "hello" in d["content"]')" \
    "('ready', 'down@example.net', 'stored', 'Subject: down', True)"
gives 'down: show: none such' 69 show 0000000000000001
complains 'down: show: none such' 'no message 0000000000000001 in'
cp "$POSTERN_SPOOL/new/$down" "$POSTERN_SPOOL/dead/0000000000000002"
gives 'down: show: of any folder' 69 show 0000000000000002
says 'down: show: of any folder' '0000000000000002  dead'
echo rubbish > "$POSTERN_SPOOL/bad/0000000000000003"
gives 'down: show: what cannot be read' 69 show 0000000000000003
complains 'down: show: what cannot be read' 'bad/0000000000000003 cannot be read as a message'
rm "$POSTERN_SPOOL/dead/0000000000000002" "$POSTERN_SPOOL/bad/0000000000000003"
mkdir -p "$TMP/log"
printf 'Nov 27 here posternd: %s: to=<x>\n' "$down" > "$TMP/log/mail.log"
POSTERN_LOG=$TMP/log gives 'down: log' 0 log "$down"
says 'down: log: that it is down' 'posternd is not running'
says 'down: log: the history' '  stored'
says 'down: log: the log' 'here posternd:'
rm "$TMP/log/mail.log"
if users; then
	as_user
	gives 'down: queue for a user' 69 queue
	complains 'down: says who may' 'only root can read the queue'
	gives 'down: show for a user' 69 show "$down"
	complains 'down: show says who may' 'only root can read the queue'
	is 'down: and shows nothing' "$(cat "$OUT")" ''
	gives 'down: show for a user: none such' 69 show 0000000000000001
	complains 'down: which he cannot tell from another' 'only root can read the queue'
	AS=()
fi
rm -f "$POSTERN_SPOOL"/new/*

# --- looking ----------------------------------------------------------------

start_upstream up --fault $'rcpt:late*@*:450 4.2.1 come \033[31mback later' --fault 'rcpt:eve@*:550 5.1.1 who is that'
conf() {
	write_conf "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }" \
	    'relay spare { host = "127.0.0.1"  port = 1  tls = "none" }'
}
write_conf "relay up { host = \"127.0.0.1\"  port = $UP_PORT  tls = \"none\" }"
start_posternd
gives 'well' 0 status
says 'status: the relay' "127.0.0.1:$UP_PORT"
gives 'status --json' 0 status --json
is 'status --json: the relay' "$(json 'd["health"], d["relays"][0]["name"], d["relays"][0]["needs_person"]')" "('well', 'up', False)"
check 'status --json: how long it was deaf' test "$(json 'type(d["daemon"]["longest_gap_ms"]).__name__')" = int
gives 'an empty queue' 0 queue
is 'an empty queue says so' "$(cat "$OUT")" 'the queue is empty'

submit one late1@example.net
submit two late2@example.org
if users; then
	as_user
	submit three late3@example.org
	AS=()
else
	submit three late3@example.org
fi
check 'three wait' wait_for 20 counts 3 --state later
for row in '3' '1 --recipient late1@example.net' '2 --recipient *@example.org' '0 --recipient *@example.com' '3 --relay up' \
    '0 --relay spare' '3 --reason come*later' '0 --reason full' '0 --older 1h' '3 --newer 1h' '0 --state hold,dead' \
    '1 --limit 1' '1 --limit 2 --page 2' '0 --limit 2 --page 3' '3 --sort size --reverse'; do
	set -f
	# shellcheck disable=SC2086
	set -- $row
	is "queue: ${row#* }" "$(shift; count "$@")" "$1"
	set +f
done
gives 'queue' 0 queue
says 'queue: the sum' '3 messages, '
COLUMNS=72 gives 'queue in 72 columns' 0 queue
is 'queue in 72 columns: no wider' "$(LC_ALL=C.UTF-8 awk 'length($0) > 72' "$OUT")" ''
run queue --sort arrival --reverse
is 'queue --reverse: the newest first' "$(sed -n 2p "$OUT" | cut -c 1-16)" "$(id_to late3@example.org)"

one=$(id_to late1@example.net) two=$(id_to late2@example.org) three=$(id_to late3@example.org)
newest() {	# N: the IDs that the daemon says
	$PYTHON "$SYSTEM/control.py" "$POSTERN_RUN/control" ask mailq newest "$1" > "$OUT"
	sed -n 's/^message id=\([^ ]*\) .*/\1/p' "$OUT" | tr '\n' ' '
}
is 'the newest' "$(newest 1)" "$three "
is 'the two newest' "$(newest 2)" "$two $three "
is 'the newest of fewer' "$(newest 1000)" "$one $two $three "
newest 0 > /dev/null
is 'the newest none' "$(cat "$OUT")" 'error usage text=mailq%20[newest%20N]'

gives 'show' 0 show "$one"
says 'show: the history' 'deferred for late1@example.net by relay up: 450 4.2.1 come'
says 'show: the header' 'Subject: one'
gives 'show --body' 0 show --body "$one"
says 'show --body: text, made harmless' 'hello ?[2J'
gives 'show --json --body' 0 show --json --body "$one"
is 'show --json: whole' "$(json 'd["recipients"][0]["address"], d["journal"][0]["event"], "hello \x1b[2J" in d["content"]')" \
    "('late1@example.net', 'stored', True)"
gives 'show: none such' 65 show 0000000000000001
gives 'show: no ID' 64 show bob

export POSTERN_LOG=$TMP/log
mkdir -p "$POSTERN_LOG" "$TMP/bin"
printf 'old %s\n' "$one" > "$POSTERN_LOG/mail.log.1"
printf 'a line\nNov 27 here posternd: %s: to=<x>\n' "$one" > "$POSTERN_LOG/mail.log"
printf '#!/bin/sh\necho "$@" >> %s/asked\nexit 1\n' "$TMP" > "$TMP/bin/journalctl"
chmod 755 "$TMP/bin/journalctl"
PATH=$TMP/bin:$PATH gives 'log' 0 log "$one"
is 'log: the older file first' "$(grep -A 2 '^log' "$OUT" | sed 1d | tr -d '\n')" "    old $one    Nov 27 here posternd: $one: to=<x>"
says 'log: the history too' 'deferred for late1@example.net'
says 'log: where it looked' "    $POSTERN_LOG/mail.log.1"
printf '#!/bin/sh\necho "2026-11-27T00:00:00+0000 host postern[1]: %s: from the journal"\n' "$one" > "$TMP/bin/journalctl"
PATH=$TMP/bin:$PATH gives 'log: the journal' 0 log --json "$one"
is 'log: the journal alone' "$(json 'len(d["log"]), "from the journal" in d["log"][0], d["looked_at"]')" "(1, True, ['the journal'])"
PATH=$TMP/bin:$PATH gives 'log: nobody knows it' 65 log 0000000000000001

# --- acting -----------------------------------------------------------------

gives 'nothing said is not everything' 64 delete
gives 'a filter wants a yes' 64 delete --recipient '*@example.org'
complains 'a filter wants a yes: the cure' '2 messages fit; nobody is here to be asked, so say --yes'
gives '--dry-run' 0 delete --recipient '*@example.org' --dry-run
says '--dry-run says what' '2 messages would be deleted'
is 'and nothing was done' "$(count)" 3
$PYTHON "$SYSTEM/terminal.py" 'y/N' $'n\r' "$POSTERN" hold --all > "$OUT"
is 'a terminal: asked, and no' $? 75
says 'a terminal: the question' 'hold 3 messages? [y/N]'
is 'a terminal: nothing was done' "$(count --state hold)" 0
$PYTHON "$SYSTEM/terminal.py" 'y/N' $'y\r' "$POSTERN" hold --recipient '*@example.org' > "$OUT"
is 'a terminal: asked, and yes' $? 0
is 'hold' "$(count --state hold)" 2
gives 'held: degraded' 1 status
says 'held: with what to do' 'postern queue --state hold'
gives 'release' 0 release --yes --all
check 'release: they are tried' wait_for 20 counts 3 --state later

attempts() {	# ID
	run show --json "$1"
	json 'd["attempts"]'
}
more_attempts() {	# ID THAN
	test "$(attempts "$1")" -gt "$2"
}
before=$(attempts "$one") other=$(attempts "$two")
gives 'retry' 0 retry "$one"
check 'retry: tried' wait_for 20 more_attempts "$one" "$before"
is 'retry: only that' "$(attempts "$two")" "$other"
before=$(attempts "$one")
check 'sendmail -qR' post -qRLATE2@
check 'sendmail -qR: tried' wait_for 20 more_attempts "$two" "$other"
is 'sendmail -qR: only that' "$(attempts "$one")" "$before"
other=$(attempts "$two")
check 'sendmail -q!R' post '-q!Rlate2@'
check 'sendmail -q!R: the others' wait_for 20 more_attempts "$one" "$before"
is 'sendmail -q!R: not that' "$(attempts "$two")" "$other"

if users; then
	as_user
	gives 'a user sees all' 0 queue
	says 'a user sees all' late1@example.net
	gives 'a user: show his own' 0 show "$three"
	gives "a user: show root's" 77 show "$one"
	gives 'a user: hold his own' 0 hold "$three"
	gives "a user: delete root's" 77 delete "$one"
	gives "a user: all is his own" 77 delete --all --yes
	gives 'a user: pause' 77 pause up
	gives 'a user: reload' 77 reload
	AS=()
	is "a user's own is gone, root's is not" "$(count --recipient 'late3@*') $(count)" '0 2'
else
	gives 'delete' 0 delete "$three"
fi
gives 'delete: gone already' 65 delete "$three"

gives 'bounce' 0 bounce "$two"
reported() {
	grep -lqr "^Final-Recipient: rfc822; *late2@example.org" "$TMP/up.mail"
}
check 'bounce: the sender has a report' wait_for 20 reported

gives 'pause' 0 pause up 2h
gives 'paused: degraded' 1 status
says 'paused: with what to do' 'postern resume up'
gives 'pause: no such relay' 65 pause uq
gives 'pause: no time' 64 pause up soon
gives 'resume' 0 resume up
gives 'well again' 0 status

conf
gives 'reload' 0 reload
gives 'requeue --dry-run' 0 requeue --relay spare --dry-run "$one"
gives 'requeue' 0 requeue --relay spare "$one"
printf 'relay {\n' >> "$POSTERN_CONF"
gives 'reload: a mistake' 78 reload
complains 'reload: where' "$POSTERN_CONF:"
conf
printf 'mailq = nobody\nlog { level = loud }\n' >> "$POSTERN_CONF"
gives 'reload: two mistakes' 78 reload
complains 'reload: the first' '"nobody" is not possible'
complains 'reload: the second' '"loud" is not possible'
conf
gives 'reload: repaired' 0 reload
gives 'delete --json' 0 delete --json --all --yes
is 'delete --json: one' "$(json 'd["done"], d["refused"]')" '(1, 0)'
is 'nothing is left' "$(count)" 0
gives 'flush' 0 flush

# --- the live view ----------------------------------------------------------

gives 'watch: not a terminal' 64 watch
PTY_TERM=dumb $PYTHON "$SYSTEM/terminal.py" x '' "$POSTERN" watch > /dev/null
is 'watch: a dumb terminal' $? 64
submit live late4@example.net
check 'something to watch' wait_for 20 known late4@example.net
$PYTHON "$SYSTEM/terminal.py" late4@ q "$POSTERN" watch > "$OUT"
is 'watch: q ends it' $? 0
says 'watch: the message' late4@
is 'watch: the terminal is put back' "$(tail -c 8 "$OUT")" $'\033[?1049l'
$PYTHON "$SYSTEM/terminal.py" late4@ $'\003' "$POSTERN" watch > "$OUT"
is 'watch: ^C ends it' "$? $(tail -c 8 "$OUT")" $'0 \033[?1049l'

# Colours are for a terminal, and the rest of it for nobody.
PTY_TERM=xterm $PYTHON "$SYSTEM/terminal.py" x '' "$POSTERN" status > "$OUT"
check 'colours on a terminal' grep -q $'\033\[' "$OUT"
NO_COLOR=1 $PYTHON "$SYSTEM/terminal.py" x '' "$POSTERN" status > "$OUT"
check 'none with NO_COLOR' eval '! grep -q $'"'\\033'"' "$OUT"'
check 'something was said' test -s "$ALL"
is 'no escape sequence ever' "$(grep -c $'[\001-\010\013-\037\177]' "$ALL")" 0
