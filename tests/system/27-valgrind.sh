#!/usr/bin/env bash
# A daemon that delivered, deferred, bounced, was refused, was reloaded and
# was told to stop has given back all it took.
. "$SYSTEM/lib.sh"

if test -n "${POSTERN_SANITIZED:-}"; then
	skip valgrind 'the sanitizers look for the same'
	exit 0
fi
if ! command -v valgrind > /dev/null; then
	skip valgrind 'not installed'
	exit 0
fi

message() {	# SUBJECT
	printf 'From: alice@example.com\nSubject: %s\n\nhello\n' "$1"
}

start_secure_upstream up implicit --fault 'rcpt:full@*:452 4.2.2 mailbox full' \
    --fault 'rcpt:nobody@*:550 5.1.1 no such user' --fault 'drop-after-data:after=3:first=1'
start_secure_upstream second starttls --no-chunking
second=$UP_PORT
UP_PORT=$(cat "$TMP/up.port")
write_conf "$(relay up "$UP_PORT" implicit)"
make_spool
attachment_message "$TMP/message" 'under valgrind'

# shellcheck disable=SC2054 # valgrind's own lists
WRAP=(valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect
    --errors-for-leak-kinds=definite,indirect --error-exitcode=99 --child-silent-after-fork=yes --vgdb=no
    --log-file="$TMP/valgrind.log")
START_S=30
start_posternd
for n in 1 2 3; do
	message "number $n" | post -f alice@example.com bob@example.net full@example.net nobody@example.net
done
post -i -t -f alice@example.com < "$TMP/message"
check 'valgrind: delivered, deferred and bounced' wait_for 60 has_arrived up 6
check 'valgrind: the deferred wait' wait_for 30 eval 'in_place new 0 && in_place cur 0'

# A wrong password, then another relay, by reload.
write_password 'not the password'
kill -HUP "$POSTERND_PID"
wait_for 20 log_says 'is in use'
message refused | post -f alice@example.com bob@example.net
check 'valgrind: a login was refused' wait_for 30 log_says '535'
write_conf "$(relay other "$second" starttls)"
kill -HUP "$POSTERND_PID"
message starttls | post -f alice@example.com bob@example.net
check 'valgrind: delivered by another relay' wait_for 60 has_arrived second 1
mailq > "$TMP/mailq"

kill -TERM "$POSTERND_PID"
wait_for 60 dead "$POSTERND_PID"
wait "$POSTERND_PID"
is 'valgrind: exit status' "$?" 0
# Lines of "--PID--" are valgrind's own troubles (a system call it does not know).
is 'valgrind: no leak, no invalid access' "$(grep '^==' "$TMP/valgrind.log" | head -n 40)" ''
check 'valgrind: it was at work' test -e "$TMP/valgrind.log"
