#include "posternd/census.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

/* The kernel's clock for files ticks slowly: what changed so short a time before the count may have changed after. */
#define DOUBT_US 1000000

static const enum place places[] = { PLACE_NEW, PLACE_HOLD, PLACE_DEAD, PLACE_BAD };

#define NPLACES (sizeof(places) / sizeof(places[0]))

struct census {
	struct store      *store;
	struct counted {
		size_t  n;
		int64_t changed_us;     /* of the folder when it was counted; 0: count it again */
	} counted[NPLACE];
	size_t             at;          /* in places; NPLACES: no run goes on */
	struct store_walk *walk;
	int64_t            changed_us;
	size_t             n;
};

struct census *
census_new(struct store *store)
{
	struct census *c = xcalloc(1, sizeof(*c));

	c->store = store;
	c->at = NPLACES;
	return c;
}

void
census_begin(struct census *c)
{
	if (c->at == NPLACES)
		c->at = 0;
}

static int
add(void *arg, const struct stored *m)
{
	struct census *c = arg;

	(void)m;
	c->n++;
	return 0;
}

/* True: it stands as it stood. */
static bool
begin_place(struct census *c, struct counted *k)
{
	int e;

	c->n = 0;
	c->changed_us = store_changed_us(c->store, places[c->at]);
	if (c->changed_us != 0 && c->changed_us == k->changed_us)
		return true;
	if (c->changed_us + DOUBT_US > clock_wall_us())
		c->changed_us = 0;
	e = store_walk_begin(c->store, places[c->at], &c->walk);
	if (e < 0)
		log_err("%s/ cannot be counted: %s", place_name(places[c->at]), strerror(-e));
	return e < 0;
}

bool
census_turn(struct census *c)
{
	struct counted *k;
	int e;

	if (c->at == NPLACES)
		return false;
	k = &c->counted[places[c->at]];
	if (c->walk == NULL && begin_place(c, k)) {
		c->at++;
		return true;
	}
	e = store_walk_step(c->walk, add, c);
	if (e == 1)
		return true;
	*k = (struct counted){ .n = c->n, .changed_us = e == 0 ? c->changed_us : 0 };
	store_walk_end(c->walk);
	c->walk = NULL;
	c->at++;
	return true;
}

size_t
census_count(const struct census *c, enum place p)
{
	return c->counted[p].n;
}

void
census_free(struct census *c)
{
	if (c == NULL)
		return;
	store_walk_end(c->walk);
	free(c);
}
