/*
 * test_door.c - sendmail's side of the daemon's socket, against a daemon of
 * one thread that says what a row wants: right, wrong, too early, nothing.
 */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/scratch.h"
#include "sendmail/door.h"
#include "spool/refusal.h"
#include "spool/unwrap.h"

static struct scratch  run;
static struct envelope env;
static struct buf      why, heard, content;
static int             listening;
static pthread_t       thread;

/* What the daemon does. */
static struct {
	const char *answer;     /* "": hangs up without one */
	size_t      after;      /* octets it reads first; 0: all */
} daemon_does;

static void *
serve(void *arg)
{
	int  fd = accept(listening, NULL, NULL);
	char p[4096];

	(void)arg;
	while (daemon_does.after == 0 || heard.n < daemon_does.after) {
		ssize_t n = read(fd, p, sizeof(p));

		if (n <= 0)
			break;
		buf_add(&heard, p, (size_t)n);
	}
	if (daemon_does.answer[0] != '\0')
		(void)!send(fd, daemon_does.answer, strlen(daemon_does.answer), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void
setup(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	scratch_make(&run);
	setenv("POSTERN_RUN", run.path, 1);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/submit", run.path);
	listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	envelope_init(&env);
	env.time_us = 1764000000000001;
	env.host = xstrdup("h");
	env.uid = 7;
	envelope_add(&env, addr_parse(SPAN("a@example.com"), NULL));
	buf_init(&why, 4096);
	buf_init(&heard, 16u << 20);
	buf_init(&content, 16u << 20);
}

static void
teardown(void)
{
	close(listening);
	envelope_done(&env);
	buf_done(&why);
	buf_done(&heard);
	buf_done(&content);
	scratch_remove(&run);
}

/* A line of 100 octets and its end, n times. */
static void
write_lines(struct door *d, int n)
{
	char line[101];

	memset(line, 'x', 100);
	line[100] = '\n';
	for (int i = 0; i < n && door_write(d, (struct span){ line, sizeof(line) }); i++)
		buf_add(&content, line, sizeof(line));
}

static int
submit(int lines, char id[static ID_LEN + 1])
{
	struct door *d;
	int          rc;

	pthread_create(&thread, NULL, serve, NULL);
	ck_assert_int_eq(door_open(&d), 0);
	ck_assert_int_eq(door_begin(d, &env), 0);
	write_lines(d, lines);
	rc = door_finish(d, id, &why);
	pthread_join(thread, NULL);
	return rc;
}

/* What the daemon heard is a good stream, and the same message. */
static const int sizes[] = { 0, 1, 600, 660, 10000 };

START_TEST(the_daemon_hears_it_all)
{
	struct unwrap u;
	struct buf    message;
	char          id[ID_LEN + 1];

	daemon_does.answer = "ok 6614766C7382AFD4\n";
	daemon_does.after = 0;
	ck_assert_int_eq(submit(sizes[_i], id), 0);
	ck_assert_str_eq(id, "6614766C7382AFD4");
	ck_assert_uint_eq(why.n, 0);
	unwrap_init(&u);
	buf_init(&message, 16u << 20);
	ck_assert_int_eq(unwrap_put(&u, buf_view(&heard), &message), 0);
	ck_assert_msg(unwrap_end(&u, &message) == 0, "%s", unwrap_why(&u));
	ck_assert_uint_eq(message.n, (size_t)sizes[_i] * 102);
	ck_assert_str_eq(u.envelope.rcpts[0].addr->text, "a@example.com");
	ck_assert_uint_eq(u.envelope.uid, 7);
	unwrap_done(&u);
	buf_done(&message);
}
END_TEST

#define NO_WORDS "did not answer: not in words we know" REFUSAL_MAYBE

static const struct {
	const char *answer;
	size_t      after;
	int         lines;
	int         rc;
	const char *why;        /* its end */
} rows[] = {
	{ "no 69 the message is longer than 5 bytes, the limit here\n", 0, 1, 69,
	    "the message is longer than 5 bytes, the limit here" },
	{ "no 75 \033[31mred\001\n", 0, 1, 75, "?[31mred?" },
	/* before all is sent: the answer is found all the same, and nothing hangs */
	{ "no 69 too long\n", 1, 100000, 69, "too long" },
	{ "no 65 bad\n", 200000, 100000, 65, "bad" },
	/* nobody can say ok before the end was there */
	{ "ok 6614766C7382AFD4\n", 1, 100000, 75, "did not answer: Broken pipe" },
	/* no answer, or none that can be believed */
	{ "", 0, 1, 75, "did not answer: Connection reset by peer" REFUSAL_MAYBE },
	{ "ok 6614766C7382AFD4", 0, 1, 75, "did not answer: Connection reset by peer" REFUSAL_MAYBE },
	{ "\n", 0, 1, 75, NO_WORDS },
	{ "ok\n", 0, 1, 75, NO_WORDS },
	{ "ok 6614766C7382AFD\n", 0, 1, 75, NO_WORDS },
	{ "ok ../../etc/passwd!\n", 0, 1, 75, NO_WORDS },
	{ "no\n", 0, 1, 75, NO_WORDS },
	{ "no 0 fine\n", 0, 1, 75, NO_WORDS },
	{ "no 256 fine\n", 0, 1, 75, NO_WORDS },
	{ "no 1x fine\n", 0, 1, 75, NO_WORDS },
	{ "maybe\n", 0, 1, 75, NO_WORDS },
};

START_TEST(answers)
{
	char        id[ID_LEN + 1];
	const char *end;
	size_t      n = strlen(rows[_i].why);

	daemon_does.answer = rows[_i].answer;
	daemon_does.after = rows[_i].after;
	ck_assert_int_eq(submit(rows[_i].lines, id), rows[_i].rc);
	ck_assert_uint_ge(why.n, n);
	end = why.p + why.n - n;
	ck_assert_str_eq(end, rows[_i].why);
}
END_TEST

START_TEST(a_flood_for_an_answer)
{
	static char flood[5000];
	char        id[ID_LEN + 1];

	memset(flood, 'x', sizeof(flood) - 1);
	daemon_does.answer = flood;
	daemon_does.after = 0;
	ck_assert_int_eq(submit(1, id), 75);
}
END_TEST

START_TEST(nobody_there)
{
	struct door *d;

	close(listening);
	ck_assert_int_eq(door_open(&d), -ECONNREFUSED);
	unlinkat(run.fd, "submit", 0);
	ck_assert_int_eq(door_open(&d), -ENOENT);
	setenv("POSTERN_RUN", "/0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789", 1);
	ck_assert_int_eq(door_open(&d), -ENAMETOOLONG);
	listening = -1;
}
END_TEST

/* Hanging up in the middle leaves the daemon with something that has no end. */
START_TEST(given_up)
{
	struct unwrap u;
	struct buf    message;
	struct door  *d;

	daemon_does.answer = "";
	daemon_does.after = 0;
	pthread_create(&thread, NULL, serve, NULL);
	ck_assert_int_eq(door_open(&d), 0);
	ck_assert_int_eq(door_begin(d, &env), 0);
	write_lines(d, 1000);
	door_abort(d);
	door_abort(NULL);
	pthread_join(thread, NULL);
	unwrap_init(&u);
	buf_init(&message, 16u << 20);
	ck_assert_int_eq(unwrap_put(&u, buf_view(&heard), &message), 0);
	ck_assert_int_eq(unwrap_end(&u, &message), -EBADMSG);
	unwrap_done(&u);
	buf_done(&message);
}
END_TEST

START_TEST(only_what_another_door_can_mend)
{
	ck_assert(door_may_help(-EACCES) && door_may_help(-EPERM) && door_may_help(-EROFS));
	ck_assert(door_may_help(-ENOENT) && door_may_help(-EOVERFLOW));
	ck_assert(!door_may_help(-ENOSPC) && !door_may_help(-EDQUOT) && !door_may_help(-EIO));
	ck_assert(!door_may_help(-EFBIG) && !door_may_help(-E2BIG) && !door_may_help(0));
}
END_TEST

Suite *suite_door(void);

Suite *
suite_door(void)
{
	Suite *s = suite_create("door");
	TCase *tc = tcase_create("door");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_daemon_hears_it_all, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_loop_test(tc, answers, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, a_flood_for_an_answer);
	tcase_add_test(tc, nobody_there);
	tcase_add_test(tc, given_up);
	tcase_add_test(tc, only_what_another_door_can_mend);
	suite_add_tcase(s, tc);
	return s;
}
