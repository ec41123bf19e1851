/* test_pauses.c - which relays are paused, in memory and in their file. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "lib/scratch.h"
#include "relay/pauses.h"

static struct scratch spool;
static struct pauses  p;
static int            state;

static void
setup(void)
{
	scratch_make(&spool);
	state = openat(spool.fd, "state", O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(state, 0);
	p = (struct pauses){ 0 };
}

static void
teardown(void)
{
	(void)close(state);
	fs = fs_kernel;
	scratch_remove(&spool);
}

START_TEST(come_back_from_the_file)
{
	char *text;

	ck_assert_int_eq(pauses_read(&p, state), 0);            /* no file */
	ck_assert_uint_eq(p.n, 0);
	ck_assert_int_eq(pauses_add(&p, "gmail", "root", 100, 0), 0);
	ck_assert_int_eq(pauses_add(&p, "ses", "a b%", 200, 300), 0);
	ck_assert_int_eq(pauses_add(&p, "gmail", "carol", 150, 400), 0);
	ck_assert_int_eq(pauses_write(&p, state), 0);
	text = scratch_read(&spool, "state", "paused", NULL);
	ck_assert_str_eq(text, "gmail 400 150 carol\nses 300 200 a%20b%25\n");
	free(text);
	ck_assert_int_eq(pauses_read(&p, state), 0);
	ck_assert_uint_eq(p.n, 2);
	ck_assert_str_eq(pauses_find(&p, "ses")->by, "a b%");
	ck_assert_int_eq(pauses_find(&p, "ses")->since_s, 200);
	ck_assert_int_eq(pauses_find(&p, "gmail")->until_s, 400);
	ck_assert_ptr_null(pauses_find(&p, "isp"));
	ck_assert(pauses_remove(&p, "gmail") && !pauses_remove(&p, "gmail"));
	ck_assert_int_eq(pauses_write(&p, state), 0);
	ck_assert_int_eq(pauses_read(&p, state), 0);
	ck_assert_uint_eq(p.n, 1);
}
END_TEST

static int
refusing_fsync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

/* What is not durable is said, and the old file stays. */
START_TEST(keep_the_old_file)
{
	char *text;

	ck_assert_int_eq(pauses_add(&p, "gmail", "root", 100, 0), 0);
	ck_assert_int_eq(pauses_write(&p, state), 0);
	ck_assert_int_eq(pauses_add(&p, "ses", "root", 100, 0), 0);
	fs.fsync = refusing_fsync;
	ck_assert_int_eq(pauses_write(&p, state), -EIO);
	text = scratch_read(&spool, "state", "paused", NULL);
	ck_assert_str_eq(text, "gmail 0 100 root\n");
	free(text);
}
END_TEST

/* Of a file that somebody edited, what can be read counts. */
START_TEST(survive_garbage)
{
	ck_assert(!pauses_parse(&p, SPAN("gmail 0 1 root\nses\nses x 1 root\nses 1 1 root more\n 0 1 root\n"
	    "%zz 0 1 root\na%00b 0 1 root\nisp 0 1 root")));
	ck_assert_uint_eq(p.n, 2);
	ck_assert_ptr_nonnull(pauses_find(&p, "gmail"));
	ck_assert_ptr_nonnull(pauses_find(&p, "isp"));
	scratch_write(&spool, "state", "paused", SPAN("nonsense\n"));
	ck_assert_int_eq(pauses_read(&p, state), -EBADMSG);
	ck_assert_uint_eq(p.n, 0);
}
END_TEST

START_TEST(are_bounded)
{
	char long_name[100], name[20];

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	ck_assert_int_eq(pauses_add(&p, long_name, "root", 1, 0), -E2BIG);
	ck_assert_int_eq(pauses_add(&p, "", "root", 1, 0), -E2BIG);
	for (int i = 0; i < PAUSES_MAX; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		ck_assert_int_eq(pauses_add(&p, name, "root", 1, 0), 0);
	}
	ck_assert_int_eq(pauses_add(&p, "one-more", "root", 1, 0), -ENOSPC);
	ck_assert_int_eq(pauses_add(&p, "r7", "root", 9, 0), 0);
	ck_assert_int_eq(pauses_write(&p, state), 0);
	ck_assert_int_eq(pauses_read(&p, state), 0);
	ck_assert_uint_eq(p.n, PAUSES_MAX);
}
END_TEST

START_TEST(end)
{
	struct pause ended;

	ck_assert_int_eq(pauses_next_s(&p), 0);
	ck_assert_int_eq(pauses_add(&p, "ever", "root", 1, 0), 0);
	ck_assert_int_eq(pauses_next_s(&p), 0);
	ck_assert_int_eq(pauses_add(&p, "late", "root", 1, 500), 0);
	ck_assert_int_eq(pauses_add(&p, "soon", "root", 1, 300), 0);
	ck_assert_int_eq(pauses_next_s(&p), 300);
	ck_assert(!pauses_take_ended(&p, 299, &ended));
	ck_assert(pauses_take_ended(&p, 300, &ended));
	ck_assert_str_eq(ended.name, "soon");
	ck_assert(!pauses_take_ended(&p, 300, &ended));
	ck_assert_int_eq(pauses_next_s(&p), 500);
	ck_assert(pauses_take_ended(&p, INT64_MAX, &ended));
	ck_assert_uint_eq(p.n, 1);
	ck_assert_ptr_nonnull(pauses_find(&p, "ever"));
}
END_TEST

Suite *suite_pauses(void);

Suite *
suite_pauses(void)
{
	Suite *s = suite_create("pauses");
	TCase *tc = tcase_create("pauses");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, come_back_from_the_file);
	tcase_add_test(tc, keep_the_old_file);
	tcase_add_test(tc, survive_garbage);
	tcase_add_test(tc, are_bounded);
	tcase_add_test(tc, end);
	suite_add_tcase(s, tc);
	return s;
}
