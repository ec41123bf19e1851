#include "relay/entry.h"

#include <stdlib.h>

#include "base/clock.h"

struct entry *
entry_new(msgid id, uid_t uid)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->id = id;
	e->uid = uid;
	entry_seen(e, clock_wall_s(), 0);
	return e;
}

int64_t
entry_arrival_s(const struct entry *e)
{
	return e->seen_s != 0 ? e->seen_s : msgid_time_us(e->id) / 1000000;
}

/* The journal is what a restart does not forget; one that begins in the future says nothing either. */
void
entry_seen(struct entry *e, int64_t now_s, int64_t first_s)
{
	if (msgid_time_us(e->id) / 1000000 <= now_s)
		return;
	if (first_s > 0 && first_s < now_s)
		now_s = first_s;
	if (now_s > 0 && (e->seen_s == 0 || now_s < e->seen_s))
		e->seen_s = (uint32_t)now_s;
}

/* No attempt was in the future; a clock that has been set back since says so. */
static uint32_t
last_attempt(int64_t mtime_s)
{
	int64_t now_s = clock_wall_s();

	mtime_s = mtime_s < now_s ? mtime_s : now_s;
	return mtime_s > 0 ? (uint32_t)mtime_s : 0;
}

static int
collect(void *arg, const struct stored *m)
{
	struct entries *all = arg;
	struct entry *e = entry_new(m->id, m->uid);

	if (all->n == all->cap) {
		all->cap = all->cap > 0 ? all->cap * 2 : 1024;
		all->e = xrealloc(all->e, all->cap * sizeof(struct entry *));
	}
	e->last_s = last_attempt(m->mtime_s);
	all->e[all->n++] = e;
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

int
entries_read(struct store *s, enum place p, struct entries *ret)
{
	int err;

	*ret = (struct entries){ 0 };
	err = store_scan(s, p, true, collect, ret);
	if (ret->n > 1)
		qsort(ret->e, ret->n, sizeof(struct entry *), by_id);
	return err;
}
