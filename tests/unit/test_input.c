/* test_input.c - where a message on standard input ends, however it is cut. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "sendmail/input.h"

static const char *text;        /* what is still to be read */
static size_t      piece;       /* at most so much in one read */
static int         turn;

/* Every third time a signal comes in between. */
static ssize_t
piecewise(int fd, void *p, size_t n)
{
	size_t left = strlen(text);

	(void)fd;
	if (++turn % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	n = n < piece ? n : piece;
	n = n < left ? n : left;
	memcpy(p, text, n);
	text += n;
	return (ssize_t)n;
}

static ssize_t
broken(int fd, void *p, size_t n)
{
	(void)fd;
	(void)p;
	(void)n;
	errno = EIO;
	return -1;
}

static void
teardown(void)
{
	fs = fs_kernel;
}

static const struct {
	const char *in;
	bool        dot_ends;
	const char *out;
} rows[] = {
	{ "", true, "" },
	{ "a", true, "a" },
	{ ".", true, "." },
	{ ".\r", true, ".\r" },
	{ ".\n", true, "" },
	{ ".\r\n", true, "" },
	{ ".\nb\n", true, "" },
	{ "a\n.\nb\n", true, "a\n" },
	{ "a\r\n.\r\nb", true, "a\r\n" },
	{ "a.\nb\n", true, "a.\nb\n" },
	{ "a\n..\nb\n", true, "a\n..\nb\n" },
	{ "a\n.b\n", true, "a\n.b\n" },
	{ "a\n.\r.\nb\n", true, "a\n.\r.\nb\n" },
	{ "a\n.\rb", true, "a\n.\rb" },
	{ "a\n.", true, "a\n." },
	{ "a\n.\r", true, "a\n.\r" },
	{ "\n\n.\n\n", true, "\n\n" },
	{ "\r.\n", true, "\r.\n" },
	{ "a\n.\nb\n", false, "a\n.\nb\n" },
	{ ".\r\n.\n", false, ".\r\n.\n" },
};

static void
run(int row, size_t max)
{
	struct input in;
	char         got[1024];
	size_t       n = 0;
	ssize_t      r;

	text = rows[row].in;
	piece = max;
	input_init(&in, 0, rows[row].dot_ends);
	while ((r = input_read(&in, got + n, INPUT_LEAST)) > 0)
		n += (size_t)r;
	ck_assert_int_eq(r, 0);
	ck_assert(in.over);
	got[n] = '\0';
	ck_assert_str_eq(got, rows[row].out);
	ck_assert_int_eq(input_read(&in, got, INPUT_LEAST), 0);
}

START_TEST(ends)
{
	fs.read = piecewise;
	for (size_t max = 1; max < 10; max++)
		run(_i, max);
	run(_i, 1000);
}
END_TEST

START_TEST(an_error_is_no_end)
{
	struct input in;
	char         p[INPUT_LEAST];

	fs.read = broken;
	input_init(&in, 0, true);
	ck_assert_int_eq(input_read(&in, p, sizeof(p)), -EIO);
	ck_assert(in.over);
	input_drain(&in, INPUT_DRAIN_MS);
}
END_TEST

/* In the one case nothing ever comes, in the other it comes for ever. */
START_TEST(drains_no_endless_input)
{
	struct input in;
	int          pair[2], zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(pipe2(pair, O_CLOEXEC), 0);
	input_init(&in, pair[0], false);
	input_drain(&in, 20);
	ck_assert(!in.over);
	input_init(&in, zero, false);
	clock_set(0, 0);                /* time does not help */
	input_drain(&in, INPUT_DRAIN_MS);
	clock_release();
	ck_assert(!in.over);
	close(pair[0]);
	close(pair[1]);
	close(zero);
}
END_TEST

START_TEST(drains)
{
	struct input in;
	int          fd = open("/dev/null", O_RDONLY | O_CLOEXEC);      /* always to be read */

	fs.read = piecewise;
	text = "some more\n.\nand more\n";
	piece = 4;
	input_init(&in, fd, true);
	input_drain(&in, INPUT_DRAIN_MS);
	ck_assert_str_eq(text, "");
	ck_assert(in.over);
	close(fd);
}
END_TEST

Suite *suite_input(void);

Suite *
suite_input(void)
{
	Suite *s = suite_create("input");
	TCase *tc = tcase_create("input");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, ends, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, an_error_is_no_end);
	tcase_add_test(tc, drains_no_endless_input);
	tcase_add_test(tc, drains);
	suite_add_tcase(s, tc);
	return s;
}
