/*
 * test_actions.c - an admin's action dies at every call it makes to the file
 * system, or that call fails once.  Afterwards the message stands where it
 * stood, or where it was to go, and never in two places or in none; one that was
 * returned is gone only when its report is there; one of the dead that was
 * let go is tried, and not taken for settled.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "crash/dying.h"
#include "net/loop.h"
#include "relay/actions.h"
#include "session/queue_rig.h"
#include "session/vclock.h"

#define UNREACHED 100           /* added to the exit status: there were not so many calls */

static struct rig r;

static const struct scenario {
	const char *name;
	enum action action;
	const char *from;
	enum place  place, then;        /* then: PLACE_TMP: nowhere */
	const char *journal;
} scenarios[] = {
	{ "hold what waits", ACTION_HOLD, "alice@example.org", PLACE_LATER, PLACE_HOLD, "" },
	{ "release", ACTION_RELEASE, "alice@example.org", PLACE_HOLD, PLACE_CUR, "1 hold by=admin\n" },
	{ "retry of the dead", ACTION_RETRY, "", PLACE_DEAD, PLACE_CUR, "1 fail rcpt=1 code=550 text=no\n" },
	{ "delete", ACTION_DELETE, "alice@example.org", PLACE_LATER, PLACE_TMP, "" },
	{ "bounce of what waits", ACTION_BOUNCE, "alice@example.org", PLACE_LATER, PLACE_TMP, "1 defer rcpt=1 text=later\n" },
	{ "bounce of what is held", ACTION_BOUNCE, "alice@example.org", PLACE_HOLD, PLACE_TMP, "" },
};

#define SCENARIOS (int)(sizeof(scenarios) / sizeof(scenarios[0]))

static void
on_refused(void *arg, msgid id, const char *why)
{
	(void)arg;
	(void)id;
	(void)why;
}

static void
act(enum action action, msgid id)
{
	const struct action_order order = { .action = action, .user = "root", .all = true };
	struct idset    ids = { 0 };
	struct actions *a;

	(void)idset_add(&ids, id);
	a = actions_new(r.q, &order, &ids, &(struct action_ear){ .refused = on_refused });
	while (actions_turn(a))
		;
	actions_free(a);
}

/* With its own loop: the parent's descriptors must not be touched (libevent shares them over a fork). */
static void
live(const struct scenario *sc, msgid id, unsigned way, int k)
{
	vclock_on(false);
	r.base = loop_new();
	alarm(10);
	fs = fs_kernel;
	rig_start(&r);
	dying_arm(way, k);
	act(sc->action, id);
	_exit(dying_disarm() ? 0 : UNREACHED);
}

/* True: call k was made. */
static bool
let_live(const struct scenario *sc, msgid id, unsigned way, int k, const char *where)
{
	int   status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		live(sc, id, way, k);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "%s: killed by %d", where, WTERMSIG(status));
	ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == UNREACHED || WEXITSTATUS(status) == DYING_EXIT,
	    "%s: exit %d", where, WEXITSTATUS(status));
	return WEXITSTATUS(status) != UNREACHED;
}

static msgid
make(const struct scenario *sc)
{
	msgid id = rig_submit(&r, sc->from, "bob@example.net");
	char  name[ID_LEN + 1], path[64];
	int   fd;

	rig_move(&r, id, PLACE_NEW, sc->place);
	msgid_format(id, name);
	snprintf(path, sizeof(path), "%s/%s", place_name(sc->place), name);
	fd = openat(r.spool.fd, path, O_WRONLY | O_APPEND);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, sc->journal, strlen(sc->journal)), (ssize_t)strlen(sc->journal));
	(void)close(fd);
	return id;
}

static bool
is_in(enum place p, msgid id)
{
	char *text, name[ID_LEN + 1], path[64];

	msgid_format(id, name);
	snprintf(path, sizeof(path), "%s/%s", place_name(p), name);
	if (faccessat(r.spool.fd, path, F_OK, 0) != 0)
		return false;
	text = rig_file(&r, p, id);
	ck_assert_ptr_nonnull(strstr(text, "recipient bob@example.net"));
	free(text);
	return true;
}

/* Where it stands; PLACE_TMP: nowhere. */
static enum place
find(msgid id, const char *where)
{
	enum place found = PLACE_TMP;

	for (int p = PLACE_NEW; p < NPLACE; p++) {
		if (!is_in((enum place)p, id))
			continue;
		ck_assert_msg(found == PLACE_TMP, "%s: in %s/ and in %s/", where, place_name(found),
		    place_name((enum place)p));
		found = (enum place)p;
	}
	return found;
}

/* The next daemon: a place memory knows is sent, with the report; the others stay for the admin. */
static void
recover(const struct scenario *sc, enum place is, const char *where)
{
	unsigned reports, copies;

	vclock_on(true);
	rig_start(&r);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	for (int hours = 0; !rig_is_empty(&r) && hours < 3; hours++) {
		rig_pass(&r, 2);
		if (!rig_is_empty(&r))
			vclock_jump_ms(3700 * 1000);
	}
	UNTIL(&r, rig_is_empty(&r), 10);
	copies = rig_got(&r, 0, "bob@example.net");
	reports = rig_got(&r, 0, "alice@example.org");
	ck_assert_msg(copies == (is == PLACE_CUR || is == PLACE_LATER), "%s: %u copies of what was in %s/", where, copies,
	    place_name(is));
	if (sc->action == ACTION_BOUNCE && is == PLACE_TMP)
		ck_assert_msg(reports == 1, "%s: %u reports", where, reports);
	else
		ck_assert_msg(reports <= (sc->action == ACTION_BOUNCE), "%s: %u reports", where, reports);
}

static bool
try_call(const struct scenario *sc, unsigned way, int k)
{
	char where[120];
	enum place is;
	bool reached;
	msgid id;

	rig_make(&r, 1);
	r.lies = true;
	snprintf(where, sizeof(where), "%s, %s at call %d", sc->name, dying_name(way), k);
	scratch_write(&r.spool, "state", "paused", SPAN("one 0 1 root\n"));
	id = make(sc);
	rig_listen(&r);
	reached = let_live(sc, id, way, k, where);
	is = find(id, where);
	ck_assert_msg(is == sc->place || is == sc->then, "%s: in %s/", where, place_name(is));
	/* Without a fault it is done. */
	ck_assert_msg(way != DYING_NOT || is == sc->then, "%s: not done", where);
	recover(sc, is, where);
	rig_end(&r);
	return reached;
}

START_TEST(dies_and_is_followed)
{
	const struct scenario *sc = &scenarios[_i % SCENARIOS];
	unsigned way = (unsigned)(_i / SCENARIOS);
	int      k = 1;

	while (try_call(sc, way, k) && way != DYING_NOT)
		k++;
	/* At the least: open, unlink. */
	if (way != DYING_NOT)
		ck_assert_int_ge(k, 3);
}
END_TEST

Suite *suite_actions(void);

Suite *
suite_actions(void)
{
	Suite *s = suite_create("actions");
	TCase *t = tcase_create("actions");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, dies_and_is_followed, 0, SCENARIOS * (int)ndyings);
	suite_add_tcase(s, t);
	return s;
}
