#!/usr/bin/env bash
# sendmail -bs: SMTP on a pipe, as Symfony, swaks, alpine and scripts speak
# it.  What is answered 250 is in the spool; what is cut short leaves nothing.
# shellcheck disable=SC1091,SC2059

. "$SYSTEM/lib.sh"

SENDMAIL=$BUILD/sendmail
OUT=$TMP/out

fresh_spool() {
	local d
	rm -rf "$POSTERN_SPOOL"
	for d in tmp new cur later hold dead bad state; do
		mkdir -p "$POSTERN_SPOOL/$d"
	done
	mkdir -p "$POSTERN_RUN"
}

in_dir() {	# DIR: how many files
	find "$POSTERN_SPOOL/$1" -type f | wc -l
}

the_file() {
	find "$POSTERN_SPOOL/new" -type f
}

# The envelope's and the message's octets of FILE, as its first line tells them.
envelope() {
	tail -c +41 "$1" | head -c "$(head -n 1 "$1" | cut -d ' ' -f 3 | sed 's/^0*//')"
}

message() {
	local e m
	e=$(head -n 1 "$1" | cut -d ' ' -f 3 | sed 's/^0*//')
	m=$(head -n 1 "$1" | cut -d ' ' -f 4 | sed 's/^0*//')
	tail -c +$((41 + e)) "$1" | head -c "${m:-0}"
}

codes() {
	cut -c 1-3 "$OUT" | uniq | tr '\n' ' ' | sed 's/ $//'
}

# says NAME CODES EXIT INPUT [OPTION…]: the reply codes, repeated ones once.
says() {
	local name=$1 wanted=$2 exit=$3 input=$4 status
	shift 4
	fresh_spool
	printf "$input" | "$SENDMAIL" -bs "$@" > "$OUT" 2> "$TMP/err"
	status=${PIPESTATUS[1]}
	is "$name" "$(codes), exit $status, $(cat "$TMP/err")" "$wanted, exit $exit, "
}

M='MAIL FROM:<a@x.org>\r\nRCPT TO:<b@x.org>\r\n'

# --- dialogues --------------------------------------------------------------

says 'one message' '220 250 354 250 221' 0 \
    "EHLO me\r\n${M}DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n" -i
is 'it is in the spool' "$(in_dir new) $(in_dir tmp)" '1 0'
is 'under the name that was told' "$(sed -n 's/^250 2.0.0 accepted as \([0-9A-F]*\).*/\1/p' "$OUT")" \
    "$(basename "$(the_file)")"
is 'its envelope' "$(envelope "$(the_file)" | grep -v '^time\|^host' | tr '\n' ';')" \
    "from-user $(id -u);sender a@x.org;recipient b@x.org;;"
is 'its host' "$(envelope "$(the_file)" | sed -n 's/^host //p')" "$(hostname)"
is 'its text' "$(message "$(the_file)" | od -An -c | tr -d ' \n')" 'Subject:x\r\n\r\n.dot\r\n'

for extension in PIPELINING SIZE 8BITMIME SMTPUTF8 DSN ENHANCEDSTATUSCODES CHUNKING; do
	check "offers $extension" grep -q "^250[- ]$extension" "$OUT"
done
is 'offers neither AUTH nor STARTTLS' "$(grep -c 'AUTH\|STARTTLS' "$OUT")" 0

says 'LF alone, as scripts write' '220 250 354 250 221' 0 \
    'HELO me\nMAIL FROM:<a@x.org>\nRCPT TO:<b@x.org>\nDATA\nSubject: x\n\nhi\n.\nQUIT\n' -oi
is 'LF alone: stored' "$(message "$(the_file)" | od -An -c | tr -d ' \n')" 'Subject:x\r\n\r\nhi\r\n'
says 'CRLF commands, text of LF' '220 250 354 250 221' 0 "${M}DATA\r\nSubject: x\n\nhi\n.\nQUIT\r\n"
is 'CRLF commands: stored' "$(message "$(the_file)" | od -An -c | tr -d ' \n')" 'Subject:x\r\n\r\nhi\r\n'
says 'a CRLF text is not ended by LF' '220 250 354 250 221' 0 \
    "${M}DATA\r\nSubject: x\r\n\r\nhi\n.\nMAIL FROM:<evil@x.org>\nRCPT TO:<evil@x.org>\nDATA\n.\r\n.\r\nQUIT\r\n"
is 'it is one message, evil lines and all' "$(in_dir new) $(message "$(the_file)" | grep -c evil)" '1 2'

says 'DSN, 8BITMIME, SMTPUTF8' '220 250 354 250 221' 0 \
    "EHLO me\r\nMAIL FROM:<a@x.org> RET=HDRS ENVID=q+2B1 BODY=8BITMIME SMTPUTF8 SIZE=99\r\nRCPT TO:<\303\266@x.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;o@x.org\r\nRCPT TO:<c@x.org> NOTIFY=NEVER\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
is 'DSN: stored, each recipient its own' \
    "$(envelope "$(the_file)" | grep '^recipient\|^option' | tr '\n' ';')" \
    'recipient %C3%B6@x.org notify=success,delay orcpt=rfc822;o@x.org;recipient c@x.org notify=never;option ret=hdrs envid=q+2B1 body=8bitmime smtputf8;'
says 'the null sender, a bare recipient' '220 250 354 250' 0 \
    'MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\n.\r\n'
is 'the null sender: stored' "$(envelope "$(the_file)" | grep '^sender\|^recipient' | tr '\n' ';')" \
    'sender ;recipient postmaster;'

says 'BDAT' '220 250 221' 0 "${M}BDAT 13\r\nSubject: x\n\n.BDAT 5 LAST\r\n\n.\r\nxQUIT\r\n"
is 'BDAT: stored' "$(message "$(the_file)" | od -An -c | tr -d ' \n')" 'Subject:x\r\n\r\n.\r\n.\r\nx\r\n'

says 'two in a session, NOOP before the second' '220 250 354 250 354 250 221' 0 \
    "EHLO me\r\n${M}DATA\r\none\r\n.\r\nNOOP\r\n${M}DATA\r\ntwo\r\n.\r\nQUIT\r\n"
is 'two: both there' "$(in_dir new) $(in_dir tmp)" '2 0'
says 'a reset, and the end without QUIT' '220 250 354 250' 0 \
    "${M}RSET\r\nMAIL FROM:<c@x.org>\r\nRCPT TO:<d@x.org>\r\nDATA\r\nx\r\n.\r\n"
is 'a reset: the second alone' "$(envelope "$(the_file)" | grep -c 'sender c@x.org\|recipient d@x.org')" 2
says 'nothing' '220' 0 ''
says 'bad addresses' '220 250 501 554 221' 0 'MAIL FROM:<a@x.org>\r\nRCPT TO:<b@@x>\r\nBDAT 0 LAST\r\nQUIT\r\n'
says 'QUIT without its line end' '220 250' 0 'NOOP\r\nQUIT'

# Lock step: every answer comes before the next question.
fresh_spool
step() {	# LINE WANTED
	local line
	printf '%s\r\n' "$1" >&"${BS[1]}"
	while read -r -t 10 line <&"${BS[0]}" && test "${line:3:1}" = -; do :; done
	test "${line:0:3}" = "$2"
}
coproc BS { "$SENDMAIL" -bs; }
bs_pid=$BS_PID
read -r -t 10 banner <&"${BS[0]}"
is 'lock step: the banner' "${banner:0:4}" '220 '
steps=0
for n in 1 2 3; do
	step 'EHLO [127.0.0.1]' 250 && step 'MAIL FROM:<a@x.org>' 250 && step 'RCPT TO:<b@x.org>' 250 &&
	    step DATA 354 && step "$(printf 'Subject: %d\r\n\r\nx\r\n.' "$n")" 250 &&
	    test "$(in_dir new)" -eq "$n" && step NOOP 250 && steps=$((steps + 1))
done
is 'lock step: three messages, each there when it is answered' "$steps" 3
step QUIT 221
wait "$bs_pid"
is 'lock step: the exit code' "$?" 0

# --- many, large ------------------------------------------------------------

fresh_spool
{
	printf 'EHLO me\r\n'
	for ((n = 1; n <= 1000; n++)); do
		printf 'MAIL FROM:<a@x.org>\r\nRCPT TO:<b%d@x.org>\r\nDATA\r\nSubject: %d\r\n\r\nx\r\n.\r\n' $n $n
	done
	printf 'QUIT\r\n'
} > "$TMP/batch"
"$SENDMAIL" -bs < "$TMP/batch" > "$OUT"
is 'a thousand, one group of commands' "$? $(grep -c '^250 2.0.0 accepted as' "$OUT") $(in_dir new) $(in_dir tmp)" \
    '0 1000 1000 0'
is 'a thousand: each its own' "$(cat "$POSTERN_SPOOL"/new/* | grep -a '^Subject:' | sort -u | wc -l)" 1000

fresh_spool
head -c 3800000 /dev/urandom | base64 > "$TMP/large"
{ printf "${M}DATA\r\nSubject: large\r\n\r\n"; sed $'s/$/\r/' "$TMP/large"; printf '.\r\nQUIT\r\n'; } |
    "$SENDMAIL" -bs > "$OUT"
is 'five megabytes' "${PIPESTATUS[1]} $(in_dir new)" '0 1'
check 'five megabytes: unchanged' cmp -s "$TMP/large" <(message "$(the_file)" | tr -d '\r' | tail -n +3)

fresh_spool
{
	printf 'MAIL FROM:<a@x.org>\r\n'
	for ((n = 1; n <= 10001; n++)); do
		printf 'RCPT TO:<a-rather-long-local-part-number-%05d@example.com> NOTIFY=NEVER\r\n' $n
	done
	printf 'DATA\r\nx\r\n.\r\nQUIT\r\n'
} | "$SENDMAIL" -bs > "$OUT"
is 'ten thousand recipients, and one too many' \
    "$(grep -c '^250 2.1.5' "$OUT") $(grep -c '^452 4.5.3' "$OUT") $(envelope "$(the_file)" | grep -c '^recipient.*notify=never$')" \
    '10000 1 10000'

# --- what the spool refuses -------------------------------------------------

# refused NAME CODE COMMAND-THAT-BREAKS
refused() {
	fresh_spool
	eval "$3"
	printf "${M}DATA\r\nSubject: x\r\n\r\n1234567890\r\n.\r\n${M}QUIT\r\n" | "$SENDMAIL" -bs > "$OUT"
	is "$1" "${PIPESTATUS[1]} $(sed -n 5p "$OUT" | cut -d ' ' -f 1,2), then $(tail -n +6 "$OUT" | codes_of)" \
	    "0 $2, then 250 221"
}
codes_of() {
	cut -c 1-3 | uniq | tr '\n' ' ' | sed 's/ $//'
}
refused 'a full spool' '451 4.3.0' \
    "printf 'max-message 00000000000000\nmin-free    99999999999999\n' > '$POSTERN_SPOOL/limits'"
refused 'no spool' '451 4.3.0' "rm -rf '$POSTERN_SPOOL/new'"
refused 'too long a message' '552 5.3.4' \
    "printf 'max-message 00000000000020\nmin-free    00000000000000\n' > '$POSTERN_SPOOL/limits'"
is 'too long: nothing left' "$(in_dir new) $(in_dir tmp)" '0 0'
# LF to the engine is CRLF in the spool, which alone sees that it is too long.
printf 'MAIL FROM:<a@x.org>\nRCPT TO:<b@x.org>\nDATA\n\n\n\n\n\n\n\n\n\n\n\n.\n' | "$SENDMAIL" -bs > "$OUT"
is 'too long as it would be stored' "$(tail -n 1 "$OUT" | tr -d '\r')" \
    '552 5.3.4 the message is longer than 20 bytes, the limit here'
printf 'MAIL FROM:<a@x.org> SIZE=21\r\n' | "$SENDMAIL" -bs > "$OUT"
is 'too long, and said so' "$(tail -n 1 "$OUT" | cut -c 1-9)" '552 5.3.4'

fresh_spool
empty=$TMP/empty
mkdir -p "$empty"
ln -sf "$BUILD/postern-stdio" "$empty/postern-stdio"
printf "${M}DATA\r\nQUIT\r\n" | POSTERN_LIBEXEC=$empty "$SENDMAIL" -bs > "$OUT"
is 'sendmail cannot be run' "$(tr -d '\r' < "$OUT" | sed -n '4,$p' | tr '\n' ';')" \
    "451 4.3.0 $empty/sendmail: No such file or directory;221 2.0.0 bye;"

printf 'QUIT\r\n' | "$SENDMAIL" -bs bob > "$OUT" 2>&1
is 'recipients as arguments' "${PIPESTATUS[1]} $(cat "$OUT")" \
    '64 sendmail: -bs: stand-alone mode requires no recipient'

# A parent that ignores SIGCHLD, as Perl programs do, passes that on.
fresh_spool
(trap '' CHLD; printf "${M}DATA\r\nx\r\n.\r\nQUIT\r\n" | "$SENDMAIL" -bs > "$OUT")
is 'under a parent that ignores SIGCHLD' "$(codes) $(in_dir new)" '220 250 354 250 221 1'

# --- what is cut short ------------------------------------------------------

gone() {	# NAME INPUT
	fresh_spool
	printf "$2" | "$SENDMAIL" -bs > "$OUT" 2>&1
	is "$1" "${PIPESTATUS[1]} $(in_dir new) $(in_dir tmp)" '74 0 0'
}
gone 'the end inside the text' "${M}DATA\r\nhalf a mess"
gone 'the end before the dot' "${M}DATA\r\nall of it\r\n"
gone 'the end before the line end of the dot' "${M}DATA\r\nall of it\r\n."
gone 'the end inside a chunk' "${M}BDAT 100 LAST\r\nhalf"
gone 'the end between chunks' "${M}BDAT 4\r\nhalfBDAT 100 LAST\r\n"
gone 'the end inside 200 KB' "${M}DATA\r\n$(seq -f 'line %g\r\n' 20000 | tr -d '\n')"

# killed SIGNAL WHO: in the middle of a message that has a draft already.
killed() {
	local pid child
	fresh_spool
	mkfifo "$TMP/fifo"
	"$SENDMAIL" -bs < "$TMP/fifo" > "$OUT" 2>&1 &
	pid=$!
	exec 9> "$TMP/fifo"
	rm "$TMP/fifo"
	{ printf "${M}DATA\r\nSubject: x\r\n\r\n"; seq 60000; } >&9
	if ! wait_for 10 eval "test \$(in_dir tmp) -eq 1"; then
		not_ok "kill -$1 $2" 'no draft'
		exec 9>&-
		return
	fi
	child=$(pgrep -P "$pid")
	if test "$2" = session; then
		kill "-$1" "$pid"
		wait "$pid" 2> /dev/null
		check "kill -$1 $2: the child ends" wait_for 10 dead "$child"
		exec 9>&-
		is "kill -$1 $2: nothing is queued" "$(in_dir new) $(in_dir tmp)" '0 0'
	else
		kill "-$1" "$child"
		printf "\r\n.\r\n${M}DATA\r\ny\r\n.\r\nQUIT\r\n" >&9
		exec 9>&-
		wait "$pid"
		is "kill -$1 $2: said, nothing of it is queued, and another takes the next" \
		    "$? $(codes) $(in_dir new)" '0 220 250 354 451 250 354 250 221 1'
	fi
}
killed KILL session
killed TERM session
killed KILL child

# --- the internal option, by hand -------------------------------------------

# by_hand NAME EXIT,NEW,TMP ANSWERS INPUT: what is answered, an ID as ID.
by_hand() {
	fresh_spool
	printf "$4" | "$SENDMAIL" --from-smtp > "$OUT" 2> "$TMP/err"
	is "by hand: $1" "${PIPESTATUS[1]} $(in_dir new) $(in_dir tmp) $(sed 's/^0 [0-9A-F]\{16\}$/0 ID/' "$OUT" |
	    tr '\n' ';')$(cat "$TMP/err")" "$2 $3"
}
E='time 1.000000\nhost h\nfrom-user 12 root\nsender a@x.org\nrecipient b@x.org\n\n'
bad='time 1.000000\nhost h\nrecipient b@@x\n\n'
by_hand 'whole' '0 1 0' '0 ID;' "${E}data 2\nx\nend\n"
is 'by hand: neither user nor time is believed' \
    "$(envelope "$(the_file)" | grep -c "^from-user $(id -u)\$") $(envelope "$(the_file)" | grep -c '^time 1\.')" '1 0'
by_hand 'in pieces, and another' '0 2 0' '0 ID;0 ID;' "${E}data 2\nx\ndata 0\ndata 5\nend\n\nend\n${E}end\n"
is 'by hand: the word is content inside a piece' "$(cat "$POSTERN_SPOOL"/new/* | grep -ac '^end')" 1
by_hand 'a reset, then one' '0 1 0' '0 ID;' "${E}data 2\nx\nreset\n${E}data 2\nx\nend\n"
by_hand 'a bad envelope, then a good one' '0 1 0' \
    "65 the envelope of the SMTP session: more than one '@';0 ID;" "${bad}data 2\nx\nend\n${E}data 2\nx\nend\n"
by_hand 'a bad envelope, reset' '0 0 0' '' "${bad}reset\n"
by_hand 'no recipient' '0 0 0' '65 the envelope of the SMTP session: no recipient;' \
    'time 1.000000\nhost h\n\ndata 2\nx\nend\n'
by_hand 'nothing' '0 0 0' '' ''
by_hand 'without the word' '74 0 0' '' "${E}data 2\nx\n"
by_hand 'half the word' '74 0 0' '' "${E}data 2\nx\nen"
by_hand 'another word' '74 0 0' '' "${E}data 2\nx\nEND\n"
by_hand 'a word beside the piece' '74 0 0' '' "${E}data 1\nx\nend\n"
by_hand 'half a piece' '74 0 0' '' "${E}data 5\nx\nend\n"
by_hand 'no number' '74 0 0' '' "${E}data x\nx\nend\n"
by_hand 'a piece beyond its limit' '74 0 0' '' "${E}data 1048577\nx\nend\n"
by_hand 'a number without end' '74 0 0' '' "${E}data $(printf '%0100d' 1)\nx\nend\n"
by_hand 'half an envelope' '74 0 0' '' 'time 1.000000\nhost h\n'
by_hand 'one, then half an envelope' '74 1 0' '0 ID;' "${E}data 2\nx\nend\ntime 1.000000\n"
fresh_spool
"$SENDMAIL" --from-smtp <&- > "$OUT" 2>&1
is 'by hand: no input' "$? $(in_dir new) $(in_dir tmp)" '74 0 0'

# --- others' clients --------------------------------------------------------

if command -v swaks > /dev/null; then
	fresh_spool
	swaks --pipe "$SENDMAIL -bs" --from a@x.org --to b@x.org,c@x.org --header 'Subject: by swaks' \
	    --body '.dot' > "$TMP/swaks.log" 2>&1
	is 'swaks' "$? $(in_dir new)" '0 1'
	is 'swaks: stored' "$(message "$(the_file)" | tr -d '\r' | grep -c '^Subject: by swaks$\|^\.dot$') $(envelope "$(the_file)" | grep -c '^recipient [bc]@x.org$')" '2 2'
else
	skip swaks 'not installed'
fi
