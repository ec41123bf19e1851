/* queue_lanes.c - in which line a message stands; see queue_private.h. */
#include <stdlib.h>

#include "base/clock.h"
#include "relay/queue_private.h"

#define SORT_A_TURN  32
#define SORT_PACE_MS 5                  /* between two turns while the relays have something to carry */

static uint64_t
bit(size_t lane)
{
	return UINT64_C(1) << lane;
}

static bool
are_several(uint64_t lanes)
{
	return (lanes & (lanes - 1)) != 0;
}

/* The first of its lanes that does not rest; else the first. */
static size_t
best_of(const struct queue *q, uint64_t lanes)
{
	uint64_t well = are_several(lanes) ? lanes & ~fleet_resting(q->fleet) : lanes;

	return (size_t)__builtin_ctzll(well != 0 ? well : lanes);
}

/*
 * Without routes there is nothing to sort: what an admin sent another way
 * is found out when its turn comes.
 */
static struct ready *
line_of(struct queue *q, const struct entry *e)
{
	struct lane *l;

	if (e->lanes == 0 && q->fleet->conf->nroutes > 0)
		return &q->unsorted;
	l = &q->lanes[e->lanes == 0 ? 0 : best_of(q, e->lanes)];
	l->mixed |= are_several(e->lanes);
	return &l->ready;
}

static void
sort_soon(struct queue *q)
{
	if (q->unsorted.n > 0 && !q->quitting && !timer_is_set(q->sort))
		timer_set(q->sort, 0);
}

void
queue_stand(struct queue *q, struct entry *e)
{
	ready_add(line_of(q, e), e);
	sort_soon(q);
}

void
queue_make_ready(struct queue *q, struct entry *e)
{
	e->since_ms = clock_mono_ms();
	e->lanes = 0;
	queue_stand(q, e);
}

void
queue_return(struct queue *q, struct entry *e)
{
	ready_return(line_of(q, e), e);
	sort_soon(q);
	if (fleet_is_at_hand(q->fleet))
		timer_set(q->tidy, 0);  /* it is that one's to take, and nobody has told it */
}

/* ---- which lanes ---- */

bool
queue_is_hungry(const struct queue *q)
{
	for (size_t i = 0; i < q->nlanes; i++)
		if (q->lanes[i].ready.n > 0 && !fleet_is_resting(q->fleet, i))
			return false;
	return true;
}

/*
 * A round without a relay: it finds out who carries the message, which then
 * stands in a line of its own.  So the file is read twice; that lets a message
 * for one relay leave that came behind a hundred thousand for another.
 */
void
queue_sort(void *arg)
{
	struct queue *q = arg;
	struct work *w;

	for (int n = 0; n < SORT_A_TURN && q->unsorted.n > 0 && !timer_is_set(q->shortage); n++) {
		w = queue_load(q, NULL, LANES_MAX, ready_take(&q->unsorted));
		if (w != NULL)
			queue_end_round(q, w);
	}
	queue_nudge(q, q->news);
	queue_offer(q);
	if (q->unsorted.n > 0 && !timer_is_set(q->shortage))
		timer_set(q->sort, queue_is_hungry(q) ? 0 : SORT_PACE_MS);
}

void
queue_sort_now(struct queue *q)
{
	if (q->unsorted.n > 0)
		timer_set(q->sort, 0);
}

static bool
is_for_one_of(void *arg, const struct entry *e)
{
	const uint64_t *lanes = arg;

	return (e->lanes & *lanes) != 0;
}

void
queue_move_over(struct queue *q)
{
	uint64_t resting = fleet_resting(q->fleet), well = ~resting;
	struct entry *all, *e;

	if (resting == q->resting)
		return;
	q->resting = resting;
	for (size_t i = 0; i < q->nlanes; i++) {
		struct lane *l = &q->lanes[i];

		if ((resting & bit(i)) == 0 || !l->mixed)
			continue;
		all = ready_take_those(&l->ready, is_for_one_of, &well, l->ready.n);
		while ((e = all) != NULL) {
			all = e->next;
			queue_stand(q, e);
		}
		l->mixed = l->ready.n > 0;
	}
}

/* ---- all lines ---- */

size_t
queue_ready(const struct queue *q)
{
	size_t n = q->unsorted.n;

	for (size_t i = 0; i < q->nlanes; i++)
		n += q->lanes[i].ready.n;
	return n;
}

struct ready *
queue_line(struct queue *q, size_t i)
{
	return i < q->nlanes ? &q->lanes[i].ready : i == q->nlanes ? &q->unsorted : NULL;
}

static void
stand_anew(struct queue *q, struct ready *r)
{
	struct entry *e;

	while ((e = ready_take(r)) != NULL) {
		e->lanes = 0;
		queue_stand(q, e);
	}
	ready_done(r);
}

/*
 * Another configuration: its lanes are others.  Where nothing is sorted, before
 * and after, the long line stays as it is.
 */
void
queue_make_lanes(struct queue *q, bool sorted_before)
{
	struct lane *old = q->lanes;
	struct ready unsorted = q->unsorted;
	size_t n = q->nlanes, i = 0;

	q->unsorted = (struct ready){ 0 };
	q->nlanes = q->fleet->conf->nlanes;
	q->lanes = xcalloc(q->nlanes, sizeof(*q->lanes));
	q->resting = fleet_resting(q->fleet);
	q->news = 0;
	if (n > 0 && !sorted_before && q->fleet->conf->nroutes == 0)
		q->lanes[0].ready = old[i++].ready;
	for (; i < n; i++)
		stand_anew(q, &old[i].ready);
	stand_anew(q, &unsorted);
	free(old);
}

void
queue_drop_lanes(struct queue *q)
{
	struct ready *r;
	struct entry *e;

	for (size_t i = 0; (r = queue_line(q, i)) != NULL; i++) {
		while ((e = ready_take(r)) != NULL)
			free(e);
		ready_done(r);
	}
	free(q->lanes);
}
