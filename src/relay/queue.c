#include "relay/queue.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "relay/drift.h"
#include "relay/fleet.h"
#include "relay/ready.h"
#include "relay/retry.h"
#include "relay/waiting.h"
#include "relay/work.h"

#define ARRIVALS_A_TURN  64             /* renames between two looks at the sockets: some milliseconds */
#define DUE_A_TURN       64
#define LOOK_MS          15000          /* a poke can be lost: look all the same */
#define REAP_AGE_S       7200           /* orphans of tmp/; the shim gives up after half of that */
#define CHANCE_MS        600000         /* what slept past its expiry is tried for so long before it expires */
#define DISK_AGAIN_S     60             /* a message that cannot be read or moved just now */

struct ids {
	msgid *id;
	size_t n, cap, at;
};

struct queue {
	struct event_base *base;
	struct store      *store;
	struct fleet      *fleet;
	struct fleet      *leaving;     /* of earlier configurations, until their sessions are over */

	struct ids         arriving;    /* of the last look into new/, oldest first */
	bool               look_again;
	struct ready       ready;
	struct waiting     waiting;
	struct drift       drift;
	int64_t            awake_ms;    /* since then: the start, or the end of a sleep */
	struct work       *works;       /* carried */
	size_t             nworks;

	struct timer      *arrive;
	struct timer      *due;
	struct timer      *look;
	struct timer      *tidy;        /* frees what left, from the loop */
	bool               quitting;
	void             (*idle)(void *arg);
	void              *idle_arg;
};

static void offer(struct queue *q);

/* ---- entries ---- */

static void
make_ready(struct queue *q, struct entry *e)
{
	e->since_ms = clock_mono_ms();
	ready_add(&q->ready, e);
}

static void
arm_due(struct queue *q)
{
	const struct entry *e = waiting_first(&q->waiting);
	int64_t wait_s;

	if (e == NULL || q->quitting) {
		timer_off(q->due);
		return;
	}
	wait_s = (int64_t)e->due_s - clock_wall_s();
	timer_set(q->due, wait_s <= 0 ? 0 : wait_s > 3600 ? 3600000 : wait_s * 1000);
}

static void
make_wait(struct queue *q, struct entry *e, int64_t due_s)
{
	e->due_s = (uint32_t)due_s;
	waiting_add(&q->waiting, e);
	arm_due(q);
}

static int64_t
arrival_s(const struct entry *e)
{
	return msgid_time_us(e->id) / 1000000;
}

/* What could not be moved to later/, or not be read, waits where it is. */
static bool
is_in_cur(struct queue *q, const struct entry *e)
{
	struct stored st;

	return store_stat(q->store, PLACE_CUR, e->id, &st) != -ENOENT;
}

/* From later/ back to cur/, those that are due. */
static void
on_due(void *arg)
{
	struct queue *q = arg;
	int64_t now = clock_wall_s();
	struct entry *e;
	int err;

	for (int n = 0; n < DUE_A_TURN && (e = waiting_first(&q->waiting)) != NULL && e->due_s <= now; n++) {
		waiting_remove(&q->waiting, e);
		err = store_move(q->store, e->id, PLACE_LATER, PLACE_CUR);
		if (err == 0 || (err == -ENOENT && is_in_cur(q, e))) {
			make_ready(q, e);
		} else if (err == -ENOENT) {
			free(e);                /* somebody removed it by hand */
		} else {
			log_err("later/: a message cannot be moved to cur/: %s", strerror(-err));
			make_wait(q, e, now + DISK_AGAIN_S);
		}
	}
	arm_due(q);
	offer(q);
}

/* ---- a round's end ---- */

static void
unlink_work(struct queue *q, struct work *w)
{
	struct work **at = &q->works;

	while (*at != w)
		at = work_next(*at);
	*at = *work_next(w);
	q->nworks--;
}

static void
complain(const struct entry *e, const char *what, int err)
{
	char id[ID_LEN + 1];

	msgid_format(e->id, id);
	log_err("%s: %s: %s", id, what, strerror(-err));
}

/* Out of cur/ into a place where it is nobody's turn any more. */
static void
put_away(struct queue *q, struct entry *e, enum place to, const char *why)
{
	char id[ID_LEN + 1];
	int err = store_move(q->store, e->id, PLACE_CUR, to);

	msgid_format(e->id, id);
	if (err != 0)
		complain(e, "cannot be put away", err);
	else
		log_write(LOG_LEVEL_ERR, "%s: moved to %s/: %s", id, place_name(to), why);
	free(e);
}

static void
wait_for_retry(struct queue *q, struct entry *e)
{
	int err;

	e->last_s = (uint32_t)clock_wall_s();
	err = store_move(q->store, e->id, PLACE_CUR, PLACE_LATER);
	if (err != 0) {
		/* It stays in cur/: due at the next start at the latest. */
		complain(e, "cannot be moved to later/", err);
	}
	make_wait(q, e, retry_at(arrival_s(e), e->last_s, e->id));
}

static void
end_round(struct queue *q, struct work *w)
{
	struct entry *e = work_entry(w);
	enum fate fate = work_finish(w, clock_wall_s());
	int err;

	unlink_work(q, w);
	if (fate == FATE_GONE) {
		err = work_remove(w);
		if (err != 0)
			complain(e, "is settled but cannot be removed: it will be sent again after a restart", err);
		free(e);
		return;
	}
	work_free(w);
	switch (fate) {
	case FATE_AGAIN:
		ready_return(&q->ready, e);
		break;
	case FATE_LATER:
		wait_for_retry(q, e);
		break;
	default:
		put_away(q, e, PLACE_DEAD, "it failed and its sender cannot be told");
		break;
	}
}

/* ---- what relays ask and tell ---- */

static struct work *
begin_work(struct queue *q, struct upstream *u)
{
	struct work_env env = { .conf = q->fleet->conf, .relay = upstream_conf(u), .store = q->store };
	struct entry *e = ready_take(&q->ready);
	const char *why;
	struct work *w;
	int err;

	if (e == NULL)
		return NULL;
	err = work_load(&env, e, &w, &why);
	if (err == 0) {
		*work_next(w) = q->works;
		q->works = w;
		q->nworks++;
		return w;
	}
	if (err == -EBADMSG || err == -EAGAIN) {
		put_away(q, e, PLACE_BAD, err == -EAGAIN ? "it was never finished" : why);
	} else if (err == -ENOENT) {
		free(e);
	} else {
		complain(e, "cannot be read", err);
		make_wait(q, e, clock_wall_s() + DISK_AGAIN_S);
	}
	return NULL;
}

/*
 * Only the newest work can have mails that nobody pulled.  They were made
 * for one relay of one configuration.
 */
static void
withdraw(struct queue *q)
{
	struct work *w = q->works;

	if (w == NULL)
		return;
	work_withdraw(w);
	if (work_is_back(w))
		end_round(q, w);
}

static struct mail *
on_next(void *owner, struct upstream *u)
{
	struct queue *q = owner;
	struct mail *m;
	struct work *w;

	if (q->quitting || !fleet_may_carry(q->fleet, u))
		return NULL;
	if (q->works != NULL && work_relay(q->works) != upstream_conf(u))
		withdraw(q);
	if ((w = q->works) != NULL) {
		if ((m = work_take(w)) != NULL)
			return m;
		if (work_is_back(w))
			end_round(q, w);        /* what was left of it cannot be sent */
	}
	while (q->ready.n > 0) {
		w = begin_work(q, u);
		if (w == NULL)
			continue;
		if ((m = work_take(w)) != NULL)
			return m;
		end_round(q, w);        /* none of its recipients can be tried */
	}
	return NULL;
}

static void
on_settled(void *owner, struct upstream *u, struct session *s, struct mail *m)
{
	struct queue *q = owner;
	struct work *w = work_of(m);

	(void)u;
	work_settle(w, s, m);
	if (work_is_back(w))
		end_round(q, w);
}

static size_t
on_backlog(void *owner, struct upstream *u)
{
	struct queue *q = owner;

	if (q->quitting || !fleet_may_carry(q->fleet, u))
		return 0;
	return q->ready.n + (q->works != NULL && work_has_more(q->works));
}

static void
on_changed(void *owner, struct upstream *u)
{
	struct queue *q = owner;

	(void)u;
	timer_set(q->tidy, 0);
}

static const struct upstream_ops upstream_ops = {
	.next = on_next, .settled = on_settled, .backlog = on_backlog, .changed = on_changed,
};

static void
offer(struct queue *q)
{
	for (size_t i = 0; i < q->fleet->n; i++)
		upstream_offer(q->fleet->up[i]);
}

static void
nudge(struct queue *q)
{
	if (fleet_is_resting(q->fleet))
		for (size_t i = 0; i < q->fleet->n; i++)
			upstream_nudge(q->fleet->up[i]);
}

static void
tidy_fleets(struct queue *q)
{
	struct fleet **at = &q->leaving, *f;

	while ((f = *at) != NULL) {
		if (fleet_is_gone(f)) {
			*at = f->next;
			fleet_free(f);
		} else {
			at = &f->next;
		}
	}
}

static void
on_tidy(void *arg)
{
	struct queue *q = arg;

	tidy_fleets(q);
	if (!q->quitting) {
		if (fleet_is_resting(q->fleet))
			withdraw(q);    /* nobody pulls the rest of it, and it may expire */
		offer(q);
	} else if (q->leaving == NULL && fleet_is_gone(q->fleet) && q->idle != NULL) {
		void (*idle)(void *) = q->idle;

		q->idle = NULL;
		idle(q->idle_arg);
	}
}

/* ---- arrivals ---- */

static int
collect(void *arg, const struct stored *m)
{
	struct ids *ids = arg;

	if (ids->n == ids->cap) {
		ids->cap = ids->cap > 0 ? ids->cap * 2 : 64;
		ids->id = xrealloc(ids->id, ids->cap * sizeof(*ids->id));
	}
	ids->id[ids->n++] = m->id;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	msgid x = *(const msgid *)a, y = *(const msgid *)b;

	return x < y ? -1 : x > y;
}

static void
look_into_new(struct queue *q)
{
	int err;

	q->look_again = false;
	q->arriving.n = q->arriving.at = 0;
	err = store_scan(q->store, PLACE_NEW, false, collect, &q->arriving);
	if (err != 0)
		log_err("new/ cannot be read: %s", strerror(-err));
	if (q->arriving.n > 1)
		qsort(q->arriving.id, q->arriving.n, sizeof(msgid), by_id);
}

static bool
admit(struct queue *q, msgid id)
{
	struct stored st = { 0 };
	struct entry *e;
	int err = store_take(q->store, id, &id);

	if (err != 0) {
		if (err != -ENOENT)
			log_err("a message in new/ cannot be taken in: %s", strerror(-err));
		return false;
	}
	err = store_stat(q->store, PLACE_CUR, id, &st);
	if (err == -ENOENT)
		return false;
	e = xcalloc(1, sizeof(*e));
	e->id = id;
	e->uid = st.uid;                /* not to be had: it stands in root's line, which is better than in none */
	make_ready(q, e);
	return true;
}

static void
on_arrive(void *arg)
{
	struct queue *q = arg;
	bool any = false;

	if (q->arriving.at == q->arriving.n)
		look_into_new(q);
	for (int n = 0; n < ARRIVALS_A_TURN && q->arriving.at < q->arriving.n; n++)
		any |= admit(q, q->arriving.id[q->arriving.at++]);
	if (q->arriving.at < q->arriving.n || q->look_again)
		timer_set(q->arrive, 0);
	if (!any)
		return;
	nudge(q);
	offer(q);
}

void
queue_wake(struct queue *q)
{
	if (q->quitting)
		return;
	if (q->arriving.at < q->arriving.n)
		q->look_again = true;
	if (!timer_is_set(q->arrive))
		timer_set(q->arrive, 0);
}

/* ---- what nobody asked for ---- */

/* The kernel's timers know nothing of a clock that was set, nor of a sleep. */
static void
look_at_the_clock(struct queue *q)
{
	int64_t moved_s = drift_look(&q->drift);

	if (moved_s < 0) {
		log_warn("the clock went back by %lld s: what waits is due by the new time", (long long)-moved_s);
		waiting_shift(&q->waiting, moved_s);
	} else if (moved_s > 0) {
		q->awake_ms = clock_mono_ms();
		nudge(q);
	}
	arm_due(q);
}

struct expiry {
	int64_t now_s, expire_s;
	bool    any;
};

static void
look_at_age(void *arg, struct entry *e)
{
	struct expiry *x = arg;

	x->any |= retry_expired(arrival_s(e), x->now_s, x->expire_s);
}

static void
expire(struct queue *q, struct work *w, const struct status *why)
{
	*work_next(w) = q->works;
	q->works = w;
	q->nworks++;
	work_defer_all(w, why);
	end_round(q, w);
}

/*
 * A relay that rests for days: its mail expires all the same, with the
 * relay's trouble as the reason.  All are taken out first: what is put back
 * while others are still in line would come up twice, and somebody else's
 * not at all.  True: there are more, but the sockets come first.
 *
 * What came of age in a laptop's sleep, or while no daemon ran, was not tried
 * since: the network, which is slower to wake, gets its chance.
 */
static bool
expire_ready(struct queue *q)
{
	const struct status *trouble = upstream_trouble(q->fleet->up[0]);
	struct expiry x = { .now_s = clock_wall_s(), .expire_s = q->fleet->conf->expire_s };
	struct work_env env = {
		.conf = q->fleet->conf, .relay = upstream_conf(q->fleet->up[0]), .store = q->store,
	};
	struct entry *all = NULL, **end = &all, *e;
	struct status st;
	const char *why;
	struct work *w;
	int n = 0;

	if (!fleet_is_resting(q->fleet) || clock_mono_ms() - q->awake_ms < CHANCE_MS)
		return false;
	ready_each(&q->ready, look_at_age, &x);
	if (!x.any)
		return false;
	status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.7", "the relay %s could not be used: %s", env.relay->name,
	    trouble->text);
	while ((e = ready_take(&q->ready)) != NULL) {
		*end = e;
		end = &e->next;
	}
	while ((e = all) != NULL) {
		all = e->next;
		if (n < DUE_A_TURN && retry_expired(arrival_s(e), x.now_s, x.expire_s) &&
		    work_load(&env, e, &w, &why) == 0) {
			expire(q, w, &st);
			n++;
		} else {
			ready_add(&q->ready, e);
		}
	}
	return n == DUE_A_TURN;
}

static void
on_look(void *arg)
{
	struct queue *q = arg;
	int reaped = store_reap(q->store, REAP_AGE_S);

	if (reaped > 0)
		log_info("tmp/: %d unfinished submissions removed", reaped);
	queue_wake(q);
	look_at_the_clock(q);
	timer_set(q->look, expire_ready(q) ? 0 : LOOK_MS);
}

/* ---- start and end ---- */

struct queue *
queue_new(struct event_base *base, struct store *store, struct config *conf, struct buf *why)
{
	struct queue *q = xcalloc(1, sizeof(*q));

	q->base = base;
	q->store = store;
	q->fleet = fleet_new(base, conf, &upstream_ops, q, why);
	if (q->fleet == NULL) {
		free(q);
		return NULL;
	}
	q->arrive = timer_new(base, on_arrive, q);
	q->due = timer_new(base, on_due, q);
	q->look = timer_new(base, on_look, q);
	q->tidy = timer_new(base, on_tidy, q);
	return q;
}

struct scan {
	struct entry **e;
	size_t         n, cap;
};

/* No attempt was in the future; a clock that has been set back since says so. */
static uint32_t
last_attempt(int64_t mtime_s)
{
	int64_t now_s = clock_wall_s();

	mtime_s = mtime_s < now_s ? mtime_s : now_s;
	return mtime_s > 0 ? (uint32_t)mtime_s : 0;
}

static int
collect_entry(void *arg, const struct stored *m)
{
	struct scan *s = arg;
	struct entry *e = xcalloc(1, sizeof(*e));

	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? s->cap * 2 : 1024;
		s->e = xrealloc(s->e, s->cap * sizeof(struct entry *));
	}
	e->id = m->id;
	e->uid = m->uid;
	e->last_s = last_attempt(m->mtime_s);
	s->e[s->n++] = e;
	return 0;
}

static int
by_entry_id(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int
scan_place(struct queue *q, enum place p, struct scan *s)
{
	int err = store_scan(q->store, p, true, collect_entry, s);

	if (err == 0 && s->n > 1)
		qsort(s->e, s->n, sizeof(struct entry *), by_entry_id);
	return err;
}

int
queue_start(struct queue *q)
{
	struct scan cur = { 0 }, later = { 0 };
	int err = scan_place(q, PLACE_CUR, &cur);

	if (err == 0)
		err = scan_place(q, PLACE_LATER, &later);
	for (size_t i = 0; i < cur.n; i++)
		make_ready(q, cur.e[i]);
	for (size_t i = 0; i < later.n; i++) {
		struct entry *e = later.e[i];

		e->due_s = (uint32_t)retry_at(arrival_s(e), e->last_s, e->id);
		waiting_add(&q->waiting, e);
	}
	free(cur.e);
	free(later.e);
	if (err != 0)
		return err;
	q->awake_ms = clock_mono_ms();
	on_look(q);
	offer(q);
	return 0;
}

bool
queue_reload(struct queue *q, struct config *conf, struct buf *why)
{
	struct fleet *f = fleet_new(q->base, conf, &upstream_ops, q, why);

	if (f == NULL)
		return false;
	withdraw(q);
	fleet_quit(q->fleet);
	q->fleet->next = q->leaving;
	q->leaving = q->fleet;
	q->fleet = f;
	timer_set(q->tidy, 0);
	return true;
}

const struct config *
queue_conf(const struct queue *q)
{
	return q->fleet->conf;
}

void
queue_quit(struct queue *q, void (*idle)(void *arg), void *arg)
{
	q->quitting = true;
	q->idle = idle;
	q->idle_arg = arg;
	withdraw(q);
	fleet_quit(q->fleet);
	timer_off(q->due);
	timer_off(q->look);
	timer_off(q->arrive);
	timer_set(q->tidy, 0);
}

void
queue_stop(struct queue *q)
{
	fleet_stop(q->fleet);
	for (struct fleet *f = q->leaving; f != NULL; f = f->next)
		fleet_stop(f);
	timer_set(q->tidy, 0);
}

void
queue_free(struct queue *q)
{
	struct entry *e;

	assert(q->works == NULL);
	while ((e = ready_take(&q->ready)) != NULL)
		free(e);
	for (size_t i = 0; i < q->waiting.n; i++)
		free(q->waiting.e[i]);
	waiting_done(&q->waiting);
	ready_done(&q->ready);
	tidy_fleets(q);
	fleet_free(q->fleet);
	free(q->arriving.id);
	timer_free(q->arrive);
	timer_free(q->due);
	timer_free(q->look);
	timer_free(q->tidy);
	free(q);
}

/* ---- for showing ---- */

struct list {
	struct shown *s;
	size_t        n, cap;
	struct shown  like;
};

static void
list_put(struct list *l, msgid id, uint32_t due_s)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 256;
		l->s = xrealloc(l->s, l->cap * sizeof(*l->s));
	}
	l->s[l->n] = l->like;
	l->s[l->n].id = id;
	l->s[l->n++].due_s = due_s;
}

static void
list_entry(void *arg, struct entry *e)
{
	list_put(arg, e->id, e->due_s);
}

static int
list_stored(void *arg, const struct stored *m)
{
	list_put(arg, m->id, 0);
	return 0;
}

static void
list_place(struct queue *q, struct list *l, enum place p, enum shown_state state)
{
	l->like = (struct shown){ .state = state, .place = p };
	store_scan(q->store, p, false, list_stored, l);
}

static int
by_shown_id(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

size_t
queue_list(struct queue *q, struct shown **ret)
{
	struct list l = { .like = { .state = SHOWN_READY, .place = PLACE_CUR } };

	ready_each(&q->ready, list_entry, &l);
	l.like.state = SHOWN_ACTIVE;
	for (struct work *w = q->works; w != NULL; w = *work_next(w))
		list_put(&l, work_entry(w)->id, 0);
	l.like = (struct shown){ .state = SHOWN_LATER, .place = PLACE_LATER };
	for (size_t i = 0; i < q->waiting.n; i++)
		list_entry(&l, q->waiting.e[i]);
	list_place(q, &l, PLACE_NEW, SHOWN_READY);
	list_place(q, &l, PLACE_HOLD, SHOWN_HOLD);
	list_place(q, &l, PLACE_DEAD, SHOWN_DEAD);
	list_place(q, &l, PLACE_BAD, SHOWN_BAD);
	if (l.n > 1)
		qsort(l.s, l.n, sizeof(*l.s), by_shown_id);
	*ret = l.s;
	return l.n;
}

static int
count_one(void *arg, const struct stored *m)
{
	(void)m;
	++*(size_t *)arg;
	return 0;
}

void
queue_count(struct queue *q, struct queue_counts *ret)
{
	*ret = (struct queue_counts){ .ready = q->ready.n, .carried = q->nworks, .waiting = q->waiting.n };
	store_scan(q->store, PLACE_HOLD, false, count_one, &ret->held);
	store_scan(q->store, PLACE_DEAD, false, count_one, &ret->dead);
	store_scan(q->store, PLACE_BAD, false, count_one, &ret->bad);
}

struct store *
queue_store(struct queue *q)
{
	return q->store;
}

size_t
queue_relays(const struct queue *q)
{
	return q->fleet->n;
}

const struct upstream *
queue_relay(const struct queue *q, size_t i)
{
	return q->fleet->up[i];
}
