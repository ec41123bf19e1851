/* test_draft.c - a message on its way in: what the file is, and what refuses it. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "lib/scratch.h"
#include "spool/draft.h"
#include "spool/wake.h"

static struct scratch  spool;
static struct envelope env;
static const struct draft_limits limits = { .max_message = 1 << 20 };

static int writes;

static ssize_t
counted_write(int fd, const void *p, size_t n)
{
	writes++;
	return write(fd, p, n);
}

static void
setup(void)
{
	scratch_make(&spool);
	envelope_init(&env);
	env.time_us = 1764000000000001;
	env.host = xstrdup("h");
	env.uid = 7;
	envelope_add(&env, addr_parse(SPAN("a@example.com"), NULL));
	writes = 0;
	fs.write = counted_write;
	clock_set(1764000000000002, 0);
}

static void
teardown(void)
{
	fs = fs_kernel;
	clock_release();
	envelope_done(&env);
	scratch_remove(&spool);
}

static struct draft *
begin(const struct draft_limits *l)
{
	struct draft *d;

	ck_assert_int_eq(draft_begin(spool.fd, &env, l, &d), 0);
	return d;
}

static void
commit(struct draft *d, char *id)
{
	bool maybe;

	ck_assert_int_eq(draft_commit(d, id, &maybe), 0);
	ck_assert(!maybe);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
}

#define ENVELOPE "time 1764000000.000001\nhost h\nfrom-user 7\nrecipient a@example.com\n\n"

START_TEST(a_small_message_is_one_write)
{
	struct draft *d = begin(&limits);
	char          id[ID_LEN + 1], name[256];
	char         *text;

	ck_assert_int_eq(draft_write(d, SPAN("Subject: x\n\nc")), 0);
	ck_assert_int_eq(draft_write(d, SPAN("af\303\251\n.dot")), 0);
	ck_assert_int_eq(scratch_count(&spool, "new", NULL), 0);
	commit(d, id);
	ck_assert_int_eq(writes, 1);
	ck_assert_int_eq(scratch_count(&spool, "new", name), 1);
	ck_assert_str_eq(name, id);
	text = scratch_read(&spool, "new", id, NULL);
	ck_assert_str_eq(text,
	    "postern 1 00000000000067 00000000000027\n" ENVELOPE
	    "Subject: x\r\n\r\ncaf\303\251\r\n.dot\r\n"
	    "1764000000 stored 8bit longest=10 dots\n");
	free(text);
}
END_TEST

START_TEST(the_name_is_the_time_of_arrival)
{
	char  id[ID_LEN + 1];
	msgid n;

	commit(begin(&limits), id);
	ck_assert(msgid_parse(id, &n));
	ck_assert_int_eq(msgid_time_us(n), 1764000000000002);
}
END_TEST

START_TEST(the_file_is_for_owner_and_group)
{
	char        id[ID_LEN + 1], path[64];
	struct stat st;

	umask(0);
	commit(begin(&limits), id);
	snprintf(path, sizeof(path), "new/%s", id);
	ck_assert_int_eq(fstatat(spool.fd, path, &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0660);
	ck_assert_uint_eq(st.st_uid, geteuid());
}
END_TEST

/* Larger than the buffer: the head was out as zeros, and is corrected. */
START_TEST(a_large_message_has_its_lengths_too)
{
	static char   line[70001];
	struct draft *d = begin(&limits);
	char          id[ID_LEN + 1];
	char         *text;
	size_t        n;

	memset(line, 'x', sizeof(line) - 1);
	line[999] = '\n';
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(draft_write(d, (struct span){ line, sizeof(line) - 1 }), 0);
	commit(d, id);
	text = scratch_read(&spool, "new", id, &n);
	ck_assert_int_eq(memcmp(text, "postern 1 00000000000067 00000000210005\n" ENVELOPE,
	    HEAD_LEN + 67), 0);
	ck_assert_uint_eq(n, HEAD_LEN + 67 + 210005 + strlen("1764000000 stored longest=69999\n"));
	ck_assert_str_eq(text + HEAD_LEN + 67 + 210005 - 3, "x\r\n1764000000 stored longest=69999\n");
	free(text);
}
END_TEST

/* Before its commit a large draft's head must not look like a finished one. */
START_TEST(an_unfinished_head_is_zeros)
{
	static char   big[3 * DRAFT_BUFFER];
	struct draft *d = begin(&limits);
	char          name[256];
	char         *text;

	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(draft_write(d, (struct span){ big, sizeof(big) }), 0);
	ck_assert_int_eq(scratch_count(&spool, "tmp", name), 1);
	text = scratch_read(&spool, "tmp", name, NULL);
	ck_assert_int_eq(memcmp(text, "postern 1 00000000000000 00000000000000\n", HEAD_LEN), 0);
	free(text);
	draft_abort(d);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
	ck_assert_int_eq(scratch_count(&spool, "new", NULL), 0);
}
END_TEST

START_TEST(an_empty_message_is_one)
{
	char  id[ID_LEN + 1];
	char *text;

	commit(begin(&limits), id);
	text = scratch_read(&spool, "new", id, NULL);
	ck_assert_str_eq(text, "postern 1 00000000000067 00000000000000\n" ENVELOPE
	    "1764000000 stored longest=0\n");
	free(text);
}
END_TEST

START_TEST(refuses_what_is_too_long)
{
	const struct draft_limits small = { .max_message = 10 };
	struct draft             *d = begin(&small);
	char                      id[ID_LEN + 1];
	bool                      maybe;

	ck_assert_int_eq(draft_write(d, SPAN("12345678\n")), 0);
	ck_assert_int_eq(draft_write(d, SPAN("1\n")), -EFBIG);
	ck_assert_int_eq(draft_write(d, SPAN("")), -EFBIG);
	ck_assert_int_eq(draft_commit(d, id, &maybe), -EFBIG);
	ck_assert(!maybe);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
	ck_assert_int_eq(scratch_count(&spool, "new", NULL), 0);

	/* The line end that is missing counts as well. */
	d = begin(&small);
	ck_assert_int_eq(draft_write(d, SPAN("123456789")), 0);
	ck_assert_int_eq(draft_commit(d, id, &maybe), -EFBIG);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
	d = begin(&small);
	ck_assert_int_eq(draft_write(d, SPAN("12345678")), 0);
	commit(d, id);
}
END_TEST

static ssize_t
write_too_big(int fd, const void *p, size_t n)
{
	(void)fd, (void)p, (void)n;
	errno = EFBIG;
	return -1;
}

/* ulimit -f: not the length that no message may have, which would be a refusal for good. */
START_TEST(a_limit_of_the_process_is_no_limit_of_ours)
{
	struct draft *d = begin(&(const struct draft_limits){ 0 });
	bool          maybe;
	char          id[ID_LEN + 1];

	fs.write = write_too_big;
	ck_assert_int_eq(draft_write(d, SPAN("x\n")), 0);
	ck_assert_int_eq(draft_commit(d, id, &maybe), -EDQUOT);
	ck_assert(!maybe);
}
END_TEST

START_TEST(refuses_when_too_little_is_free)
{
	const struct draft_limits greedy = { .min_free = (uint64_t)1 << 46 };
	struct draft             *d;

	ck_assert_int_eq(draft_begin(spool.fd, &env, &greedy, &d), -ENOSPC);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
}
END_TEST

START_TEST(refuses_an_envelope_beyond_its_limit)
{
	struct draft *d;
	char          orcpt[ENVELOPE_MAX_ORCPT];

	memset(orcpt, 'x', sizeof(orcpt) - 1);
	orcpt[sizeof(orcpt) - 1] = '\0';
	for (int i = 0; i < 3000; i++) {
		char text[64];

		snprintf(text, sizeof(text), "u%d@example.com", i);
		ck_assert_int_eq(envelope_add(&env, addr_parse(span_of(text), NULL)), 0);
		env.rcpts[env.nrcpts - 1].orcpt = xstrdup(orcpt);
	}
	ck_assert_int_eq(draft_begin(spool.fd, &env, &limits, &d), -E2BIG);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
}
END_TEST

static const struct {
	const char *folder;
	int         error;
} missing[] = { { "tmp", -ENOENT }, { "new", -ENOENT } };

START_TEST(says_that_a_folder_is_missing)
{
	struct draft *d;

	ck_assert_int_eq(unlinkat(spool.fd, missing[_i].folder, AT_REMOVEDIR), 0);
	ck_assert_int_eq(draft_begin(spool.fd, &env, &limits, &d), missing[_i].error);
}
END_TEST

static int taken;       /* how many more creations and renames meet a name that exists */

static int
busy_openat(int dir, const char *name, int flags, mode_t mode)
{
	if ((flags & O_EXCL) != 0 && taken-- > 0) {
		errno = EEXIST;
		return -1;
	}
	return openat(dir, name, flags, mode);
}

static int
busy_renameat2(int fromdir, const char *from, int todir, const char *to, unsigned flags)
{
	if (taken-- > 0) {
		errno = EEXIST;
		return -1;
	}
	return fs_kernel.renameat2(fromdir, from, todir, to, flags);
}

START_TEST(a_taken_name_costs_another_try)
{
	struct draft *d;
	char          id[ID_LEN + 1], name[256];
	bool          maybe;

	fs.openat = busy_openat;
	fs.renameat2 = busy_renameat2;
	taken = 3;
	d = begin(&limits);
	taken = 3;
	commit(d, id);
	ck_assert_int_eq(scratch_count(&spool, "new", name), 1);
	ck_assert_str_eq(name, id);

	taken = 0;
	d = begin(&limits);
	taken = 1000;
	ck_assert_int_eq(draft_commit(d, id, &maybe), -EEXIST);
	ck_assert(!maybe);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
	ck_assert_int_eq(scratch_count(&spool, "new", NULL), 1);
}
END_TEST

/* A slow writer's file must not grow old enough to be taken for an orphan. */
START_TEST(a_slow_writer_shows_that_it_lives)
{
	static char   big[2 * DRAFT_BUFFER];
	struct draft *d = begin(&limits);
	int           before;

	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(draft_write(d, (struct span){ big, sizeof(big) }), 0);
	before = writes;
	ck_assert_int_eq(draft_write(d, SPAN("a\n")), 0);
	ck_assert_int_eq(writes, before);
	clock_move_ms(DRAFT_QUIET_MS);
	ck_assert_int_eq(draft_write(d, SPAN("b\n")), 0);
	ck_assert_int_eq(writes, before + 1);
	ck_assert_int_lt(DRAFT_QUIET_MS / 1000, DRAFT_ORPHAN_S / 2);
	draft_abort(d);
}
END_TEST

START_TEST(limits_go_there_and_back)
{
	struct draft_limits in = { .max_message = 12345, .min_free = 0 }, out;
	struct stat         st;

	draft_limits_read(spool.fd, &out);
	ck_assert_uint_eq(out.max_message, DRAFT_MAX_MESSAGE);
	ck_assert_uint_eq(out.min_free, DRAFT_MIN_FREE);
	umask(077);
	ck_assert_int_eq(draft_limits_write(spool.fd, &in), 0);
	ck_assert_int_eq(fstatat(spool.fd, "limits", &st, 0), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0644);
	draft_limits_read(spool.fd, &out);
	ck_assert_uint_eq(out.max_message, 12345);
	ck_assert_uint_eq(out.min_free, 0);
	in.max_message = UINT64_MAX;
	ck_assert_int_eq(draft_limits_write(spool.fd, &in), 0);
	draft_limits_read(spool.fd, &out);
	ck_assert_uint_eq(out.max_message, 99999999999999);
}
END_TEST

static const struct {
	const char *text;
	uint64_t    max_message;
} limit_files[] = {
	{ "", DRAFT_MAX_MESSAGE },
	{ "max-message", DRAFT_MAX_MESSAGE },
	{ "max-message -1\n", DRAFT_MAX_MESSAGE },
	{ "max-message 7", 7 },
	{ "# a line\nmax-message 8\ncolour 3\n", 8 },
};

START_TEST(limits_that_make_no_sense_are_the_defaults)
{
	struct draft_limits out;

	scratch_write(&spool, ".", "limits", span_of(limit_files[_i].text));
	draft_limits_read(spool.fd, &out);
	ck_assert_uint_eq(out.max_message, limit_files[_i].max_message);
	ck_assert_uint_eq(out.min_free, DRAFT_MIN_FREE);
}
END_TEST

START_TEST(a_commit_wakes_the_daemon)
{
	char id[ID_LEN + 1], byte;
	int  fd = wake_open(spool.fd);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, &byte, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	commit(begin(&limits), id);
	commit(begin(&limits), id);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	wake_drain(fd);
	ck_assert_int_eq(read(fd, &byte, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	close(fd);

	/* Nobody there, or no FIFO at all: no news. */
	wake_poke(spool.fd);
	unlinkat(spool.fd, "wake", 0);
	wake_poke(spool.fd);
	scratch_write(&spool, ".", "wake", SPAN(""));
	ck_assert_int_eq(wake_open(spool.fd), -EINVAL);
}
END_TEST

START_TEST(names_are_names)
{
	char  text[ID_LEN + 1];
	msgid id;

	ck_assert(!msgid_parse("", &id));
	ck_assert(!msgid_parse("0123456789ABCDE", &id));
	ck_assert(!msgid_parse("0123456789ABCDEF0", &id));
	ck_assert(!msgid_parse("0123456789abcdef", &id));
	ck_assert(!msgid_parse("0123456789ABCDE/", &id));
	ck_assert(!msgid_parse(".0123456789ABCDE", &id));
	ck_assert(msgid_parse("FEDCBA9876543210", &id));
	msgid_format(id, text);
	ck_assert_str_eq(text, "FEDCBA9876543210");
}
END_TEST

Suite *suite_draft(void);

Suite *
suite_draft(void)
{
	Suite *s = suite_create("draft");
	TCase *tc = tcase_create("draft");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_small_message_is_one_write);
	tcase_add_test(tc, the_name_is_the_time_of_arrival);
	tcase_add_test(tc, the_file_is_for_owner_and_group);
	tcase_add_test(tc, a_large_message_has_its_lengths_too);
	tcase_add_test(tc, an_unfinished_head_is_zeros);
	tcase_add_test(tc, an_empty_message_is_one);
	tcase_add_test(tc, refuses_what_is_too_long);
	tcase_add_test(tc, a_limit_of_the_process_is_no_limit_of_ours);
	tcase_add_test(tc, refuses_when_too_little_is_free);
	tcase_add_test(tc, refuses_an_envelope_beyond_its_limit);
	tcase_add_loop_test(tc, says_that_a_folder_is_missing, 0, sizeof(missing) / sizeof(missing[0]));
	tcase_add_test(tc, a_taken_name_costs_another_try);
	tcase_add_test(tc, a_slow_writer_shows_that_it_lives);
	tcase_add_test(tc, limits_go_there_and_back);
	tcase_add_loop_test(tc, limits_that_make_no_sense_are_the_defaults, 0,
	    sizeof(limit_files) / sizeof(limit_files[0]));
	tcase_add_test(tc, a_commit_wakes_the_daemon);
	tcase_add_test(tc, names_are_names);
	suite_add_tcase(s, tc);
	return s;
}
