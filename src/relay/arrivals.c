#include "relay/arrivals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/loop.h"

#define A_TURN 64               /* renames between two looks at the sockets: some milliseconds */

struct arrivals {
	struct store              *store;
	const struct arrivals_ops *ops;
	void                      *arg;
	struct timer              *turn;
	msgid                     *id;          /* of the last look, oldest first */
	size_t                     n, cap, at;
	bool                       again;       /* more came while these were taken in */
	bool                       stopped;
};

static int
collect(void *arg, const struct stored *m)
{
	struct arrivals *a = arg;

	if (a->n == a->cap) {
		a->cap = a->cap > 0 ? a->cap * 2 : 64;
		a->id = xrealloc(a->id, a->cap * sizeof(*a->id));
	}
	a->id[a->n++] = m->id;
	return 0;
}

static int
by_id(const void *x, const void *y)
{
	msgid a = *(const msgid *)x, b = *(const msgid *)y;

	return a < b ? -1 : a > b;
}

static void
look(struct arrivals *a)
{
	int err;

	a->again = false;
	a->n = a->at = 0;
	err = store_scan(a->store, PLACE_NEW, false, collect, a);
	if (err != 0)
		log_err("new/ cannot be read: %s", strerror(-err));
	if (a->n > 1)
		qsort(a->id, a->n, sizeof(msgid), by_id);
}

static bool
admit(struct arrivals *a, msgid id)
{
	struct stored st = { 0 };
	char name[ID_LEN + 1];
	int err;

	msgid_format(id, name);
	err = store_take(a->store, id, &id);
	if (err != 0) {
		if (err != -ENOENT)
			log_err("%s: cannot be taken in from new/: %s", name, strerror(-err));
		return false;
	}
	err = store_stat(a->store, PLACE_CUR, id, &st);
	if (err == -ENOENT)
		return false;
	/* Whose it is cannot be had: it stands in root's line, which is better than in none. */
	a->ops->admitted(a->arg, entry_new(id, st.uid));
	return true;
}

static void
on_turn(void *arg)
{
	struct arrivals *a = arg;
	bool any = false;

	if (a->at == a->n)
		look(a);
	for (int n = 0; n < A_TURN && a->at < a->n; n++)
		any |= admit(a, a->id[a->at++]);
	if (a->at < a->n || a->again)
		timer_set(a->turn, 0);
	if (any)
		a->ops->settled(a->arg);
}

struct arrivals *
arrivals_new(struct event_base *base, struct store *store, const struct arrivals_ops *ops, void *arg)
{
	struct arrivals *a = xcalloc(1, sizeof(*a));

	a->store = store;
	a->ops = ops;
	a->arg = arg;
	a->turn = timer_new(base, on_turn, a);
	return a;
}

void
arrivals_look(struct arrivals *a)
{
	if (a->stopped)
		return;
	if (a->at < a->n)
		a->again = true;
	if (!timer_is_set(a->turn))
		timer_set(a->turn, 0);
}

bool
arrivals_are_due(const struct arrivals *a)
{
	return timer_is_set(a->turn);
}

void
arrivals_stop(struct arrivals *a)
{
	a->stopped = true;
	timer_off(a->turn);
}

void
arrivals_free(struct arrivals *a)
{
	if (a == NULL)
		return;
	timer_free(a->turn);
	free(a->id);
	free(a);
}
