/* actions.c - an order of an admin, carried out in slices; see actions.h. */
#include "relay/actions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "relay/bounce.h"
#include "relay/queue_private.h"
#include "relay/sender.h"

#define SLICE_MS 3                      /* of a loop that nobody may hold up for 20; one call may take as long */
#define SLICE    1000                   /* and where the clock does not tell */
#define STRANGER_S 60                   /* how often a stranger's retry counts for one message */

/* One message of the order. */
struct wanted {
	struct entry *e;                /* out of the queue's memory: ours until it is back or gone */
	enum place    place;            /* of e; or where the file was found */
	bool          carried;
	bool          ready;            /* it stands in line, and may stay there */
	bool          denied;
};

struct actions {
	struct queue        *q;
	struct action_order  order;
	char                *user, *relay;
	struct action_ear    ear;
	struct idset         ids;
	struct wanted       *wanted;    /* one each of ids */
	size_t               at;
	bool                 touched[NPLACE];   /* files came into these: to be synced */
	struct action_counts n;
};

/* ---- out of memory ---- */

static bool
is_his(const struct actions *a, uid_t owner)
{
	return a->order.all || owner == a->order.uid;
}

/* Others' mail counts as gone then, whatever is asked for and wherever it stands. */
static bool
is_hidden(const struct actions *a, uid_t owner)
{
	return a->order.own && !is_his(a, owner);
}

/* A stranger may ask for another try of anything; now and then it is even made. */
static bool
may_take(const struct actions *a, const struct entry *e)
{
	if (is_his(a, e->uid))
		return true;
	return a->order.action == ACTION_RETRY && clock_wall_s() - (int64_t)e->last_s >= STRANGER_S;
}

static struct wanted *
find(const struct actions *a, const struct entry *e)
{
	size_t i = is_hidden(a, e->uid) ? IDSET_NONE : idset_find(&a->ids, e->id);

	return i != IDSET_NONE ? &a->wanted[i] : NULL;
}

/* What is ready needs no retry and no release. */
static bool
is_wanted_ready(void *arg, const struct entry *e)
{
	struct actions *a = arg;
	struct wanted *w = find(a, e);

	if (w == NULL)
		return false;
	w->ready = a->order.action == ACTION_RETRY || a->order.action == ACTION_RELEASE;
	w->denied = !w->ready && !may_take(a, e);
	return !w->ready && !w->denied;
}

static bool
is_wanted_later(void *arg, const struct entry *e)
{
	struct actions *a = arg;
	struct wanted *w = find(a, e);

	if (w == NULL)
		return false;
	w->ready = a->order.action == ACTION_RELEASE ||
	    (a->order.action == ACTION_RETRY && !may_take(a, e));
	w->denied = !w->ready && !may_take(a, e);
	return !w->ready && !w->denied;
}

static void
take(struct actions *a, enum place p, bool (*which)(void *arg, const struct entry *e))
{
	struct entry *all = queue_take_those(a->q, p, which, a, a->ids.n), *e;

	while ((e = all) != NULL) {
		struct wanted *w = find(a, e);

		all = e->next;
		w->e = e;
		w->place = p;
	}
}

/* Mails that nobody pulled yet are no reason to refuse. */
static void
gather(struct actions *a)
{
	queue_withdraw_all(a->q);
	for (struct work *k = a->q->works; k != NULL; k = *work_next(k)) {
		struct wanted *w = find(a, work_entry(k));

		if (w != NULL)
			w->carried = true;
	}
	take(a, PLACE_CUR, is_wanted_ready);
	take(a, PLACE_LATER, is_wanted_later);
}

struct actions *
actions_new(struct queue *q, const struct action_order *order, struct idset *ids, const struct action_ear *ear)
{
	struct actions *a = xcalloc(1, sizeof(*a));

	a->q = q;
	a->order = *order;
	a->user = xstrdup(order->user);
	a->relay = order->relay != NULL ? xstrdup(order->relay) : NULL;
	a->ear = *ear;
	a->ids = *ids;
	*ids = (struct idset){ 0 };
	a->wanted = xcalloc(a->ids.n + 1, sizeof(*a->wanted));
	gather(a);
	return a;
}

/* ---- back into memory ---- */

static void
put_back(struct actions *a, struct wanted *w)
{
	if (w->e == NULL)
		return;
	if (w->place == PLACE_LATER)
		due_add(a->q->due, w->e, w->e->due_s);
	else
		queue_make_ready(a->q, w->e);
	w->e = NULL;
}

static void
forget(struct wanted *w)
{
	free(w->e);
	w->e = NULL;
}

/* ---- what it comes to ---- */

static void
refuse(struct actions *a, struct wanted *w, const char *why)
{
	put_back(a, w);
	a->n.refused++;
	a->ear.refused(a->ear.arg, a->ids.id[a->at], why);
}

static void
deny(struct actions *a, struct wanted *w)
{
	put_back(a, w);
	a->n.denied++;
}

static void
fail(struct actions *a, struct wanted *w, int err)
{
	if (err != -ENOENT) {
		refuse(a, w, strerror(-err));
		return;
	}
	forget(w);                      /* somebody removed it by hand */
	a->n.gone++;
}

static void
done(struct actions *a, const char *what)
{
	char id[ID_LEN + 1];

	msgid_format(a->ids.id[a->at], id);
	log_info("%s: %s by %s (uid %u)", id, what, a->user, (unsigned)a->order.uid);
	a->n.done++;
}

/* ---- the file ---- */

/* Where it is when memory knows nothing of it, or is not right. */
static bool
find_file(struct actions *a, struct wanted *w, struct stored *st)
{
	static const enum place places[] = {
		PLACE_CUR, PLACE_LATER, PLACE_HOLD, PLACE_DEAD, PLACE_BAD, PLACE_NEW,
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (store_stat(a->q->store, places[i], a->ids.id[a->at], st) == 0) {
			w->place = places[i];
			return !is_hidden(a, st->uid);
		}
	}
	return false;
}

/* NULL: the message has its verdict. */
static struct message *
load(struct actions *a, struct wanted *w)
{
	struct message *m;
	const char *why = NULL;
	struct buf text;
	int err = store_load(a->q->store, w->place, a->ids.id[a->at], &m, &why);

	if (err == 0)
		return m;
	if (err != -EBADMSG && err != -EAGAIN) {
		fail(a, w, err);
		return NULL;
	}
	buf_init(&text, 1024);
	buf_printf(&text, "it cannot be read (%s): only delete it", err == -EAGAIN ? "it was never finished" : why);
	refuse(a, w, buf_cstr(&text));
	buf_done(&text);
	return NULL;
}

static int
move(struct actions *a, struct wanted *w, enum place to)
{
	int err = store_move(a->q->store, a->ids.id[a->at], w->place, to);

	if (err == 0)
		a->touched[to] = true;
	return err;
}

/* ---- the actions ---- */

static void
retry(struct actions *a, struct wanted *w)
{
	due_add(a->q->due, w->e, clock_wall_s());
	w->e = NULL;
	done(a, "to be tried now,");
}

static void
hold(struct actions *a, struct wanted *w)
{
	struct message *m;
	int err;

	if (w->place == PLACE_HOLD || w->place == PLACE_DEAD) {
		refuse(a, w, w->place == PLACE_HOLD ? "it is held already" : "it is dead, and waits for nothing");
		return;
	}
	if ((m = load(a, w)) == NULL)
		return;
	/* Without the line it is held all the same, and only root lets it go. */
	(void)message_note_held(m, clock_wall_s(), a->order.all ? "admin" : "owner", a->user);
	message_close(a->q->store, m);
	if ((err = move(a, w, PLACE_HOLD)) != 0) {
		fail(a, w, err);
		return;
	}
	forget(w);
	done(a, "held");
}

/* What the admin or the guard holds is not its owner's to let go. */
static bool
may_let_go(const struct actions *a, const struct wanted *w, const struct message *m)
{
	return a->order.all || w->place != PLACE_HOLD || strcmp(m->held_by, "owner") == 0;
}

static void
release(struct actions *a, struct wanted *w)
{
	struct message *m = load(a, w);
	struct entry *e;
	uid_t uid;
	int err = 0;

	if (m == NULL)
		return;
	if (!may_let_go(a, w, m)) {
		message_close(a->q->store, m);
		deny(a, w);
		return;
	}
	uid = m->uid;
	/* Were it in cur/ with everybody failed, it would be taken for settled. */
	if (w->place == PLACE_DEAD)
		err = message_note_reopened(m, clock_wall_s(), a->user);
	else
		(void)message_note_released(m, clock_wall_s(), a->user);
	message_close(a->q->store, m);
	if (err != 0 || (err = move(a, w, PLACE_CUR)) != 0) {
		fail(a, w, err);
		return;
	}
	e = entry_new(a->ids.id[a->at], uid);
	e->last_s = (uint32_t)clock_wall_s();   /* it is no news: its arrival was logged */
	queue_make_ready(a->q, e);
	done(a, "released");
}

static void
delete(struct actions *a, struct wanted *w)
{
	int err = store_remove(a->q->store, w->place, a->ids.id[a->at]);

	if (err != 0) {
		fail(a, w, err);
		return;
	}
	forget(w);
	done(a, "deleted");
}

/* Those that nobody has told the sender of.  In dead/ that is why it is there. */
static size_t
list_open(const struct message *m, const struct wanted *w, struct bounced *b)
{
	size_t n = 0;

	for (size_t i = 0; i < m->env.nrcpts; i++) {
		enum outcome o = m->notes[i].what;

		if (o == OUTCOME_SENT || (o == OUTCOME_FAILED && w->place != PLACE_DEAD))
			continue;
		b[n++] = (struct bounced){
			.index = i, .action = REPORT_FAILED, .dsn = "5.0.0", .text = "returned by the administrator",
		};
	}
	return n;
}

/* The report is durable before the original goes. */
static void
report_and_remove(struct actions *a, struct wanted *w, struct message *m)
{
	struct bounced *b = xcalloc(m->env.nrcpts + 1, sizeof(*b));
	char id[ID_LEN + 1], report_id[ID_LEN + 1];
	size_t n = list_open(m, w, b);
	int err = bounce_write(a->q->fleet->conf, a->q->store, m, b, n, report_id);

	free(b);
	msgid_format(m->id, id);
	if (err == 0)
		log_info("%s: report is %s", id, report_id);
	if ((err != 0 && err != -ENOMSG) || (err = message_remove(a->q->store, w->place, m)) != 0) {
		message_close(a->q->store, m);
		fail(a, w, err);
		return;
	}
	forget(w);
	done(a, "returned to its sender");
}

static void
bounce(struct actions *a, struct wanted *w)
{
	struct message *m = load(a, w);
	struct addr *sender;
	bool nobody;

	if (m == NULL)
		return;
	sender = sender_of(a->q->fleet->conf, m);
	nobody = addr_is_null(sender);
	addr_free(sender);
	if (!may_let_go(a, w, m)) {
		message_close(a->q->store, m);
		deny(a, w);
	} else if (nobody) {
		message_close(a->q->store, m);
		refuse(a, w, "it has no sender to return it to: release it or delete it");
	} else {
		report_and_remove(a, w, m);
	}
}

/* Held, it stays held. */
static void
requeue(struct actions *a, struct wanted *w)
{
	struct message *m = load(a, w);
	int err;

	if (m == NULL)
		return;
	err = message_note_routed(m, clock_wall_s(), a->relay, a->user);
	message_close(a->q->store, m);
	if (err != 0) {
		fail(a, w, err);
		return;
	}
	if (w->e != NULL && w->place == PLACE_LATER)
		w->e->due_s = (uint32_t)clock_wall_s();
	put_back(a, w);
	done(a, "requeued");
}

/* ---- in slices ---- */

static void
act(struct actions *a, struct wanted *w)
{
	switch (a->order.action) {
	case ACTION_RETRY:
		if (w->e != NULL) {
			retry(a, w);
			break;
		}
		/* fallthrough */
	case ACTION_RELEASE:
		release(a, w);
		break;
	case ACTION_HOLD:
		hold(a, w);
		break;
	case ACTION_DELETE:
		delete(a, w);
		break;
	case ACTION_BOUNCE:
		bounce(a, w);
		break;
	case ACTION_REQUEUE:
		requeue(a, w);
		break;
	}
}

/*
 * What memory did not know is in a folder that it does not know.  In cur/ or later/
 * it came there since: another turn of the loop has it in hand.
 */
static void
one(struct actions *a)
{
	struct wanted *w = &a->wanted[a->at];
	struct stored st;

	if (w->carried || w->ready) {
		if (w->ready ? a->order.action == ACTION_RELEASE : a->order.action != ACTION_RETRY)
			refuse(a, w, w->carried ? "it is on its way" : "it is not held");
		else
			a->n.done++;
	} else if (w->denied) {
		a->n.denied++;
	} else if (w->e != NULL) {
		act(a, w);
	} else if (!find_file(a, w, &st)) {
		a->n.gone++;
	} else if (w->place == PLACE_CUR || w->place == PLACE_LATER) {
		refuse(a, w, "it has just moved, or is settled and its file cannot be removed; try again");
	} else if (w->place == PLACE_NEW && a->order.action == ACTION_RELEASE) {
		refuse(a, w, "it is not held");
	} else if (w->place == PLACE_NEW && a->order.action == ACTION_RETRY) {
		a->n.done++;            /* its turn is about to come */
	} else if (!is_his(a, st.uid)) {
		a->n.denied++;
	} else {
		act(a, w);
	}
}

static void
end_slice(struct actions *a)
{
	for (int p = 0; p < NPLACE; p++)
		if (a->touched[p])
			store_sync_soon(a->q->store, (enum place)p);
	memset(a->touched, 0, sizeof(a->touched));
	if (a->order.action == ACTION_RETRY || a->order.action == ACTION_RELEASE)
		queue_nudge(a->q, UINT64_MAX);
	if (a->order.action == ACTION_BOUNCE)
		queue_wake(a->q);
	queue_offer(a->q);
}

bool
actions_turn(struct actions *a)
{
	int64_t until_ms = clock_mono_ms() + SLICE_MS;

	for (int n = 0; n < SLICE && a->at < a->ids.n && clock_mono_ms() < until_ms; n++, a->at++)
		one(a);
	end_slice(a);
	return a->at < a->ids.n;
}

const struct action_counts *
actions_counts(const struct actions *a)
{
	return &a->n;
}

void
actions_free(struct actions *a)
{
	if (a == NULL)
		return;
	for (; a->at < a->ids.n; a->at++)
		put_back(a, &a->wanted[a->at]);
	idset_done(&a->ids);
	free(a->wanted);
	free(a->user);
	free(a->relay);
	free(a);
}
