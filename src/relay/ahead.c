#include "relay/ahead.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"
#include "relay/queue.h"
#include "spool/gist.h"

#define SLICE_MS 2                      /* of a loop that nobody may hold up for 20 */
#define SLICE    256                    /* messages, where the clock does not tell */
#define PACE_MS  1                      /* between two slices: a third of a processor is left to others */
#define WAIT_MS  250                    /* until it is looked again whether others are done */

/* new/ is about to be emptied, bad/ says nothing.  Waiting mail first: it is the most, and stays. */
static const enum place places[] = { PLACE_LATER, PLACE_CUR, PLACE_HOLD, PLACE_DEAD };

#define NPLACES (sizeof(places) / sizeof(places[0]))

struct ahead {
	struct queue      *queue;
	struct timer      *turn;
	bool             (*busy)(void *arg);
	void              *arg;
	size_t             place;       /* in places; NPLACES: it is done */
	struct store_walk *walk;
	msgid             *id;          /* of the walk's last step: as many as fit its buffer */
	size_t             n, cap, at;
	size_t             read;
};

static int
add(void *arg, const struct stored *m)
{
	struct ahead *a = arg;

	if (a->n == a->cap) {
		a->cap = a->cap > 0 ? a->cap * 2 : 64;
		a->id = xrealloc(a->id, a->cap * sizeof(*a->id));
	}
	a->id[a->n++] = m->id;
	return 0;
}

/* What cannot be walked is passed over: whoever asks is told of it. */
static void
step(struct ahead *a)
{
	int e = 0;

	a->n = a->at = 0;
	if (a->walk == NULL)
		e = store_walk_begin(queue_store(a->queue), places[a->place], &a->walk);
	if (e == 0)
		e = store_walk_step(a->walk, add, a);
	if (e == 1)
		return;
	store_walk_end(a->walk);
	a->walk = NULL;
	a->place++;
}

static void
finish(struct ahead *a)
{
	store_walk_end(a->walk);
	a->walk = NULL;
	free(a->id);
	a->id = NULL;
	a->n = a->cap = a->at = 0;
	a->place = NPLACES;
	log_debug("what %zu messages say is remembered for a listing", a->read);
}

/* The last step of a place has moved on from it already. */
static enum place
place_of_step(const struct ahead *a)
{
	return places[a->walk != NULL ? a->place : a->place - 1];
}

static void
slice(struct ahead *a)
{
	int64_t until_ms = clock_mono_ms() + SLICE_MS;

	for (int n = 0; n < SLICE && clock_mono_ms() < until_ms; n++) {
		if (a->at == a->n) {
			if (a->place == NPLACES) {
				finish(a);
				return;
			}
			step(a);
			continue;
		}
		if (!store_gist_ahead(queue_store(a->queue), place_of_step(a), a->id[a->at++])) {
			finish(a);
			return;
		}
		a->read++;
	}
}

static void
on_turn(void *arg)
{
	struct ahead *a = arg;

	if (a->busy(a->arg) || !queue_is_still(a->queue)) {
		timer_set(a->turn, WAIT_MS);
		return;
	}
	slice(a);
	if (!ahead_is_done(a))
		timer_set(a->turn, PACE_MS);
}

struct ahead *
ahead_new(struct event_base *base, struct queue *q, bool (*busy)(void *arg), void *arg)
{
	struct ahead *a = xcalloc(1, sizeof(*a));

	a->queue = q;
	a->busy = busy;
	a->arg = arg;
	a->turn = timer_new(base, on_turn, a);
	timer_set(a->turn, 0);
	return a;
}

bool
ahead_is_done(const struct ahead *a)
{
	return a->place == NPLACES && a->n == 0;
}

void
ahead_free(struct ahead *a)
{
	if (a == NULL)
		return;
	store_walk_end(a->walk);
	timer_free(a->turn);
	free(a->id);
	free(a);
}
