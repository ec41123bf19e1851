/* test_hand.c - what an admin does to a file of the spool: noted, walked over, removed. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "lib/scratch.h"
#include "spool/store.h"

static struct scratch spool;
static struct store  *store;

static void
setup(void)
{
	const char *what;

	scratch_make(&spool);
	ck_assert_int_eq(store_open(spool.path, true, &store, &what), 0);
}

static void
teardown(void)
{
	store_close(store);
	fs = fs_kernel;
	scratch_remove(&spool);
}

#define ID       0x6614766C7382AFD4u
#define NAME     "6614766C7382AFD4"
#define ENVELOPE "time 1764000000.000001\nhost h\nfrom-user 7\nrecipient a@x.org\nrecipient b@x.org\n\n"

static void
make(const char *journal)
{
	struct buf b;

	buf_init(&b, 10 << 20);
	buf_printf(&b, "postern 1 %014zu %014zu\n%s%s%s", strlen(ENVELOPE), (size_t)3, ENVELOPE, "x\r\n", journal);
	scratch_write(&spool, "dead", NAME, buf_view(&b));
	buf_done(&b);
}

static struct message *
load(void)
{
	struct message *m;
	const char     *why = "";
	int             r = store_load(store, PLACE_DEAD, ID, &m, &why);

	ck_assert_msg(r == 0, "%s: %s", strerror(-r), why);
	return m;
}

/* ---- the journal ---- */

static void
check_reopened(const struct message *m, int64_t at_s)
{
	ck_assert_int_eq(m->notes[0].what, OUTCOME_NONE);
	ck_assert_int_eq(m->notes[1].what, OUTCOME_SENT);
	ck_assert_uint_eq(m->nparts, 1);
	ck_assert_str_eq(m->parts[0].to, "e@x.org");
	ck_assert_int_eq(m->reopened_s, at_s);
	ck_assert_uint_eq(m->attempts, 1);
}

/* Who failed is open again, who was sent is not; on disk before the call returns, for the next daemon too. */
START_TEST(reopens)
{
	struct message *m;

	make("1 fail rcpt=1 code=550 text=no\n2 sent rcpt=2 code=250\n3 fail-part rcpt=1 to=d@x.org\n"
	    "4 sent-part rcpt=1 to=e@x.org\n");
	m = load();
	ck_assert_int_eq(m->notes[0].what, OUTCOME_FAILED);
	ck_assert_uint_eq(m->nparts, 2);
	ck_assert_int_eq(m->reopened_s, 0);
	ck_assert_int_eq(message_note_reopened(m, 5, "root"), 0);
	check_reopened(m, 5);
	message_close(store, m);
	m = load();
	check_reopened(m, 5);
	message_close(store, m);
}
END_TEST

/* And fails again, for good this time. */
START_TEST(fails_again)
{
	struct message *m;

	make("1 fail rcpt=1 text=no\n2 reopen user=root\n3 fail rcpt=1 text=never\n4 fail-part rcpt=2 to=d@x.org\n");
	m = load();
	ck_assert_int_eq(m->notes[0].what, OUTCOME_FAILED);
	ck_assert_str_eq(m->notes[0].text, "never");
	ck_assert_uint_eq(m->nparts, 1);
	message_close(store, m);
}
END_TEST

static int
refusing_fdatasync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

/* What may not be on disk was not done. */
START_TEST(says_when_it_is_not_durable)
{
	struct message *m;

	make("1 fail rcpt=1 text=no\n");
	m = load();
	fs.fdatasync = refusing_fdatasync;
	ck_assert_int_eq(message_note_reopened(m, 5, "root"), -EIO);
	message_close(store, m);
}
END_TEST

START_TEST(holds_and_releases)
{
	struct message *m;
	char            text[200];
	ssize_t         n;

	make("1 stored longest=4\n2 hold by=much-too-long-a-word-to-be-one\n");
	m = load();
	ck_assert_str_eq(m->held_by, "");
	ck_assert_int_eq(message_note_held(m, 3, "admin", "a b"), 0);
	ck_assert_int_eq(message_note_released(m, 4, NULL), 0);
	ck_assert_str_eq(m->held_by, "admin");
	n = message_journal(m, 19, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_str_eq(text, "2 hold by=much-too-long-a-word-to-be-one\n3 hold by=admin user=a%20b\n4 release\n");
	ck_assert_int_eq(message_journal(m, 10000, text, 5), 0);
	message_close(store, m);
	m = load();
	ck_assert_str_eq(m->held_by, "admin");
	ck_assert_int_eq(m->reopened_s, 0);
	message_close(store, m);
}
END_TEST

/* ---- walks ---- */

#define MANY 3000

static int
count(void *arg, const struct stored *m)
{
	unsigned *n = arg;

	ck_assert_uint_eq(m->uid, 0);
	(*n)++;
	return 0;
}

static int
stop(void *arg, const struct stored *m)
{
	(void)arg;
	(void)m;
	return 77;
}

/* In several steps; another scan in between does not disturb it. */
START_TEST(walks_in_steps)
{
	struct store_walk *w;
	unsigned           seen = 0, other = 0, steps = 0;
	char               name[20];
	int                r;

	for (unsigned i = 1; i <= MANY; i++) {
		snprintf(name, sizeof(name), "%016X", i);
		scratch_write(&spool, "hold", name, SPAN("x"));
	}
	scratch_write(&spool, "hold", "README", SPAN("x"));
	ck_assert_int_eq(store_walk_begin(store, PLACE_HOLD, &w), 0);
	while ((r = store_walk_step(w, count, &seen)) == 1) {
		if (steps++ == 0) {
			ck_assert_uint_lt(seen, MANY);
			ck_assert_int_eq(store_scan(store, PLACE_HOLD, false, count, &other), 0);
		}
	}
	ck_assert_int_eq(r, 0);
	ck_assert_uint_gt(steps, 2);
	ck_assert_uint_eq(seen, MANY);
	ck_assert_uint_eq(other, MANY);
	store_walk_end(w);
	ck_assert_int_eq(store_walk_begin(store, PLACE_HOLD, &w), 0);
	ck_assert_int_eq(store_walk_step(w, stop, NULL), 77);
	store_walk_end(w);
	store_walk_end(NULL);
}
END_TEST

/* ---- removal ---- */

static _Atomic int synced_bad, synced_cur;
static int         bad_fd;

static int
counting_fsync(int fd)
{
	struct stat a, b;

	ck_assert_int_eq(fstat(fd, &a), 0);
	ck_assert_int_eq(fstat(bad_fd, &b), 0);
	if (a.st_ino == b.st_ino)
		synced_bad++;
	else
		synced_cur++;
	return 0;
}

/* Whatever it is; and the folder that it was in is the one that is synced. */
START_TEST(removes_unread)
{
	struct stored st;

	bad_fd = openat(spool.fd, "bad", O_RDONLY);
	ck_assert_int_ge(bad_fd, 0);
	fs.fsync = counting_fsync;
	scratch_write(&spool, "bad", NAME, SPAN("no message"));
	ck_assert_int_eq(store_remove(store, PLACE_BAD, ID), 0);
	ck_assert_int_eq(store_stat(store, PLACE_BAD, ID, &st), -ENOENT);
	ck_assert_int_eq(store_remove(store, PLACE_BAD, ID), -ENOENT);
	ck_assert_int_eq(symlinkat("/nowhere", spool.fd, "bad/" NAME), 0);
	ck_assert_int_eq(store_remove(store, PLACE_BAD, ID), 0);
	ck_assert_int_eq(store_remove(store, PLACE_BAD, ID), -ENOENT);
	ck_assert_int_eq(mkdirat(spool.fd, "bad/" NAME, 0700), 0);
	ck_assert_int_eq(store_remove(store, PLACE_BAD, ID), -EISDIR);
	store_close(store);             /* waits for the syncs */
	store = NULL;
	ck_assert_int_eq(synced_bad, 1);
	ck_assert_int_eq(synced_cur, 0);
	(void)close(bad_fd);
}
END_TEST

Suite *suite_hand(void);

Suite *
suite_hand(void)
{
	Suite *s = suite_create("hand");
	TCase *tc = tcase_create("hand");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, reopens);
	tcase_add_test(tc, fails_again);
	tcase_add_test(tc, says_when_it_is_not_durable);
	tcase_add_test(tc, holds_and_releases);
	tcase_add_test(tc, walks_in_steps);
	tcase_add_test(tc, removes_unread);
	suite_add_tcase(s, tc);
	return s;
}
