/*
 * test_deliver.c - the daemon's side with a fault at every call: taking a
 * message, noting an outcome, moving, removing, and replacing a state file.
 * Whatever happens, a message is in one place or was settled, and what the
 * journal says of it is true.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "crash/faults.h"
#include "lib/scratch.h"
#include "spool/store.h"

#define ID       0x6614766C7382AFD4u
#define NAME     "6614766C7382AFD4"
#define ENVELOPE "time 1764000000.000001\nhost h\nfrom-user 7\n" \
    "recipient a@x.org\nrecipient b@x.org\n\n"
#define MESSAGE  "Subject: x\r\n\r\nbody\r\n"
#define STATE    "state of before"
#define NEWER    "state of after, which is longer than the other one"

static struct scratch spool;

/* What the operation has got done, seen from outside: the upstream's view. */
static struct progress {
	bool took, sent, noted, removed;
} *progress;

static void
setup(void)
{
	scratch_make(&spool);
	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(progress, MAP_FAILED);
}

static void
teardown(void)
{
	munmap(progress, sizeof(*progress));
	scratch_remove(&spool);
}

static void
make(const char *dir)
{
	struct buf b;

	buf_init(&b, 10000);
	buf_printf(&b, "postern 1 %014zu %014zu\n" ENVELOPE MESSAGE "1764000000 stored longest=10\n",
	    strlen(ENVELOPE), strlen(MESSAGE));
	scratch_write(&spool, dir, NAME, buf_view(&b));
	buf_done(&b);
}

static struct store *
open_store(void)
{
	struct store *s;
	const char   *what;

	ck_assert_int_eq(store_open(spool.path, true, &s, &what), 0);
	return s;
}

/* ---- the operations; each in a child, on a store that is open ---- */

static int
note(struct message *m, size_t rcpt, enum outcome what, bool sync)
{
	struct outcome_note n = {
		.what = what, .time_s = 1764000031, .code = 250, .dsn = "2.0.0", .relay = "r",
		.text = (char *)"OK it is",
	};

	return message_note(m, rcpt, &n, sync);
}

/* All of a delivery: two recipients, one after the other. */
static int
deliver(struct store *s)
{
	struct message *m;
	const char     *why;
	msgid           id;
	int             r;

	if ((r = store_take(s, ID, &id)) < 0)
		return r;
	progress->took = true;
	if ((r = store_load(s, PLACE_CUR, id, &m, &why)) < 0)
		return r;
	if ((r = note(m, 0, OUTCOME_SENT, true)) == 0) {
		progress->noted = true;
		progress->sent = true;          /* the second 250: from here on it may be gone */
		r = message_remove(s, PLACE_CUR, m);
		progress->removed = r == 0;
	}
	if (r < 0)
		message_close(s, m);
	return r;
}

static int
defer(struct store *s)
{
	struct message *m;
	const char     *why;
	int             r;

	if ((r = store_load(s, PLACE_CUR, ID, &m, &why)) < 0)
		return r;
	r = note(m, 1, OUTCOME_DEFERRED, false);
	progress->noted = r == 0;
	if (r == 0)
		r = message_note_warned(m, 1764000032);
	message_close(s, m);
	return r == 0 ? store_move(s, ID, PLACE_CUR, PLACE_LATER) : r;
}

static int
replace(struct store *s)
{
	int dir = fs_open_dir(store_spool_fd(s), "state");
	int r;

	if (dir < 0)
		return dir;
	r = fs_replace(dir, "quota", SPAN(NEWER), 0600);
	progress->noted = r == 0;
	close(dir);
	return r;
}

/* ---- what must hold afterwards ---- */

/* The message in one of these places, whole; then it is taken away. */
static int
find(struct store *s, enum place p, enum outcome ret_what[2])
{
	struct message *m;
	const char     *why = "";
	char            name[256], text[sizeof(MESSAGE)];
	int             n = scratch_count(&spool, place_name(p), name);
	msgid           id;

	ck_assert_int_le(n, 1);
	if (n == 0)
		return 0;
	ck_assert(msgid_parse(name, &id));
	ck_assert_msg(store_load(s, p, id, &m, &why) == 0, "spoilt: %s", why);
	ck_assert_uint_eq(m->size, strlen(MESSAGE));
	ck_assert_int_eq(message_read(m, 0, text, sizeof(text)), (int)strlen(MESSAGE));
	ck_assert_int_eq(memcmp(text, MESSAGE, strlen(MESSAGE)), 0);
	ret_what[0] = m->notes[0].what;
	ret_what[1] = m->notes[1].what;

	/* Whatever is torn, the next outcome is readable. */
	ck_assert_int_eq(note(m, 1, OUTCOME_FAILED, false), 0);
	message_close(s, m);
	ck_assert_int_eq(store_load(s, p, id, &m, &why), 0);
	ck_assert_int_eq(m->notes[0].what, ret_what[0]);
	ck_assert_int_eq(m->notes[1].what, OUTCOME_FAILED);
	ck_assert_int_eq(message_remove(s, p, m), 0);
	return 1;
}

/*
 * Where a rename is a link and an unlink, death in between leaves one
 * message under both names; the same move once more ends that.
 */
static void
heal(struct store *s, enum place from, enum place to)
{
	if (scratch_count(&spool, place_name(from), NULL) > 0 &&
	    scratch_count(&spool, place_name(to), NULL) > 0)
		ck_assert_int_eq(store_move(s, ID, from, to), 0);
}

static void
after_deliver(const char *where, struct store *s, bool answered, int r)
{
	enum outcome what[2] = { OUTCOME_NONE, OUTCOME_NONE };
	int          fresh, taken;

	heal(s, PLACE_NEW, PLACE_CUR);
	fresh = find(s, PLACE_NEW, what);
	taken = find(s, PLACE_CUR, what);
	ck_assert_msg(fresh + taken > 0 || progress->sent, "%s: lost", where);
	ck_assert_msg(!progress->removed || fresh + taken == 0, "%s: removed and there", where);
	ck_assert_msg(!progress->took || fresh == 0, "%s: taken and still new", where);
	ck_assert_msg(!progress->noted || taken == 0 || what[0] == OUTCOME_SENT,
	    "%s: a synced outcome is forgotten", where);
	ck_assert_msg(what[1] == OUTCOME_NONE, "%s: an outcome nobody noted", where);
	ck_assert_msg(!answered || r < 0 || progress->removed, "%s: success and not done", where);
}

static void
after_defer(const char *where, struct store *s, bool answered, int r)
{
	enum outcome what[2] = { OUTCOME_NONE, OUTCOME_NONE };
	int          cur, later;

	heal(s, PLACE_CUR, PLACE_LATER);
	cur = find(s, PLACE_CUR, what);
	later = find(s, PLACE_LATER, what);
	ck_assert_msg(cur + later > 0, "%s: lost", where);
	ck_assert_msg(what[0] == OUTCOME_NONE, "%s: an outcome nobody noted", where);
	ck_assert_msg(!progress->noted || what[1] == OUTCOME_DEFERRED, "%s: forgotten", where);
	ck_assert_msg(later == 0 || what[1] == OUTCOME_DEFERRED, "%s: moved without a note", where);
	ck_assert_msg(!answered || r < 0 || (later == 1 && cur == 0), "%s: success and not done", where);
}

static void
after_replace(const char *where, struct store *s, bool answered, int r)
{
	char *text = scratch_read(&spool, "state", "quota", NULL);

	(void)s;
	ck_assert_msg(strcmp(text, STATE) == 0 || strcmp(text, NEWER) == 0, "%s: '%s'", where, text);
	ck_assert_msg(!answered || r < 0 || strcmp(text, NEWER) == 0, "%s: success and not done", where);
	free(text);
}

static const struct operation {
	const char *name;
	const char *dir;                /* where the message is at first; NULL: none needed */
	int       (*run)(struct store *s);
	void      (*after)(const char *where, struct store *s, bool answered, int r);
} operations[] = {
	{ "deliver", "new", deliver, after_deliver },
	{ "defer", "cur", defer, after_defer },
	{ "replace", NULL, replace, after_replace },
};

#define NOPERATIONS (int)(sizeof(operations) / sizeof(operations[0]))

/* True when call k was reached.  *ret_r: what the operation said, if it lived to. */
static bool
try_call(const struct operation *op, const struct fault_way *way, int k, bool old_rename,
    bool *ret_answered, int *ret_r)
{
	int   status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct store *s = open_store();
		bool          reached;
		int           r;

		faults_arm(way->fault, k, way->error);
		if (old_rename)
			faults_no_noreplace();
		r = op->run(s);
		reached = faults_disarm(NULL);
		_exit((r < 0 ? 1 : 0) + (reached ? 0 : 2));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "%s at call %d: killed by %d", way->name, k, WTERMSIG(status));
	*ret_answered = WEXITSTATUS(status) != FAULT_EXIT;
	ck_assert_int_lt(WEXITSTATUS(status), *ret_answered ? 4 : 255);
	*ret_r = WEXITSTATUS(status) & 1 ? -1 : 0;
	return !*ret_answered || (WEXITSTATUS(status) & 2) == 0;
}

static void
every_call(const struct operation *op, const struct fault_way *way, bool old_rename)
{
	bool more = true;

	for (int k = 1; more; k++) {
		struct store *s;
		char          where[200];
		bool          answered;
		int           r;

		*progress = (struct progress){ false };
		if (op->dir != NULL)
			make(op->dir);
		scratch_write(&spool, "state", "quota", SPAN(STATE));
		more = try_call(op, way, k, old_rename, &answered, &r);
		snprintf(where, sizeof(where), "%s: %s at call %d%s", op->name, way->name, k,
		    old_rename ? ", link and unlink" : "");
		s = open_store();
		op->after(where, s, answered, r);
		store_close(s);
		ck_assert_msg(more || (answered && r == 0), "%s: fails without a fault", where);
		ck_assert_msg(way->fault != FAULT_SHORT || r == 0, "%s: half is no failure", where);
		ck_assert_int_lt(k, 100);
		ck_assert(more || k > 4);
	}
}

START_TEST(before_or_after)
{
	int ways = _i / NOPERATIONS;

	every_call(&operations[_i % NOPERATIONS], &fault_ways[ways / 2], ways % 2 != 0);
}
END_TEST

/* An outcome that must not be repeated is on the disk before the removal. */
START_TEST(order)
{
	struct store *s = open_store();
	const char   *log, *write, *sync, *unlink;

	make("new");
	faults_arm(FAULT_NONE, 0, 0);
	ck_assert_int_eq(deliver(s), 0);
	faults_disarm(NULL);
	log = faults_log();
	write = strstr(log, "write:cur/#");
	sync = strstr(log, "fdatasync:cur/#");
	unlink = strstr(log, "unlink");
	ck_assert_msg(write != NULL && sync != NULL && unlink != NULL, "%s", log);
	ck_assert_msg(write < sync && sync < unlink, "%s", log);
	store_close(s);
}
END_TEST

Suite *suite_deliver(void);

Suite *
suite_deliver(void)
{
	Suite *s = suite_create("deliver");
	TCase *tc = tcase_create("deliver");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, before_or_after, 0, 2 * NOPERATIONS * nfault_ways);
	tcase_add_test(tc, order);
	suite_add_tcase(s, tc);
	return s;
}
