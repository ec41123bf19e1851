/*
 * test_queue.c - a real queue, with its relays and sessions, dies at every
 * call it makes to the file system, or that call fails once, while it
 * delivers a message or holds what is too much; its far ends live on in the
 * parent and know what they took.  Then another queue starts on the same
 * spool.  In the end every recipient has the message by the relay that is
 * his, or its sender the report, once; twice where the answer was lost; never
 * not at all.  What the flood guard held was not sent, and root hears of it.
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
#include "relay/actions.h"
#include "session/queue_rig.h"
#include "session/vclock.h"
#include "spool/wake.h"

#define QUIET_MS 60             /* a queue that did nothing for so long has nothing to do */
#define UNREACHED 100           /* added to the exit status: there were not so many calls */

static struct rig r;

#define BOB    "bob@example.net"
#define LATE   "late@example.net"
#define EVE    "eve@example.net"
#define SENDER "alice@example.org"

#define LATE_ONCE { .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 }
#define NO_EVE    { .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" }

#define CORP      "relays = { one }\nroute { recipient = \"*@corp.example.org\"  relays = { two } }\n"
#define CORP_BOB  "bob@corp.example.org"
#define CORP_EVE  "eve@corp.example.org"

static const struct scenario {
	const char *name;
	const char *rcpts;
	const char *aliases;                    /* the file, or NULL */
	const char *top;                        /* of the configuration, or NULL */
	struct turn turn[2];                    /* a relay each; the second needs a top */
	struct {
		const char *rcpt;
		unsigned    relay, times;       /* by that one and by no other */
	} due[6];
} scenarios[] = {
	{ "one deferred", BOB " " LATE, NULL, NULL, { LATE_ONCE }, { { BOB, 0, 1 }, { LATE, 0, 1 } } },
	{ "one refused", BOB " " EVE, NULL, NULL, { NO_EVE }, { { BOB, 0, 1 }, { EVE, 0, 0 }, { SENDER, 0, 1 } } },
	{ "one address of an alias deferred", "root", "root: " BOB ", " LATE "\n", NULL, { LATE_ONCE },
	  { { BOB, 0, 1 }, { LATE, 0, 1 } } },
	{ "one address of an alias refused", "root", "root: " EVE ", " BOB "\n", NULL, { NO_EVE },
	  { { BOB, 0, 1 }, { EVE, 0, 0 }, { SENDER, 0, 1 } } },
	{ "two relays, one deferred and one refused", BOB " " CORP_EVE " " LATE " " CORP_BOB, NULL, CORP,
	  { LATE_ONCE, NO_EVE },
	  { { BOB, 0, 1 }, { LATE, 0, 1 }, { CORP_BOB, 1, 1 }, { CORP_EVE, 1, 0 }, { SENDER, 0, 1 } } },
	{ "two relays, an alias with addresses on both", "root", "root: " LATE ", " CORP_EVE ", " CORP_BOB "\n", CORP,
	  { LATE_ONCE, NO_EVE },
	  { { LATE, 0, 1 }, { CORP_BOB, 1, 1 }, { CORP_EVE, 1, 0 }, { SENDER, 0, 1 } } },
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
check_copies(const char *where, unsigned relay, const char *rcpt, unsigned due, unsigned most)
{
	unsigned got = rig_got(&r, relay, rcpt);

	ck_assert_msg(got >= due && got <= due * most, "%s: %u copies to %s by relay %u, not %u to %u\n%s", where, got, rcpt,
	    relay + 1, due, due * most, rig_tail(&r));
}

static bool
try_call(const struct scenario *sc, unsigned way, int k)
{
	unsigned nrelays = sc->top != NULL ? 2 : 1;
	char where[120];
	bool reached;

	rig_make(&r, nrelays);
	r.lies = true;                  /* a client that dies in the middle of a command is in breach */
	r.top = sc->top;
	for (unsigned i = 0; i < nrelays; i++)
		r.relay[i].turn[0] = sc->turn[i];
	snprintf(where, sizeof(where), "%s, %s at call %d", sc->name, dying_name(way), k);
	if (sc->aliases != NULL)
		scratch_write(&r.spool, ".", "aliases", span_of(sc->aliases));
	rig_submit(&r, SENDER, sc->rcpts);
	rig_listen(&r);
	reached = let_live(way, k, where);
	recover();
	for (size_t i = 0; i < sizeof(sc->due) / sizeof(sc->due[0]) && sc->due[i].rcpt != NULL; i++)
		for (unsigned relay = 0; relay < nrelays; relay++)
			check_copies(where, relay, sc->due[i].rcpt, relay == sc->due[i].relay ? sc->due[i].times : 0,
			    dying_copies(way));
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

/* ---- what is too much ---- */

#define SENT    3
#define ALLOWED 1

static void
release(msgid id)
{
	static const struct action_order order = { .action = ACTION_RELEASE, .user = "root", .all = true };
	struct idset    ids = { 0 };
	struct actions *a;

	(void)idset_add(&ids, id);
	a = actions_new(r.q, &order, &ids, &(struct action_ear){ 0 });
	while (actions_turn(a))
		;
	ck_assert_uint_eq(actions_counts(a)->done, 1);
	actions_free(a);
}

static bool
is_held(msgid id)
{
	char name[ID_LEN + 1], path[64];

	msgid_format(id, name);
	snprintf(path, sizeof(path), "hold/%s", name);
	return faccessat(r.spool.fd, path, F_OK, 0) == 0;
}

/*
 * After a crash the count is made up from what stands in the spool, so a user
 * may have his allowance once more; but what is held was never sent, and root
 * is told while there is any.
 */
static void
check_held(const char *where, const msgid id[SENT], unsigned way)
{
	size_t   held = rig_files(&r, PLACE_HOLD);
	unsigned digests = rig_got(&r, 0, "root@example.com");

	ck_assert_msg(held <= SENT - ALLOWED, "%s: %zu held", where, held);
	ck_assert_msg(way != DYING_NOT || held == SENT - ALLOWED, "%s: %zu held", where, held);
	ck_assert_msg(held > 0 ? digests == 1 : digests <= 1, "%s: %u digests of %zu held\n%s", where, digests, held,
	    rig_tail(&r));
	for (unsigned i = 0; i < SENT; i++) {
		char to[40];

		snprintf(to, sizeof(to), "bob%u@example.net", i);
		check_copies(where, 0, to, is_held(id[i]) ? 0 : 1, dying_copies(way));
		if (is_held(id[i]))
			release(id[i]);
	}
}

static bool
try_flood(unsigned way, int k)
{
	char  where[120], to[40];
	bool  reached;
	msgid id[SENT];

	rig_make(&r, 1);
	r.lies = true;
	r.owners = true;
	r.top = "flood { per-user = 1  per = 1d }\n";
	snprintf(where, sizeof(where), "a flood, %s at call %d", dying_name(way), k);
	for (unsigned i = 0; i < SENT; i++) {
		snprintf(to, sizeof(to), "bob%u@example.net", i);
		id[i] = rig_submit(&r, SENDER, to);
	}
	rig_listen(&r);
	reached = let_live(way, k, where);
	recover();
	rig_pass(&r, 60);
	UNTIL(&r, rig_is_empty(&r), 10);
	check_held(where, id, way);
	UNTIL(&r, rig_is_empty(&r), 60);
	for (unsigned i = 0; i < SENT; i++) {
		snprintf(to, sizeof(to), "bob%u@example.net", i);
		check_copies(where, 0, to, 1, dying_copies(way));
	}
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), 0);
	rig_end(&r);
	return reached;
}

START_TEST(dies_in_a_flood)
{
	int k = 1;

	(void)signal(SIGPIPE, SIG_IGN);
	while (try_flood((unsigned)_i, k) && _i != DYING_NOT)
		k++;
	/* Of the one that goes: rename, open, fstat, pread, unlink; of each other: a journal line and a rename, too. */
	if (_i != DYING_NOT)
		ck_assert_int_ge(k, 15);
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
	tcase_add_loop_test(t, dies_in_a_flood, 0, (int)ndyings);
	suite_add_tcase(s, t);
	return s;
}
