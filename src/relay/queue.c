#include "relay/queue.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "relay/aliasfile.h"
#include "relay/arrivals.h"
#include "relay/drift.h"
#include "relay/due.h"
#include "relay/fleet.h"
#include "relay/ready.h"
#include "relay/retry.h"
#include "relay/work.h"

#define EXPIRE_A_TURN    64
#define ROUNDS_A_PULL    32             /* that end at once, before the sockets have their turn */
#define LOOK_MS          15000          /* a poke can be lost: look all the same */
#define REAP_AGE_S       7200           /* orphans of tmp/; the shim gives up after half of that */
#define CHANCE_MS        600000         /* what slept past its expiry is tried for so long before it expires */
#define DISK_AGAIN_S     60             /* what cannot be read or moved just now */

struct queue {
	struct event_base *base;
	struct store      *store;
	struct fleet      *fleet;
	struct aliasfile  *aliases;
	struct fleet      *leaving;     /* of earlier configurations, until their sessions are over */

	struct arrivals   *arrivals;
	struct ready       ready;
	struct due        *due;         /* what waits in later/ */
	struct drift       drift;
	int64_t            awake_ms;    /* since then: the start, or the end of a sleep */
	struct work       *works;       /* carried */
	size_t             nworks;

	struct timer      *look;
	struct timer      *tidy;        /* frees what left, from the loop */
	struct timer      *shortage;    /* set: nothing is pulled until it fires */
	bool               quitting;
	void             (*idle)(void *arg);
	void              *idle_arg;
};

static void nudge(struct queue *q);
static void offer(struct queue *q);

/* ---- entries ---- */

static void
make_ready(struct queue *q, struct entry *e)
{
	e->since_ms = clock_mono_ms();
	ready_add(&q->ready, e);
}

static void
on_ready(void *arg, struct entry *e)
{
	make_ready(arg, e);
}

static void
on_arrived(void *arg)
{
	nudge(arg);
	offer(arg);
}

static void
on_due(void *arg)
{
	offer(arg);
}

static const struct arrivals_ops arrivals_ops = { .admitted = on_ready, .settled = on_arrived };
static const struct due_ops due_ops = { .ready = on_ready, .settled = on_due };

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

/*
 * Out of cur/ into a place where it is nobody's turn any more.  What cannot
 * be moved just now stays in line, or nobody would see it until a restart.
 */
static void
put_away(struct queue *q, struct entry *e, enum place to, const char *why)
{
	char id[ID_LEN + 1];
	int err = store_move(q->store, e->id, PLACE_CUR, to);

	if (err != 0 && err != -ENOENT) {
		complain(e, "cannot be put away", err);
		due_add(q->due, e, clock_wall_s() + DISK_AGAIN_S);
		return;
	}
	msgid_format(e->id, id);
	if (err == 0)
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
	due_add(q->due, e, retry_at(entry_arrival_s(e), e->last_s, e->id));
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

static struct work_env
work_env(struct queue *q, const struct relay_conf *relay)
{
	const struct config *c = q->fleet->conf;

	return (struct work_env){
		.conf = c, .relay = relay, .store = q->store, .aliases = aliasfile_get(q->aliases, c->aliases),
	};
}

/* Of the process or the system: the next message could not be opened either. */
static bool
is_shortage(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

/* NULL: it went where such a file goes. */
static struct work *
load(struct queue *q, struct upstream *u, struct entry *e)
{
	struct work_env env = work_env(q, upstream_conf(u));
	const char *why;
	struct work *w;
	int err;

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
	} else if (is_shortage(err)) {
		complain(e, "cannot be read, and no other can now", err);
		ready_return(&q->ready, e);
		timer_set(q->shortage, DISK_AGAIN_S * 1000);
	} else {
		complain(e, "cannot be read", err);
		due_add(q->due, e, clock_wall_s() + DISK_AGAIN_S);
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
	for (int n = 0; q->ready.n > 0 && !timer_is_set(q->shortage); n++) {
		if (n == ROUNDS_A_PULL) {
			timer_set(q->tidy, 0);  /* which offers again */
			break;
		}
		w = load(q, u, ready_take(&q->ready));
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
on_shortage_over(void *arg)
{
	offer(arg);
}

static void
on_tidy(void *arg)
{
	struct queue *q = arg;

	fleet_free_gone(&q->leaving);
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

void
queue_wake(struct queue *q)
{
	arrivals_look(q->arrivals);
}

void
queue_flush(struct queue *q)
{
	queue_wake(q);
	due_hurry(q->due);
	nudge(q);
	offer(q);
}

/* ---- what nobody asked for ---- */

/* The kernel's timers know nothing of a clock that was set, nor of a sleep. */
static void
look_at_the_clock(struct queue *q)
{
	int64_t moved_s = drift_look(&q->drift);

	if (moved_s < 0) {
		log_warn("the clock went back by %lld s: what waits is due by the new time", (long long)-moved_s);
	} else if (moved_s > 0) {
		q->awake_ms = clock_mono_ms();
		nudge(q);
	}
	due_shift(q->due, moved_s < 0 ? moved_s : 0);
}

struct expiry {
	int64_t now_s, expire_s;
};

static bool
is_expired(void *arg, const struct entry *e)
{
	const struct expiry *x = arg;

	return retry_expired(entry_arrival_s(e), x->now_s, x->expire_s);
}

/*
 * A relay that rests for days: its mail expires all the same, with the
 * relay's trouble as the reason.  True: there are more, but the sockets come
 * first.
 *
 * What came of age in a laptop's sleep, or while no daemon ran, was not tried
 * since: the network, which is slower to wake, gets its chance.
 */
static bool
expire_ready(struct queue *q)
{
	struct expiry x = { .now_s = clock_wall_s(), .expire_s = q->fleet->conf->expire_s };
	struct upstream *u = q->fleet->up[0];
	struct entry *all, *e;
	struct status st;
	struct work *w;
	int n = 0;

	if (!fleet_is_resting(q->fleet) || clock_mono_ms() - q->awake_ms < CHANCE_MS)
		return false;
	status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.7", "the relay %s could not be used: %s",
	    upstream_conf(u)->name, upstream_trouble(u)->text);
	all = ready_take_those(&q->ready, is_expired, &x, EXPIRE_A_TURN);
	for (; (e = all) != NULL; n++) {
		all = e->next;
		if ((w = load(q, u, e)) != NULL) {
			work_defer_all(w, &st);
			end_round(q, w);
		}
	}
	return n == EXPIRE_A_TURN;
}

static void
on_look(void *arg)
{
	struct queue *q = arg;
	int reaped = store_reap(q->store, REAP_AGE_S), err = store_trouble(q->store);

	if (reaped > 0)
		log_info("tmp/: %d unfinished submissions removed", reaped);
	if (err != 0)
		log_err("cur/: cannot be synced: %s: after a crash, what was sent may be sent again", strerror(-err));
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
	q->arrivals = arrivals_new(base, store, &arrivals_ops, q);
	q->aliases = aliasfile_new();
	q->due = due_new(base, store, &due_ops, q);
	q->look = timer_new(base, on_look, q);
	q->tidy = timer_new(base, on_tidy, q);
	q->shortage = timer_new(base, on_shortage_over, q);
	return q;
}

int
queue_start(struct queue *q)
{
	struct entries cur, later = { 0 };
	int err = entries_read(q->store, PLACE_CUR, &cur);

	if (err == 0)
		err = entries_read(q->store, PLACE_LATER, &later);
	for (size_t i = 0; i < cur.n; i++)
		make_ready(q, cur.e[i]);
	for (size_t i = 0; i < later.n; i++) {
		struct entry *e = later.e[i];

		due_add(q->due, e, retry_at(entry_arrival_s(e), e->last_s, e->id));
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
	due_stop(q->due);
	timer_off(q->look);
	timer_off(q->shortage);
	arrivals_stop(q->arrivals);
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
	due_free(q->due);
	ready_done(&q->ready);
	fleet_free_gone(&q->leaving);
	fleet_free(q->fleet);
	aliasfile_free(q->aliases);
	arrivals_free(q->arrivals);
	timer_free(q->look);
	timer_free(q->tidy);
	timer_free(q->shortage);
	free(q);
}

/* ---- for showing ---- */

void
queue_count(const struct queue *q, struct queue_counts *ret)
{
	*ret = (struct queue_counts){ .ready = q->ready.n, .carried = q->nworks, .waiting = due_waiting(q->due)->n };
}

void
queue_list(struct queue *q, struct shown_list *ret)
{
	*ret = (struct shown_list){ 0 };
	shown_add_ready(ret, &q->ready);
	for (struct work *w = q->works; w != NULL; w = *work_next(w))
		shown_add(ret, &(struct shown){
			.id = work_entry(w)->id, .state = SHOWN_ACTIVE, .place = PLACE_CUR,
		});
	shown_add_waiting(ret, due_waiting(q->due));
	shown_add_place(ret, q->store, PLACE_NEW, SHOWN_READY);
	shown_add_place(ret, q->store, PLACE_HOLD, SHOWN_HOLD);
	shown_add_place(ret, q->store, PLACE_DEAD, SHOWN_DEAD);
	shown_add_place(ret, q->store, PLACE_BAD, SHOWN_BAD);
	shown_sort(ret);
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
