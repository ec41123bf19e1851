/* test_log.c - one line, one level, no byte that could forge another line. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "base/logsink.h"

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

/* All that stands in a pipe. */
static size_t
drain(int fd, char *ret, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size - 1 && (got = read(fd, ret + n, size - 1 - n)) > 0)
		n += (size_t)got;
	ret[n] = '\0';
	return n;
}

static void
make_blocking(int fd, bool yes)
{
	ck_assert_int_eq(fcntl(fd, F_SETFL, yes ? 0 : O_NONBLOCK), 0);
}

/* A logger that hangs does not hang us; then it reads again, and is told what it missed. */
START_TEST(stderr_that_nobody_reads)
{
	static char got[1 << 20];
	char fill[4096];
	int ends[2], was = dup(STDERR_FILENO);

	memset(fill, 'x', sizeof(fill));
	ck_assert_int_eq(pipe(ends), 0);
	make_blocking(ends[0], false);
	make_blocking(ends[1], false);
	while (write(ends[1], fill, sizeof(fill)) > 0)
		;
	make_blocking(ends[1], true);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_open("t", LOG_TO_STDERR, LOG_MAIL, LOG_LEVEL_INFO);
	log_capture(NULL);
	log_info("one");
	log_info("two");
	drain(ends[0], got, sizeof(got));
	log_info("three");
	drain(ends[0], got, sizeof(got));
	ck_assert_int_ge(dup2(was, STDERR_FILENO), 0);
	ck_assert_str_eq(got, "t: log: 2 lines are missing here: nobody read the log\nt: three\n");
	close(ends[0]);
	close(ends[1]);
	close(was);
}
END_TEST

/* A syslogd's socket, as /dev/log is one. */
static int
listen_as_syslogd(const char *path, int type)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	unlink(path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* "<22>Nov 28 03:10:11 t[123]: text" */
static void
heard(int fd, const char *priority, const char *want)
{
	char got[8192], pid[32];
	const char *colon;
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_uint_eq(strlen(got), (size_t)n);      /* no NUL in a datagram: journald keeps it as something raw */
	snprintf(pid, sizeof(pid), " t[%ld]: ", (long)getpid());
	colon = strstr(got, pid);
	ck_assert_msg(strncmp(got, priority, 4) == 0 && colon != NULL && colon - got == 4 + 15, "%s", got);
	ck_assert_str_eq(colon + strlen(pid), want);
}

START_TEST(syslog_that_comes_and_goes)
{
	char dir[] = "/tmp/postern-log-XXXXXX", path[64];
	char got[8192];
	int d, s, c, hung;
	ssize_t n;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
	logsink_set_socket(path);
	log_open("t", LOG_TO_SYSLOG, LOG_MAIL, LOG_LEVEL_INFO);
	log_capture(NULL);
	log_info("nobody is there");
	d = listen_as_syslogd(path, SOCK_DGRAM);
	log_info("one");
	heard(d, "<20>", "log: 1 line is missing here: nobody read the log");
	heard(d, "<22>", "one");
	close(d);
	d = listen_as_syslogd(path, SOCK_DGRAM);        /* started anew */
	log_info("two");
	heard(d, "<22>", "two");
	for (hung = 0; hung < 5000; hung++)
		log_info("%d", hung);                   /* it hangs: more than any queue of datagrams has */
	heard(d, "<22>", "0");
	close(d);
	s = listen_as_syslogd(path, SOCK_STREAM);
	log_info("three");
	c = accept(s, NULL, NULL);
	ck_assert_int_ge(c, 0);
	n = recv(c, got, sizeof(got), 0);
	ck_assert_int_gt(n, 7);
	ck_assert_int_eq(memcmp(got + n - 7, " three", 7), 0);          /* and its NUL */
	ck_assert_ptr_nonnull(memmem(got, (size_t)n, " lines are missing here", 23));
	close(c);
	close(s);
	logsink_set_socket(NULL);
	unlink(path);
	rmdir(dir);
}
END_TEST

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
	tcase_add_test(tc, stderr_that_nobody_reads);
	tcase_add_test(tc, syslog_that_comes_and_goes);
	suite_add_tcase(s, tc);
	return s;
}
