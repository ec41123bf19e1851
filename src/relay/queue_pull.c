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
is_for(const struct upstream *u, const struct work *w)
{
	return work_relay(w) == upstream_conf(u) && (!upstream_is_full(u) || is_urgent(work_entry(w)->uid));
}

static struct mail *
on_next(void *owner, struct upstream *u)
{
	struct queue *q = owner;
	struct mail *m;
	struct work *w;

	if (q->quitting || !fleet_may_carry(q->fleet, u))
		return NULL;
	if (q->works != NULL && !is_for(u, q->works))
		queue_withdraw(q);
	if ((w = q->works) != NULL) {
		if ((m = work_take(w)) != NULL)
			return m;
		if (work_is_back(w))
			queue_end_round(q, w);  /* what was left of it cannot be sent */
	}
	for (int n = 0; count_for(u, &q->ready) > 0 && !timer_is_set(q->shortage); n++) {
		if (n == ROUNDS_A_PULL) {
			timer_set(q->tidy, 0);  /* which offers again */
			break;
		}
		w = queue_load(q, u, take_for(u, &q->ready));
		if (w == NULL)
			continue;
		if ((m = work_take(w)) != NULL)
			return m;
		queue_end_round(q, w);  /* none of its recipients can be tried */
	}
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

	if (q->quitting || !fleet_may_carry(q->fleet, u))
		return 0;
	return count_for(u, &q->ready) + (q->works != NULL && is_for(u, q->works) && work_has_more(q->works));
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
queue_nudge(struct queue *q)
{
	if (fleet_is_resting(q->fleet))
		for (size_t i = 0; i < q->fleet->n; i++)
			upstream_nudge(q->fleet->up[i]);
}
