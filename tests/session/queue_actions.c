/*
 * queue_actions.c - what an admin does to messages of a queue: every action on
 * every state, by root, by the owner and by a stranger; and nothing is lost
 * or sent twice by it.
 */
#include "queue_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "relay/actions.h"
#include "vclock.h"

#define STRANGER 4242u

static struct rig           r;
static struct action_counts n;
static char                 said[200];  /* the last refusal */

static void
setup(void)
{
	rig_make(&r, 1);
	said[0] = '\0';
}

static void
setup_two(void)
{
	rig_make(&r, 2);
	said[0] = '\0';
}

/* ---- orders ---- */

static void
on_refused(void *arg, msgid id, const char *why)
{
	(void)arg;
	ck_assert_uint_ne(id, 0);
	snprintf(said, sizeof(said), "%s", why);
}

static struct actions *
begin(enum action action, uid_t uid, bool all, const msgid *id, size_t count)
{
	const struct action_order order = {
		.action = action, .uid = uid, .user = "somebody", .all = all, .relay = action == ACTION_REQUEUE ? "two" : NULL,
	};
	struct idset ids = { 0 };

	for (size_t i = 0; i < count; i++)
		(void)idset_add(&ids, id[i]);
	return actions_new(r.q, &order, &ids, &(struct action_ear){ .refused = on_refused });
}

static void
act_as(enum action action, uid_t uid, bool all, msgid id)
{
	struct actions *a = begin(action, uid, all, &id, 1);

	while (actions_turn(a))
		;
	n = *actions_counts(a);
	actions_free(a);
	ck_assert_uint_eq(n.done + n.gone + n.denied + n.refused, 1);
}

static void
act(enum action action, msgid id)
{
	act_as(action, 0, true, id);
}

/* ---- states ---- */

enum where { READY, LATER, ACTIVE, HELD, DEAD, BAD, NEW, NWHERE };

static const char *const where_names[] = { "ready", "later", "active", "held", "dead", "bad", "new" };
static const enum place place_of[] = {
	PLACE_CUR, PLACE_LATER, PLACE_CUR, PLACE_HOLD, PLACE_DEAD, PLACE_BAD, PLACE_NEW,
};

/* Its one recipient is refused, and it has no sender: dead. */
static void
make_dead(void)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<bob", .say = "550 5.1.1 no such user" };
}

static msgid
make(enum where w, const char *from)
{
	static const struct turn turns[NWHERE] = {
		[LATER] = { .when = "RCPT TO:<bob", .say = "450 4.2.1 come back", .nth = 1 },
		[ACTIVE] = { .when = "end", .act = ACT_STALL },
	};
	msgid id;

	r.relay[0].turn[0] = turns[w];
	if (w == DEAD)
		make_dead();
	rig_start(&r);
	if (w == READY || w == NEW)
		ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	id = rig_submit(&r, w == DEAD ? "" : from, "bob@example.net");
	if (w == NEW)
		return id;
	rig_pass(&r, 2);
	if (w == HELD) {
		ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
		id = rig_submit(&r, from, "bob@example.net");
		rig_move(&r, id, PLACE_NEW, PLACE_HOLD);
	}
	if (w == BAD) {
		char name[ID_LEN + 1];

		id = 0x6614766C7382AFD4u;
		msgid_format(id, name);
		scratch_write(&r.spool, "bad", name, SPAN("no message"));
	}
	ck_assert_uint_eq(rig_files(&r, place_of[w]), 1);
	return id;
}

static size_t
files(void)
{
	size_t all = 0;

	for (int p = PLACE_NEW; p < NPLACE; p++)
		all += rig_files(&r, (enum place)p);
	return all;
}

/* ---- every action on every state, by root ---- */

enum upshot { DONE, REFUSED, ONWAY };

static const struct row {
	enum action action;
	const char *name;
	enum upshot want[NWHERE];
	enum place  then[NWHERE];       /* where it is right after; PLACE_TMP: nowhere */
} rows[] = {
	{ ACTION_RETRY, "retry",
	  { DONE, DONE, DONE, DONE, DONE, REFUSED, DONE },
	  { PLACE_CUR, PLACE_LATER, PLACE_CUR, PLACE_CUR, PLACE_CUR, PLACE_BAD, PLACE_NEW } },
	{ ACTION_HOLD, "hold",
	  { DONE, DONE, ONWAY, REFUSED, REFUSED, REFUSED, DONE },
	  { PLACE_HOLD, PLACE_HOLD, PLACE_CUR, PLACE_HOLD, PLACE_DEAD, PLACE_BAD, PLACE_HOLD } },
	{ ACTION_RELEASE, "release",
	  { REFUSED, REFUSED, ONWAY, DONE, DONE, REFUSED, REFUSED },
	  { PLACE_CUR, PLACE_LATER, PLACE_CUR, PLACE_CUR, PLACE_CUR, PLACE_BAD, PLACE_NEW } },
	{ ACTION_DELETE, "delete",
	  { DONE, DONE, ONWAY, DONE, DONE, DONE, DONE },
	  { PLACE_TMP, PLACE_TMP, PLACE_CUR, PLACE_TMP, PLACE_TMP, PLACE_TMP, PLACE_TMP } },
	{ ACTION_BOUNCE, "bounce",
	  { DONE, DONE, ONWAY, DONE, REFUSED, REFUSED, DONE },
	  { PLACE_TMP, PLACE_TMP, PLACE_CUR, PLACE_TMP, PLACE_DEAD, PLACE_BAD, PLACE_TMP } },
};

#define NROWS (int)(sizeof(rows) / sizeof(rows[0]))

static bool
is_in(enum place p, msgid id)
{
	struct stored st;

	return store_stat(r.store, p, id, &st) == 0;
}

START_TEST(every_action_on_every_state)
{
	const struct row *row = &rows[_i / NWHERE];
	enum where        w = (enum where)(_i % NWHERE);
	msgid             id = make(w, "alice@example.org");
	bool              removed = row->then[w] == PLACE_TMP, bounced = removed && row->action == ACTION_BOUNCE;

	act(row->action, id);
	if (n.done != (row->want[w] == DONE) || n.refused != (row->want[w] != DONE) ||
	    (row->want[w] == ONWAY) != (strcmp(said, "it is on its way") == 0))
		ck_abort_msg("%s of one that is %s: done %zu, refused %zu: %s", row->name, where_names[w], n.done,
		    n.refused, said);
	ck_assert_msg(removed || is_in(row->then[w], id), "%s of one that is %s", row->name, where_names[w]);
	ck_assert_uint_eq(files(), removed ? bounced : 1);
	/* And once more. */
	act(row->action, id);
	ck_assert_uint_eq(n.gone, removed);
	r.lies = true;
	r.relay[0].turn[0] = (struct turn){ 0 };
	rig_end(&r);
}
END_TEST

/* ---- what comes of it ---- */

START_TEST(retried_at_once)
{
	msgid id = make(LATER, "alice@example.org");

	rig_pass(&r, 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	act(ACTION_RETRY, id);
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_logged(&r, "to be tried now, by somebody (uid 0)"), 1);
	rig_end(&r);
}
END_TEST

/* Held, it is not sent, neither by a flush nor after a restart; released, once. */
START_TEST(held_and_released)
{
	msgid id = make(_i == 0 ? READY : LATER, "alice@example.org");
	char *file;

	act(ACTION_HOLD, id);
	ck_assert_int_eq(rig_shown(&r, id).state, SHOWN_HOLD);
	(void)queue_resume(r.q, "one", "root");
	queue_flush(r.q);
	vclock_jump_ms(4000 * 1000);
	rig_pass(&r, 30);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	rig_halt(&r);
	rig_start(&r);
	rig_pass(&r, 30);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	file = rig_file(&r, PLACE_HOLD, id);
	ck_assert_ptr_nonnull(strstr(file, " hold by=admin user=somebody\n"));
	free(file);
	act(ACTION_RELEASE, id);
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(files(), 0);
	rig_end(&r);
}
END_TEST

/* Its journal says that it failed: told so, it would go straight back. */
START_TEST(the_dead_are_tried_again)
{
	msgid id = make(DEAD, "");

	if (_i == 0) {                  /* it fails again: dead again, after a real try */
		unsigned tried = script_moments(r.relay[0].script);

		act(ACTION_RETRY, id);
		UNTIL(&r, rig_files(&r, PLACE_DEAD) == 1, 10);
		ck_assert_uint_gt(script_moments(r.relay[0].script), tried);
	}
	r.relay[0].turn[0] = (struct turn){ 0 };
	act(_i == 1 ? ACTION_RELEASE : ACTION_RETRY, id);
	if (_i == 2) {
		rig_halt(&r);
		rig_start(&r);
	}
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(files(), 0);
	rig_end(&r);
}
END_TEST

/* Who has it already does not get it again. */
START_TEST(the_dead_keep_who_was_sent)
{
	msgid id;

	make_dead();
	rig_start(&r);
	id = rig_submit(&r, "", "eve@example.net bob@example.net");
	UNTIL(&r, rig_files(&r, PLACE_DEAD) == 1, 10);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 1);
	r.relay[0].turn[0] = (struct turn){ 0 };
	act(ACTION_RETRY, id);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	rig_end(&r);
}
END_TEST

/* One report for all who have it not, in words that say who did it. */
START_TEST(bounced_to_its_sender)
{
	msgid id;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<late", .say = "450 4.2.1 come back" };
	rig_start(&r);
	id = rig_submit(&r, "alice@example.org", "bob@example.net late@example.net late2@example.net");
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	act(ACTION_BOUNCE, id);
	ck_assert_uint_eq(n.done, 1);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(files(), 0);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	{
		struct span text = buf_view(&rig_last(&r, 0)->content);

		ck_assert(span_icontains(text, SPAN("returned by the administrator")));
		ck_assert(span_icontains(text, SPAN("Final-Recipient: rfc822; late@example.net")));
		ck_assert(span_icontains(text, SPAN("Final-Recipient: rfc822; late2@example.net")));
		ck_assert(!span_icontains(text, SPAN("Final-Recipient: rfc822; bob@example.net")));
	}
	rig_end(&r);
}
END_TEST

static int
refusing_fsync(int fd)
{
	(void)fd;
	errno = ENOSPC;
	return -1;
}

/* No report, no removal. */
START_TEST(what_cannot_be_done_changes_nothing)
{
	msgid id = make(LATER, "alice@example.org");

	fs.fsync = refusing_fsync;
	act(ACTION_BOUNCE, id);
	ck_assert_uint_eq(n.refused, 1);
	fs.fsync = fs_kernel.fsync;
	r.rename_error = EIO;
	act(ACTION_HOLD, id);
	ck_assert_uint_eq(n.refused, 1);
	ck_assert_str_eq(said, strerror(EIO));
	r.rename_error = 0;
	ck_assert_int_eq(rig_shown(&r, id).state, SHOWN_LATER);
	act(ACTION_RETRY, id);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	rig_end(&r);
}
END_TEST

/* The dead are not let go before the journal says so for good. */
START_TEST(a_reopening_that_is_not_durable)
{
	msgid id = make(DEAD, "");
	int (*sync)(int) = fs.fdatasync;

	fs.fdatasync = refusing_fsync;
	act(ACTION_RETRY, id);
	fs.fdatasync = sync;
	ck_assert_uint_eq(n.refused, 1);
	ck_assert(is_in(PLACE_DEAD, id));
	rig_end(&r);
}
END_TEST

START_TEST(what_is_nowhere_is_gone)
{
	msgid id = make(LATER, "alice@example.org");
	char  name[ID_LEN + 1], path[64];

	act(ACTION_DELETE, 12345);
	ck_assert_uint_eq(n.gone, 1);
	/* Removed by hand: memory finds out now. */
	msgid_format(id, name);
	snprintf(path, sizeof(path), "later/%s", name);
	ck_assert_int_eq(unlinkat(r.spool.fd, path, 0), 0);
	act(ACTION_DELETE, id);
	ck_assert_uint_eq(n.gone, 1);
	ck_assert(rig_is_empty(&r));
	rig_end(&r);
}
END_TEST

/* ---- who may ---- */

START_TEST(a_stranger)
{
	static const enum action all[] = { ACTION_HOLD, ACTION_RELEASE, ACTION_DELETE, ACTION_BOUNCE };
	enum where w = (enum where)_i;
	msgid      id = make(w, "alice@example.org");

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		act_as(all[i], STRANGER, false, id);
		ck_assert_uint_eq(n.done, 0);
	}
	ck_assert(is_in(place_of[w], id));
	act_as(ACTION_RETRY, STRANGER, false, id);
	ck_assert_uint_eq(n.denied, w == HELD || w == DEAD || w == BAD);
	ck_assert(w == LATER || is_in(place_of[w], id));
	rig_end(&r);
}
END_TEST

/* Of what waits a stranger may ask for a retry; not with each second. */
START_TEST(a_strangers_retry)
{
	msgid id = make(LATER, "alice@example.org");

	act_as(ACTION_RETRY, STRANGER, false, id);
	ck_assert_uint_eq(n.done, 1);
	rig_pass(&r, 30);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	rig_pass(&r, 40);
	act_as(ACTION_RETRY, STRANGER, false, id);
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	rig_end(&r);
}
END_TEST

/* What he held himself he may let go, what root or the guard held he may not; deleting his own he may. */
START_TEST(the_owner)
{
	msgid id = make(LATER, "alice@example.org");

	act_as(ACTION_HOLD, getuid(), _i == 0, id);
	ck_assert_uint_eq(n.done, 1);
	act_as(ACTION_BOUNCE, STRANGER, false, id);
	ck_assert_uint_eq(n.denied, 1);
	if (_i == 0) {
		act_as(ACTION_RELEASE, getuid(), false, id);
		ck_assert_uint_eq(n.denied, 1);
		act_as(ACTION_RETRY, getuid(), false, id);
		ck_assert_uint_eq(n.denied, 1);
		act_as(ACTION_BOUNCE, getuid(), false, id);
		ck_assert_uint_eq(n.denied, 1);
		act_as(ACTION_DELETE, getuid(), false, id);
		ck_assert_uint_eq(n.done, 1);
		ck_assert_uint_eq(files(), 0);
	} else {
		act_as(ACTION_RELEASE, getuid(), false, id);
		ck_assert_uint_eq(n.done, 1);
		UNTIL(&r, rig_is_empty(&r), 5);
		ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	}
	rig_end(&r);
}
END_TEST

/* ---- many ---- */

#define MANY 3000

/* Half of a long queue, in slices, while the other half goes out. */
START_TEST(many_in_slices)
{
	static msgid    id[MANY];
	struct actions *a;
	unsigned        slices = 0;

	rig_start(&r);
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		msgid got = rig_submit(&r, "alice@example.org", i % 2 == 0 ? "bob@example.net" : "carol@example.net");

		if (i % 2 == 0)
			id[i / 2] = got;
	}
	rig_pass(&r, 2);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	a = begin(_i == 0 ? ACTION_DELETE : ACTION_HOLD, 0, true, id, MANY);
	for (; actions_turn(a); slices++)
		(void)rig_turn(&r);
	ck_assert_uint_ge(slices, 2);
	ck_assert_uint_eq(actions_counts(a)->done, MANY);
	actions_free(a);
	UNTIL(&r, rig_is_empty(&r), 60);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 0);
	ck_assert_uint_eq(rig_got(&r, 0, "carol@example.net"), MANY);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), _i == 0 ? 0 : MANY);
	rig_end(&r);
}
END_TEST

/* Whoever asked has gone: what was not reached is sent as ever. */
START_TEST(given_up_in_the_middle)
{
	static msgid    id[MANY];
	struct actions *a;
	size_t          held;

	rig_start(&r);
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	for (unsigned i = 0; i < MANY; i++)
		id[i] = rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_pass(&r, 2);
	a = begin(ACTION_HOLD, 0, true, id, MANY);
	ck_assert(actions_turn(a));
	held = actions_counts(a)->done;
	ck_assert_uint_lt(held, MANY);
	actions_free(a);
	actions_free(NULL);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	UNTIL(&r, rig_is_empty(&r), 60);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), held);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), MANY - held);
	rig_end(&r);
}
END_TEST

/* A message of many transactions, of which some are out: it is on its way; of which none is, it is not. */
START_TEST(half_a_message_is_on_its_way)
{
	msgid id;

	r.relay[0].lines = "\trecipients-per-message = 10\n\tpipeline-depth = 1\n\tconnections = 1\n";
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_STALL, .nth = 3 };
	r.lies = true;
	id = rig_submit_many(&r, "alice@example.org", 100);
	rig_start(&r);
	rig_pass(&r, 5);
	act(ACTION_DELETE, id);
	ck_assert_str_eq(said, "it is on its way");
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, files() == 0, 7200);
	rig_end(&r);
}
END_TEST

/* By the other relay, though its own is well. */
START_TEST(requeued)
{
	msgid id;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<bob", .say = "450 4.2.1 come back" };
	rig_start(&r);
	id = rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	act(ACTION_REQUEUE, id);
	ck_assert_uint_eq(n.done, 1);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	rig_end(&r);
}
END_TEST

TCase *
queue_actions_case(void)
{
	TCase *t = tcase_create("actions");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, every_action_on_every_state, 0, NROWS * NWHERE);
	tcase_add_test(t, retried_at_once);
	tcase_add_loop_test(t, held_and_released, 0, 2);
	tcase_add_loop_test(t, the_dead_are_tried_again, 0, 3);
	tcase_add_test(t, the_dead_keep_who_was_sent);
	tcase_add_test(t, bounced_to_its_sender);
	tcase_add_test(t, what_cannot_be_done_changes_nothing);
	tcase_add_test(t, a_reopening_that_is_not_durable);
	tcase_add_test(t, what_is_nowhere_is_gone);
	tcase_add_loop_test(t, a_stranger, 0, NWHERE);
	tcase_add_test(t, a_strangers_retry);
	tcase_add_loop_test(t, the_owner, 0, 2);
	tcase_add_loop_test(t, many_in_slices, 0, 2);
	tcase_add_test(t, given_up_in_the_middle);
	tcase_add_test(t, half_a_message_is_on_its_way);
	return t;
}

TCase *
queue_actions_two_case(void)
{
	TCase *t = tcase_create("actions with two relays");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup_two, NULL);
	tcase_add_test(t, requeued);
	return t;
}
