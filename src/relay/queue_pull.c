/* queue_pull.c - what relays ask and tell; see queue_private.h. */
#include <unistd.h>

#include "base/clock.h"
#include "relay/queue_private.h"

#define ROUNDS_A_PULL 32                /* that end at once, before the sockets have their turn */

/*
 * What tells people of trouble: root's mail, and what the daemon itself
 * wrote, its reports and alerts.  What came through a listener has the
 * daemon's uid as well and passes with them: to know better every file would
 * have to be read, and the devices that send so mostly send alarms.
 */
static bool
is_urgent(uid_t uid)
{
	return uid == 0 || uid == getuid();
}

/* What of a line is for this relay: all, or while it is full what is urgent. */
static size_t
count_for(const struct upstream *u, const struct ready *r)
{
	if (!upstream_is_full(u))
		return r->n;
	return (size_t)ready_has(r, 0) + (getuid() != 0 && ready_has(r, getuid()));
}

static struct entry *
take_for(const struct upstream *u, struct ready *r)
{
	struct entry *e;

	if (!upstream_is_full(u))
		return ready_take(r);
	e = ready_take_of(r, 0);
	return e != NULL ? e : ready_take_of(r, getuid());
}

/* Are the mails that nobody pulled yet still for this relay? */
static bool
is_for(const struct queue *q, const struct upstream *u, const struct work *w)
{
	return fleet_carries(q->fleet, u, work_env(w)->lane) &&
	    (!upstream_is_full(u) || is_urgent(work_entry(w)->uid));
}

/* Mails of a round that is open for this relay; NULL: what is left of it cannot be sent. */
static struct mail *
go_on(struct queue *q, struct seat *seat)
{
	struct work *w = seat->open;
	struct mail *m = work_take(w);

	if (!work_has_more(w))
		seat->open = NULL;
	if (m == NULL && work_is_back(w))
		queue_end_round(q, w);
	return m;
}

/* NULL: none of its recipients can be tried, or not by this lane. */
static struct mail *
begin(struct queue *q, struct seat *seat, struct upstream *u, size_t lane)
{
	struct work *w = queue_load(q, u, lane, take_for(u, &q->lanes[lane].ready));

	if (w == NULL)
		return NULL;
	seat->open = w;
	return go_on(q, seat);
}

/* What of a lane is for this relay now. */
static size_t
backlog_of(const struct queue *q, const struct upstream *u, size_t lane)
{
	const struct ready *r = &q->lanes[lane].ready;

	return r->n > 0 && fleet_carries(q->fleet, u, lane) ? count_for(u, r) : 0;
}

/* The lane whose turn it is at this relay, and has something; LANES_MAX: none. */
static size_t
next_lane(const struct queue *q, struct seat *seat, const struct upstream *u)
{
	for (size_t k = 1; k <= q->nlanes; k++) {
		size_t lane = (seat->lane + k) % q->nlanes;

		if (backlog_of(q, u, lane) > 0)
			return seat->lane = lane;
	}
	return LANES_MAX;
}

static struct mail *
on_next(void *owner, struct upstream *u)
{
	struct queue *q = owner;
	struct seat *seat = fleet_seat(q->fleet, u);
	struct mail *m;
	size_t lane;

	if (q->quitting || seat == NULL)
		return NULL;
	if (seat->open != NULL && !is_for(q, u, seat->open))
		queue_withdraw(q, seat);
	if (seat->open != NULL && (m = go_on(q, seat)) != NULL)
		return m;
	for (int n = 0; (lane = next_lane(q, seat, u)) < LANES_MAX && !timer_is_set(q->shortage); n++) {
		if (n == ROUNDS_A_PULL) {
			timer_set(q->tidy, 0);  /* which offers again */
			return NULL;
		}
		if ((m = begin(q, seat, u, lane)) != NULL)
			return m;
	}
	queue_sort_now(q);
	return NULL;
}

static void
count(struct queue *q, const struct mail *m)
{
	int64_t now_s = clock_mono_ms() / 1000;

	for (size_t i = 0; i < m->nrcpt; i++) {
		switch (m->rcpt[i].status.verdict) {
		case VERDICT_SENT:
			tally_add(&q->sent, now_s, 1);
			break;
		case VERDICT_REJECT:
			tally_add(&q->failed, now_s, 1);
			break;
		case VERDICT_DEFER:
			tally_add(&q->deferred, now_s, 1);
			break;
		default:
			break;          /* no outcome: it was given back */
		}
	}
}

static void
on_settled(void *owner, struct upstream *u, struct session *s, struct mail *m)
{
	struct queue *q = owner;
	struct work *w = work_of(m);

	(void)u;
	count(q, m);
	work_settle(w, s, m);
	if (work_is_back(w))
		queue_end_round(q, w);
}

static size_t
on_backlog(void *owner, struct upstream *u)
{
	struct queue *q = owner;
	const struct seat *seat = fleet_seat(q->fleet, u);
	size_t n;

	if (q->quitting || seat == NULL)
		return 0;
	n = seat->open != NULL && is_for(q, u, seat->open);
	for (size_t i = 0; i < q->nlanes; i++)
		n += backlog_of(q, u, i);
	return n;
}

static void
on_changed(void *owner, struct upstream *u)
{
	struct queue *q = owner;

	(void)u;
	timer_set(q->tidy, 0);
}

const struct upstream_ops queue_upstream_ops = {
	.next = on_next, .settled = on_settled, .backlog = on_backlog, .changed = on_changed,
};

void
queue_offer(struct queue *q)
{
	for (size_t i = 0; i < q->fleet->n; i++)
		upstream_offer(q->fleet->up[i]);
}

void
queue_nudge(struct queue *q, uint64_t lanes)
{
	const struct config *c = q->fleet->conf;

	q->news &= ~lanes;
	for (size_t i = 0; i < c->nlanes && lanes >> i != 0; i++)
		if ((lanes >> i & 1) != 0 && fleet_is_resting(q->fleet, i))
			for (size_t k = 0; k < c->lanes[i].n; k++)
				upstream_nudge(q->fleet->up[c->lanes[i].relay[k]]);
}

void
queue_take_back(struct queue *q)
{
	for (size_t i = 0; i < q->fleet->n; i++) {
		struct seat *seat = &q->fleet->seat[i];

		if (seat->open != NULL && !is_for(q, q->fleet->up[i], seat->open))
			queue_withdraw(q, seat);
	}
}
