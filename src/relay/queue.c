/* queue.c - the queue's life, its look at the clock, and what it shows; see queue.h. */
#include "relay/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "relay/queue_private.h"
#include "relay/retry.h"

#define EXPIRE_A_TURN    64
#define LOOK_MS          15000          /* a poke can be lost: look all the same */
#define REAP_AGE_S       7200           /* orphans of tmp/; the shim gives up after half of that */
#define CHANCE_MS        600000         /* what slept past its expiry is tried for so long before it expires */

/* ---- entries ---- */

/* As the guard says of what came into cur/. */
static void
let_in(struct queue *q, struct entry *e, enum guard_word word, int64_t due_s)
{
	int err;

	switch (word) {
	case GUARD_PASS:
		queue_make_ready(q, e);
		break;
	case GUARD_HELD:
		free(e);
		break;
	case GUARD_WAIT:
		err = store_move(q->store, e->id, PLACE_CUR, PLACE_LATER);
		if (err != 0)
			queue_complain(e, "cannot be moved to later/", err);
		due_add(q->due, e, due_s);
		break;
	}
}

static void
on_admitted(void *arg, struct entry *e)
{
	struct queue *q = arg;
	int64_t due_s = 0;
	enum guard_word word = guard_arrived(q->guard, e, &due_s);

	let_in(q, e, word, due_s);
}

static void
on_returned(void *arg, struct entry *e)
{
	struct queue *q = arg;
	int64_t due_s = 0;
	enum guard_word word = guard_returned(q->guard, e, &due_s);

	let_in(q, e, word, due_s);
}

static void
on_arrived(void *arg)
{
	struct queue *q = arg;

	if (q->fleet->conf->nroutes == 0)
		q->news |= 1;           /* else it is known when they are sorted */
	queue_nudge(q, q->news);
	queue_offer(q);
}

static void
on_due(void *arg)
{
	queue_offer(arg);
}

static const struct arrivals_ops arrivals_ops = { .admitted = on_admitted, .settled = on_arrived };
static const struct due_ops due_ops = { .ready = on_returned, .settled = on_due };

static void
on_shortage_over(void *arg)
{
	queue_sort_now(arg);
	queue_offer(arg);
}

static void
on_tidy(void *arg)
{
	struct queue *q = arg;

	fleet_free_gone(&q->leaving);
	if (!q->quitting) {
		alerts_look(q->alerts, q->fleet);
		queue_take_back(q);
		queue_move_over(q);
		queue_offer(q);
	} else if (q->leaving == NULL && fleet_is_gone(q->fleet) && q->idle != NULL) {
		void (*idle)(void *) = q->idle;

		q->idle = NULL;
		idle(q->idle_arg);
	}
}

void
queue_listen(struct queue *q, void (*said)(void *arg, const char *line), void *arg)
{
	alerts_listen(q->alerts, said, arg);
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
	queue_nudge(q, UINT64_MAX);
	queue_offer(q);
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
		queue_nudge(q, UINT64_MAX);
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

/* "the relay a could not be used: …", "none of the relays a, b could be used: …"; the first one's trouble. */
static void
say_unusable(const struct queue *q, const struct lane_conf *l, struct status *ret)
{
	const struct upstream *first = q->fleet->up[l->relay[0]];
	struct buf names;

	buf_init(&names, 4096);
	for (size_t i = 0; i < l->n; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", upstream_conf(q->fleet->up[l->relay[i]])->name);
	status_local(ret, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.7", "%s %.200s could %sbe used: %s",
	    l->n > 1 ? "none of the relays" : "the relay", buf_cstr(&names), l->n > 1 ? "" : "not ",
	    upstream_trouble(first)->text);
	buf_done(&names);
}

static int
expire_lane(struct queue *q, size_t lane, struct expiry *x)
{
	const struct lane_conf *l = &q->fleet->conf->lanes[lane];
	struct entry *all = ready_take_those(&q->lanes[lane].ready, is_expired, x, EXPIRE_A_TURN), *e;
	struct status st;
	struct work *w;
	int n = 0;

	if (all != NULL)
		say_unusable(q, l, &st);
	for (; (e = all) != NULL; n++) {
		all = e->next;
		w = queue_load(q, q->fleet->up[l->relay[0]], lane, e);
		if (w != NULL) {
			work_defer_all(w, &st);
			queue_end_round(q, w);
		}
	}
	return n;
}

/*
 * Relays that rest for days: their mail expires all the same, with their
 * trouble as the reason.  True: there are more, but the sockets come first.
 *
 * What came of age in a laptop's sleep, or while no daemon ran, was not tried
 * since: the network, which is slower to wake, gets its chance.  So it does
 * when it was away: that is nothing of which a sender had to be told, nor
 * could be.
 */
static bool
expire_ready(struct queue *q)
{
	struct expiry x = { .now_s = clock_wall_s(), .expire_s = q->fleet->conf->expire_s };
	bool more = false;

	if (fleet_is_offline(q->fleet) || clock_mono_ms() - q->awake_ms < CHANCE_MS)
		return false;
	for (size_t i = 0; i < q->nlanes; i++)
		if (q->lanes[i].ready.n > 0 && fleet_is_resting(q->fleet, i))
			more |= expire_lane(q, i, &x) == EXPIRE_A_TURN;
	return more;
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
	queue_remove_settled(q);
	queue_wake(q);
	alerts_look(q->alerts, q->fleet);
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
	q->settled_end = &q->settled;
	q->ledger = ledger_open(base, store_spool_fd(store));
	q->fleet = fleet_new(base, conf, q->ledger, &queue_upstream_ops, q, why);
	if (q->fleet == NULL) {
		ledger_close(q->ledger);
		free(q);
		return NULL;
	}
	q->alerts = alerts_new(base, store);
	q->guard = guard_new(base, store);
	guard_configure(q->guard, conf);
	q->arrivals = arrivals_new(base, store, &arrivals_ops, q);
	q->aliases = aliasfile_new();
	q->due = due_new(base, store, &due_ops, q);
	q->look = timer_new(base, on_look, q);
	q->tidy = timer_new(base, on_tidy, q);
	q->shortage = timer_new(base, on_shortage_over, q);
	q->cut = timer_new(base, queue_cut, q);
	q->sort = timer_new(base, queue_sort, q);
	queue_make_lanes(q, false);
	q->unpause = timer_new(base, queue_pauses_end, q);
	queue_pauses_read(q);
	queue_pauses_apply(q);
	return q;
}

int
queue_start(struct queue *q)
{
	struct entries cur, later = { 0 };
	int err = entries_read(q->store, PLACE_CUR, &cur);

	if (err == 0)
		err = entries_read(q->store, PLACE_LATER, &later);
	alerts_start(q->alerts);
	guard_start(q->guard);
	for (size_t i = 0; i < cur.n; i++)
		guard_seed(q->guard, cur.e[i]);
	for (size_t i = 0; i < later.n; i++)
		guard_seed(q->guard, later.e[i]);
	for (size_t i = 0; i < cur.n; i++)
		queue_make_ready(q, cur.e[i]);
	for (size_t i = 0; i < later.n; i++)
		queue_make_waiting(q, later.e[i]);
	free(cur.e);
	free(later.e);
	if (err != 0)
		return err;
	q->awake_ms = clock_mono_ms();
	on_look(q);
	queue_offer(q);
	return 0;
}

bool
queue_reload(struct queue *q, struct config *conf, struct buf *why)
{
	struct fleet *f = fleet_new(q->base, conf, q->ledger, &queue_upstream_ops, q, why);
	bool sorted = q->fleet->conf->nroutes > 0;

	if (f == NULL)
		return false;
	queue_withdraw_all(q);
	fleet_quit(q->fleet);
	fleet_inherit(f, q->fleet);
	q->fleet->next = q->leaving;
	q->leaving = q->fleet;
	q->fleet = f;
	guard_configure(q->guard, f->conf);
	fleet_set_reach(f, q->reach);
	queue_make_lanes(q, sorted);
	queue_pauses_apply(q);
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
	queue_withdraw_all(q);
	fleet_quit(q->fleet);
	due_stop(q->due);
	timer_off(q->look);
	timer_off(q->shortage);
	timer_off(q->cut);
	timer_off(q->sort);
	timer_off(q->unpause);
	arrivals_stop(q->arrivals);
	guard_stop(q->guard);
	alerts_stop(q->alerts);
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
	assert(q->works == NULL);
	queue_drop_lanes(q);
	queue_drop_settled(q);
	due_free(q->due);
	fleet_free_gone(&q->leaving);
	fleet_free(q->fleet);
	ledger_close(q->ledger);
	aliasfile_free(q->aliases);
	arrivals_free(q->arrivals);
	guard_free(q->guard);
	alerts_free(q->alerts);
	timer_free(q->look);
	timer_free(q->tidy);
	timer_free(q->shortage);
	timer_free(q->cut);
	timer_free(q->sort);
	timer_free(q->unpause);
	free(q);
}

bool
queue_is_still(const struct queue *q)
{
	return !q->quitting && q->nworks == 0 && q->unsorted.n == 0 && queue_is_hungry(q) &&
	    !arrivals_are_due(q->arrivals) && !due_is_over(q->due);
}

/* ---- for showing ---- */

void
queue_count(const struct queue *q, struct queue_counts *ret)
{
	*ret = (struct queue_counts){
		.ready = queue_ready(q), .carried = q->nworks, .waiting = due_waiting(q->due)->n,
		.unremoved = q->nsettled,
	};
}

int
queue_shortage(const struct queue *q)
{
	return timer_is_set(q->shortage) ? q->short_of : 0;
}

void
queue_rates(const struct queue *q, struct queue_rates *ret)
{
	int64_t now_s = clock_mono_ms() / 1000;

	*ret = (struct queue_rates){
		.sent_minute = tally_minute(&q->sent, now_s), .sent_hour = tally_hour(&q->sent, now_s),
		.sent_day = tally_day(&q->sent, now_s), .failed_day = tally_day(&q->failed, now_s),
		.deferred_day = tally_day(&q->deferred, now_s),
	};
}

void
queue_list(struct queue *q, struct shown_list *ret)
{
	struct ready *r;

	*ret = (struct shown_list){ 0 };
	for (size_t i = 0; (r = queue_line(q, i)) != NULL; i++)
		shown_add_ready(ret, r);
	for (struct work *w = q->works; w != NULL; w = *work_next(w))
		shown_add(ret, &(struct shown){
			.id = work_entry(w)->id, .state = SHOWN_ACTIVE, .place = PLACE_CUR, .uid = work_entry(w)->uid,
		});
	shown_add_waiting(ret, due_waiting(q->due));
}

struct roll *
queue_roll(struct queue *q)
{
	struct shown_list list;

	queue_list(q, &list);
	return roll_new(q->store, &list);
}

static bool
is_there(struct queue *q, const struct shown *s)
{
	struct stored st;

	return store_stat(q->store, s->place, s->id, &st) == 0;
}

bool
queue_find(struct queue *q, msgid id, struct shown *ret)
{
	static const struct shown places[] = {
		{ .place = PLACE_CUR, .state = SHOWN_READY }, { .place = PLACE_LATER, .state = SHOWN_LATER },
		{ .place = PLACE_HOLD, .state = SHOWN_HOLD }, { .place = PLACE_DEAD, .state = SHOWN_DEAD },
		{ .place = PLACE_BAD, .state = SHOWN_BAD }, { .place = PLACE_NEW, .state = SHOWN_READY },
	};
	const struct waiting *later = due_waiting(q->due);

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		*ret = places[i];
		ret->id = id;
		if (is_there(q, ret))
			break;
		if (i + 1 == sizeof(places) / sizeof(places[0]))
			return false;
	}
	for (struct work *w = q->works; w != NULL; w = *work_next(w))
		if (work_entry(w)->id == id)
			ret->state = SHOWN_ACTIVE;
	for (size_t i = 0; i < later->n && (ret->place == PLACE_CUR || ret->place == PLACE_LATER); i++) {
		if (later->e[i]->id == id) {
			ret->state = SHOWN_LATER;
			ret->due_s = later->e[i]->due_s;
		}
	}
	return true;
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
