#include "relay/roll.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define RUN 1024                        /* sorted in a tenth of a millisecond */

/* What is in no memory, and how it is shown. */
static const struct {
	enum place       place;
	enum shown_state state;
} places[] = {
	{ PLACE_NEW, SHOWN_READY }, { PLACE_HOLD, SHOWN_HOLD }, { PLACE_DEAD, SHOWN_DEAD }, { PLACE_BAD, SHOWN_BAD },
};

#define NPLACES (sizeof(places) / sizeof(places[0]))

struct run {
	size_t at, end;                 /* in list */
};

struct roll {
	struct store      *store;
	struct shown_list  list;
	size_t             walked;      /* of places */
	struct store_walk *walk;
	size_t             sorted;      /* of list */
	struct run        *run;         /* once all is sorted a heap, the earliest message on top */
	size_t             nruns;
	bool               made;
};

struct roll *
roll_new(struct store *store, struct shown_list *list)
{
	struct roll *r = xcalloc(1, sizeof(*r));

	r->store = store;
	r->list = *list;
	*list = (struct shown_list){ 0 };
	return r;
}

/* ---- the folders ---- */

static int
add(void *arg, const struct stored *m)
{
	struct roll *r = arg;

	shown_add(&r->list, &(struct shown){
		.id = m->id, .place = places[r->walked].place, .state = places[r->walked].state,
	});
	return 0;
}

static void
walk(struct roll *r)
{
	int e = 0;

	if (r->walk == NULL)
		e = store_walk_begin(r->store, places[r->walked].place, &r->walk);
	if (e == 0)
		e = store_walk_step(r->walk, add, r);
	if (e == 1)
		return;
	if (e < 0)
		log_err("%s/ cannot be listed: %s", place_name(places[r->walked].place), strerror(-e));
	store_walk_end(r->walk);
	r->walk = NULL;
	r->walked++;
}

/* ---- the order ---- */

static int
by_id(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void
sort_run(struct roll *r)
{
	size_t left = r->list.n - r->sorted, n = left < RUN ? left : RUN;

	if ((r->nruns & (r->nruns + 1)) == 0)
		r->run = xrealloc(r->run, 2 * (r->nruns + 1) * sizeof(*r->run));
	qsort(&r->list.s[r->sorted], n, sizeof(*r->list.s), by_id);
	r->run[r->nruns++] = (struct run){ r->sorted, r->sorted + n };
	r->sorted += n;
}

static msgid
head(const struct roll *r, size_t i)
{
	return r->list.s[r->run[i].at].id;
}

static void
sink(struct roll *r, size_t at)
{
	size_t child;

	while ((child = 2 * at + 1) < r->nruns) {
		struct run swap = r->run[at];

		if (child + 1 < r->nruns && head(r, child + 1) < head(r, child))
			child++;
		if (head(r, at) <= head(r, child))
			return;
		r->run[at] = r->run[child];
		r->run[child] = swap;
		at = child;
	}
}

bool
roll_turn(struct roll *r)
{
	if (r->walked < NPLACES) {
		walk(r);
	} else if (r->sorted < r->list.n) {
		sort_run(r);
	} else if (!r->made) {
		for (size_t i = r->nruns / 2; i-- > 0;)
			sink(r, i);
		r->made = true;
	}
	return !r->made;
}

size_t
roll_count(const struct roll *r)
{
	return r->list.n;
}

bool
roll_next(struct roll *r, struct shown *ret)
{
	assert(r->made);
	if (r->nruns == 0)
		return false;
	*ret = r->list.s[r->run[0].at++];
	if (r->run[0].at == r->run[0].end)
		r->run[0] = r->run[--r->nruns];
	sink(r, 0);
	return true;
}

void
roll_free(struct roll *r)
{
	if (r == NULL)
		return;
	store_walk_end(r->walk);
	shown_done(&r->list);
	free(r->run);
	free(r);
}
