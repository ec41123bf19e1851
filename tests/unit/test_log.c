/* test_log.c - one line, one level, no byte that could forge another line. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"

static struct buf lines;

static void
setup(void)
{
	buf_init(&lines, 100000);
	log_capture(&lines);
}

static void
teardown(void)
{
	log_capture(NULL);
	buf_done(&lines);
}

START_TEST(level_decides)
{
	log_open("t", LOG_TO_STDERR, LOG_MAIL, LOG_LEVEL_WARN);
	log_info("no");
	log_warn("yes %d", 1);
	log_err("and %s", "this");
	log_debug("no");
	ck_assert_str_eq(buf_cstr(&lines), "warning yes 1\nerr and this\n");
	ck_assert(log_wants(LOG_LEVEL_WARN));
	ck_assert(!log_wants(LOG_LEVEL_INFO));
}
END_TEST

static const struct {
	const char *in, *want;
} censored[] = {
	{ "plain", "plain" },
	{ "two\nlines", "two?lines" },
	{ "cr\rtab\tesc\x1b[31m", "cr?tab?esc?[31m" },
	{ "del\x7f", "del?" },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "latin1 \xfc", "latin1 ?" },
	{ "csi \xc2\x9b", "csi ??" },                   /* U+009B: an ESC [ of its own */
	{ "cut \xe2\x82", "cut ??" },
	{ "overlong \xc0\x8a", "overlong ??" },         /* a line feed in two bytes */
};

START_TEST(censors)
{
	char want[64];

	snprintf(want, sizeof(want), "info %s\n", censored[_i].want);
	log_info("%s", censored[_i].in);
	ck_assert_str_eq(buf_cstr(&lines), want);
}
END_TEST

START_TEST(long_line_says_it_was_cut)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	ck_assert_uint_eq(lines.n, strlen("info ") + 4095 + 1);
	ck_assert_str_eq(lines.p + lines.n - 5, "x...\n");
}
END_TEST

START_TEST(keeps_errno)
{
	errno = ENOSPC;
	log_info("%m");
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_str_eq(buf_cstr(&lines), "info No space left on device\n");
}
END_TEST

START_TEST(names)
{
	enum log_level level;
	int facility;

	ck_assert_int_eq(log_facility("mail", &facility), 0);
	ck_assert_int_eq(facility, LOG_MAIL);
	ck_assert_int_eq(log_facility("local7", &facility), 0);
	ck_assert_int_eq(facility, LOG_LOCAL7);
	ck_assert_int_eq(log_facility("local8", &facility), -EINVAL);
	ck_assert_int_eq(log_level("debug", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(log_level("warn", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_WARN);
	ck_assert_int_eq(log_level("error", &level), 0);
	ck_assert_int_eq(level, LOG_LEVEL_ERR);
	ck_assert_int_eq(log_level("loud", &level), -EINVAL);
	ck_assert_int_eq(log_level("", &level), -EINVAL);
}
END_TEST

/* What stands in the file that stderr was, after one line of info. */
static void
written_to_stderr(const char *journal_stream, char *ret, size_t size)
{
	char path[] = "/tmp/postern-log-XXXXXX";
	char env[64];
	struct stat st;
	ssize_t n;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	snprintf(env, sizeof(env), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", journal_stream == NULL ? env : journal_stream, 1);
	ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
	log_open("posternd", LOG_TO_STDERR, LOG_MAIL, LOG_LEVEL_INFO);
	log_capture(NULL);
	log_info("ready");
	n = pread(fd, ret, size - 1, 0);
	ck_assert_int_ge(n, 0);
	ret[n] = '\0';
	close(fd);
	unlink(path);
}

START_TEST(stderr_for_people)
{
	char got[100];

	written_to_stderr("1:1", got, sizeof(got));     /* somebody else's stream */
	ck_assert_str_eq(got, "posternd: ready\n");
}
END_TEST

START_TEST(stderr_for_the_journal)
{
	char got[100];

	written_to_stderr(NULL, got, sizeof(got));
	ck_assert_str_eq(got, "<6>ready\n");
}
END_TEST

Suite *suite_log(void);

Suite *
suite_log(void)
{
	Suite *s = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, level_decides);
	tcase_add_loop_test(tc, censors, 0, sizeof(censored) / sizeof(censored[0]));
	tcase_add_test(tc, long_line_says_it_was_cut);
	tcase_add_test(tc, keeps_errno);
	tcase_add_test(tc, names);
	tcase_add_test(tc, stderr_for_people);
	tcase_add_test(tc, stderr_for_the_journal);
	suite_add_tcase(s, tc);
	return s;
}
