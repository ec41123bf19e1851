#include "relay/due.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/loop.h"

#define A_TURN       64
#define LONGEST_S    3600               /* between two looks at the wall clock */
#define DISK_AGAIN_S 60

struct due {
	struct store         *store;
	const struct due_ops *ops;
	void                 *arg;
	struct timer         *turn;
	struct waiting        waiting;
	bool                  stopped;
};

static void
arm(struct due *d)
{
	const struct entry *e = waiting_first(&d->waiting);
	int64_t wait_s;

	if (e == NULL || d->stopped) {
		timer_off(d->turn);
		return;
	}
	wait_s = (int64_t)e->due_s - clock_wall_s();
	timer_set(d->turn, wait_s <= 0 ? 0 : wait_s > LONGEST_S ? LONGEST_S * 1000 : wait_s * 1000);
}

/* What could not be moved to later/, or not be read, waits where it is. */
static bool
is_in_cur(struct due *d, const struct entry *e)
{
	struct stored st;

	return store_stat(d->store, PLACE_CUR, e->id, &st) != -ENOENT;
}

static bool
bring_back(struct due *d, struct entry *e)
{
	int err = store_move(d->store, e->id, PLACE_LATER, PLACE_CUR);
	char id[ID_LEN + 1];

	if (err == 0 || (err == -ENOENT && is_in_cur(d, e))) {
		d->ops->ready(d->arg, e);
		return true;
	}
	if (err == -ENOENT) {
		free(e);                /* somebody removed it by hand */
		return false;
	}
	msgid_format(e->id, id);
	log_err("%s: cannot be moved to cur/: %s", id, strerror(-err));
	due_add(d, e, clock_wall_s() + DISK_AGAIN_S);
	return false;
}

static void
on_turn(void *arg)
{
	struct due *d = arg;
	int64_t now = clock_wall_s();
	struct entry *e;
	bool any = false;

	for (int n = 0; n < A_TURN && (e = waiting_first(&d->waiting)) != NULL && e->due_s <= now; n++) {
		waiting_remove(&d->waiting, e);
		any |= bring_back(d, e);
	}
	arm(d);
	if (any)
		d->ops->settled(d->arg);
}

struct due *
due_new(struct event_base *base, struct store *store, const struct due_ops *ops, void *arg)
{
	struct due *d = xcalloc(1, sizeof(*d));

	d->store = store;
	d->ops = ops;
	d->arg = arg;
	d->turn = timer_new(base, on_turn, d);
	return d;
}

void
due_add(struct due *d, struct entry *e, int64_t due_s)
{
	e->due_s = (uint32_t)due_s;
	waiting_add(&d->waiting, e);
	if (waiting_first(&d->waiting) == e)
		arm(d);
}

void
due_hurry(struct due *d)
{
	struct waiting all = d->waiting;
	int64_t now = clock_wall_s();

	d->waiting = (struct waiting){ 0 };
	for (size_t i = 0; i < all.n; i++)
		due_add(d, all.e[i], now);
	waiting_done(&all);
}

void
due_shift(struct due *d, int64_t by_s)
{
	waiting_shift(&d->waiting, by_s);
	arm(d);
}

struct entry *
due_take_those(struct due *d, bool (*which)(void *arg, const struct entry *e), void *arg, size_t most)
{
	struct entry *taken = waiting_take_those(&d->waiting, which, arg, most);

	arm(d);
	return taken;
}

bool
due_is_over(const struct due *d)
{
	const struct entry *e = waiting_first(&d->waiting);

	return e != NULL && e->due_s <= clock_wall_s();
}

void
due_stop(struct due *d)
{
	d->stopped = true;
	arm(d);
}

void
due_free(struct due *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->waiting.n; i++)
		free(d->waiting.e[i]);
	waiting_done(&d->waiting);
	timer_free(d->turn);
	free(d);
}

const struct waiting *
due_waiting(const struct due *d)
{
	return &d->waiting;
}
