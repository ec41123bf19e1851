/*
 * test_queue.c - a real queue, with its relay and sessions, dies at every
 * call it makes to the file system, or that call fails once, while it
 * delivers a message; its far end lives on in the parent and knows what it
 * took.  Then another queue starts on the same spool.  In the end every
 * recipient has the message, or its sender the report, once; twice where the
 * answer was lost; never not at all.
 */
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/fs.h"
#include "crash/dying.h"
#include "net/loop.h"
#include "session/queue_rig.h"
#include "session/vclock.h"
#include "spool/wake.h"

#define QUIET_MS 60             /* a queue that did nothing for so long has nothing to do */
#define UNREACHED 100           /* added to the exit status: there were not so many calls */

static struct rig r;

static const struct scenario {
	const char *name;
	const char *rcpts;
	const char *aliases;                    /* the file, or NULL */
	struct turn turn;
	unsigned    late, eve, reports;         /* how often each is due; bob is once */
} scenarios[] = {
	{ "one deferred", "bob@example.net late@example.net", NULL,
	  { .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 }, 1, 0, 0 },
	{ "one refused", "bob@example.net eve@example.net", NULL,
	  { .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" }, 0, 0, 1 },
	{ "one address of an alias deferred", "root", "root: bob@example.net, late@example.net\n",
	  { .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 }, 1, 0, 0 },
	{ "one address of an alias refused", "root", "root: eve@example.net, bob@example.net\n",
	  { .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" }, 0, 0, 1 },
};

#define SCENARIOS (int)(sizeof(scenarios) / sizeof(scenarios[0]))

/* ---- the one that dies ---- */

static int64_t last_ms;

static void
on_quiet(void *arg)
{
	(void)arg;
}

static bool
has_work(void)
{
	struct queue_counts c;

	queue_count(r.q, &c);
	return c.ready + c.carried > 0 || rig_files(&r, PLACE_NEW) > 0;
}

/* With its own loop: the parent's descriptors must not be touched (libevent shares them over a fork). */
static void
live(unsigned way, int k)
{
	struct timer *quiet;
	bool          reached;

	vclock_on(false);
	r.base = loop_new();
	quiet = timer_new(r.base, on_quiet, NULL);
	alarm(10);
	fs = fs_kernel;
	rig_start(&r);
	dying_arm(way, k);
	last_ms = clock_mono_ms();
	do {
		timer_set(quiet, QUIET_MS / 3);
		event_base_loop(r.base, EVLOOP_ONCE);
	} while (has_work() && clock_mono_ms() - last_ms < 5 * QUIET_MS);
	reached = dying_disarm();
	_exit(reached ? 0 : UNREACHED);
}

/* ---- the far end meanwhile ---- */

static void
on_child_gone(void *arg)
{
	*(bool *)arg = true;
}

/* True: call k was made. */
static bool
let_live(unsigned way, int k, const char *where)
{
	int           pipe_fd[2], status;
	bool          gone = false;
	struct watch *w;
	pid_t         pid;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)close(pipe_fd[0]);
		live(way, k);
	}
	(void)close(pipe_fd[1]);
	vclock_on(false);
	w = watch_fd(r.base, pipe_fd[0], on_child_gone, &gone);
	while (!gone)
		event_base_loop(r.base, EVLOOP_ONCE);
	watch_free(w);
	(void)close(pipe_fd[0]);
	/* What it had sent before it died is still read. */
	for (int i = 0; i < 20; i++)
		loop_turn(r.base);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "%s: killed by %d", where, WTERMSIG(status));
	ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == UNREACHED || WEXITSTATUS(status) == DYING_EXIT,
	    "%s: exit %d", where, WEXITSTATUS(status));
	return WEXITSTATUS(status) != UNREACHED;
}

/* ---- afterwards ---- */

static void
recover(void)
{
	vclock_on(true);
	rig_start(&r);
	for (int hours = 0; !rig_is_empty(&r) && hours < 3; hours++) {
		rig_pass(&r, 2);
		if (!rig_is_empty(&r))
			vclock_jump_ms(3700 * 1000);
	}
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_files(&r, PLACE_DEAD) + rig_files(&r, PLACE_BAD), 0);
}

static void
check_copies(const char *where, const char *rcpt, unsigned due, unsigned most)
{
	unsigned got = rig_got(&r, 0, rcpt);

	ck_assert_msg(got >= due && got <= due * most, "%s: %u copies to %s, not %u to %u\n%s", where, got, rcpt, due,
	    due * most, rig_tail(&r));
}

static bool
try_call(const struct scenario *sc, unsigned way, int k)
{
	char where[120];
	bool reached;

	rig_make(&r, 1);
	r.lies = true;                  /* a client that dies in the middle of a command is in breach */
	r.relay[0].turn[0] = sc->turn;
	snprintf(where, sizeof(where), "%s, %s at call %d", sc->name, dying_name(way), k);
	if (sc->aliases != NULL)
		scratch_write(&r.spool, ".", "aliases", span_of(sc->aliases));
	rig_submit(&r, "alice@example.org", sc->rcpts);
	rig_listen(&r);
	reached = let_live(way, k, where);
	recover();
	check_copies(where, "bob@example.net", 1, dying_copies(way));
	check_copies(where, "late@example.net", sc->late, dying_copies(way));
	check_copies(where, "eve@example.net", sc->eve, dying_copies(way));
	check_copies(where, "alice@example.org", sc->reports, dying_copies(way));
	rig_end(&r);
	return reached;
}

START_TEST(dies_and_is_followed)
{
	const struct scenario *sc = &scenarios[_i % SCENARIOS];
	unsigned way = (unsigned)(_i / SCENARIOS);
	int      k = 1;

	(void)signal(SIGPIPE, SIG_IGN);
	while (try_call(sc, way, k) && way != DYING_NOT)
		k++;
	/* rename, stat, open, fstat, pread, a journal line and its sync, another, rename, close */
	if (way != DYING_NOT)
		ck_assert_int_ge(k, 10);
}
END_TEST

Suite *suite_queue(void);

Suite *
suite_queue(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, dies_and_is_followed, 0, SCENARIOS * (int)ndyings);
	suite_add_tcase(s, t);
	return s;
}
