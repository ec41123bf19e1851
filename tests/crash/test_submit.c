/*
 * test_submit.c - a submission with a fault at every call.  Before its
 * rename nothing is queued; after it the whole message is; and the answer
 * the submitter got is true.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "crash/faults.h"
#include "lib/scratch.h"
#include "spool/draft.h"
#include "spool/store.h"
#include "spool/wake.h"

#define EXIT_QUEUED  0
#define EXIT_REFUSED 75
#define EXIT_MAYBE   76

static struct scratch spool;
static int            wake;             /* a reader: without one the poke is one call short */

static void
setup(void)
{
	scratch_make(&spool);
	wake = wake_open(spool.fd);
	ck_assert_int_ge(wake, 0);
}

static void
teardown(void)
{
	close(wake);
	scratch_remove(&spool);
}

/* A small message is one write; a large one has all the calls there are. */
static const size_t sizes[] = { 10, 3 * DRAFT_BUFFER };

static char
octet(size_t i)
{
	return i % 78 == 77 ? '\n' : (char)('a' + i % 26);
}

static int
write_all(struct draft *d, size_t n)
{
	char   line[1000];
	size_t at = 0;
	int    r = 0;

	while (at < n && r == 0) {
		size_t k = 0;

		for (; k < sizeof(line) && at < n; at++)
			line[k++] = octet(at);
		r = draft_write(d, (struct span){ line, k });
	}
	return r;
}

static int
submit(size_t n)
{
	const struct draft_limits l = { .max_message = 10 << 20, .min_free = 1 };
	struct envelope           e;
	struct draft             *d;
	char                      id[ID_LEN + 1];
	bool                      maybe = false;
	int                       r;

	envelope_init(&e);
	e.time_us = 1764000000000001;
	e.host = xstrdup("h");
	envelope_add(&e, addr_parse(SPAN("a@example.com"), NULL));
	r = draft_begin(spool.fd, &e, &l, &d);
	if (r == 0) {
		(void)write_all(d, n);          /* its errors stick, commit tells them */
		r = draft_commit(d, id, &maybe);
	}
	envelope_done(&e);
	if (r == 0)
		return EXIT_QUEUED;
	return maybe ? EXIT_MAYBE : EXIT_REFUSED;
}

/* ---- what must hold afterwards ---- */

/* The message, octet for octet as it goes on the wire.  One assertion for
   all: each costs a system call. */
static bool
is_whole(const struct message *m, size_t n)
{
	char    *p = malloc(m->size);
	uint64_t at = 0;
	bool     same = message_read(m, 0, p, m->size) == (ssize_t)m->size;

	for (size_t i = 0; i < n && same && at + 2 < m->size; i++) {
		if (octet(i) == '\n')
			same = p[at++] == '\r';
		same = same && p[at++] == octet(i);
	}
	free(p);
	return same && at + 2 == m->size;
}

/* How many messages are queued; each of them is whole. */
static int
queued(struct store *s, size_t n)
{
	char            name[256];
	const char     *why = "";
	struct message *m;
	int             count = scratch_count(&spool, "new", name);
	msgid           id;

	ck_assert_int_le(count, 1);
	if (count == 0)
		return 0;
	ck_assert(msgid_parse(name, &id));
	ck_assert_msg(store_load(s, PLACE_NEW, id, &m, &why) == 0, "half-written: %s", why);
	ck_assert_uint_eq(m->env.nrcpts, 1);
	ck_assert_uint_eq(m->longest, n < 77 ? n : 77);
	ck_assert(is_whole(m, n));
	ck_assert_int_eq(message_remove(s, PLACE_NEW, m), 0);
	return 1;
}

/* The daemon starts anew, reaps, and finds "before" or "after". */
static void
recover(const char *where, int exit, enum fault fault, size_t n)
{
	struct store *s;
	const char   *what;
	int           count, orphans = scratch_count(&spool, "tmp", NULL);

	ck_assert_int_eq(store_open(spool.path, true, &s, &what), 0);
	ck_assert_int_eq(store_reap(s, -10), orphans);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 0);
	count = queued(s, n);
	ck_assert_msg(exit != EXIT_QUEUED || count == 1, "%s: accepted and lost", where);
	ck_assert_msg(exit != EXIT_REFUSED || count == 0, "%s: refused and queued", where);
	ck_assert_msg(exit == EXIT_QUEUED || exit == EXIT_REFUSED || exit == EXIT_MAYBE ||
	    exit == FAULT_EXIT, "%s: exit %d", where, exit);
	if (fault != FAULT_LASTING && exit != FAULT_EXIT)
		ck_assert_msg(orphans == 0, "%s: left something in tmp/", where);
	if (fault == FAULT_SHORT || fault == FAULT_NONE)
		ck_assert_msg(exit == EXIT_QUEUED, "%s: refused without a reason", where);
	store_close(s);
}

/* In a child: true when call k was reached. */
static bool
try_call(const struct fault_way *way, int k, size_t n, bool old_rename, int *ret_exit)
{
	int   status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int  r;
		bool reached;

		faults_arm(way->fault, k, way->error);
		if (old_rename)
			faults_no_noreplace();
		r = submit(n);
		reached = faults_disarm(NULL);
		_exit(reached ? r : r + 100);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "%s at call %d: killed by %d", way->name, k, WTERMSIG(status));
	*ret_exit = WEXITSTATUS(status) % 100;
	return WEXITSTATUS(status) < 100;
}

static void
every_call(const struct fault_way *way, size_t n, bool old_rename)
{
	char where[200];
	int  exit, k = 1;

	for (; try_call(way, k, n, old_rename, &exit); k++) {
		snprintf(where, sizeof(where), "%s at call %d, %zu octets%s", way->name, k, n,
		    old_rename ? ", link and unlink" : "");
		recover(where, exit, way->fault, n);
	}
	recover("no fault", exit, FAULT_NONE, n);
	ck_assert_int_gt(k, 10);        /* openat openat write fsync close rename fsync … */
}

START_TEST(before_or_after)
{
	const struct fault_way *way = &fault_ways[_i / 4];

	every_call(way, sizes[_i % 2], _i / 2 % 2 != 0);
}
END_TEST

/* What reaches the disk, and in which order. */
START_TEST(order)
{
	const char *log, *write, *sync, *rename, *dirsync, *last;
	char        word[100];

	faults_arm(FAULT_NONE, 0, 0);
	ck_assert_int_eq(submit(sizes[_i]), EXIT_QUEUED);
	faults_disarm(NULL);
	log = faults_log();
	snprintf(word, sizeof(word), "fsync:%s/new", strrchr(spool.path, '/') + 1);
	write = strstr(log, "write:tmp/#");
	sync = strstr(log, "fsync:tmp/#");
	rename = strstr(log, "rename");
	dirsync = strstr(log, word);
	ck_assert_msg(write != NULL && sync != NULL && rename != NULL && dirsync != NULL, "%s", log);
	ck_assert_msg(write < sync && sync < rename && rename < dirsync, "%s", log);
	for (last = write; (write = strstr(last + 1, "write:tmp/#")) != NULL; last = write)
		;
	ck_assert_msg(last < sync, "written after its sync: %s", log);
	ck_assert_msg(strstr(log, "write:new/#") == NULL, "%s", log);
	ck_assert_msg(strstr(log, word) < strstr(log, "wake"), "told before it was true: %s", log);
}
END_TEST

/* A small message costs what the design says, and not a call more. */
START_TEST(calls)
{
	char want[600];

	snprintf(want, sizeof(want), "openat openat write:tmp/# fsync:tmp/# close rename "
	    "fsync:%s/new openat write:%s/wake close close", strrchr(spool.path, '/') + 1,
	    strrchr(spool.path, '/') + 1);
	faults_arm(FAULT_NONE, 0, 0);
	ck_assert_int_eq(submit(sizes[0]), EXIT_QUEUED);
	faults_disarm(NULL);
	ck_assert_str_eq(faults_log(), want);
}
END_TEST

Suite *suite_submit(void);

Suite *
suite_submit(void)
{
	Suite *s = suite_create("submit");
	TCase *tc = tcase_create("submit");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, before_or_after, 0, 4 * nfault_ways);
	tcase_add_loop_test(tc, order, 0, sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tc, calls);
	suite_add_tcase(s, tc);
	return s;
}
