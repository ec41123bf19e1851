/* control_listing.c - mailq: every message and its recipients, as the asker reads; see control.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "posternd/control_private.h"
#include "posternd/records.h"

#define LOOK 16                         /* messages between two looks at the clock: all may have to be read */
#define PASS 4096                       /* passed over, likewise */

static bool
shows_all(const struct asker *a)
{
	return asker_may_all(a) || !queue_conf(a->control->queue)->mailq_own;
}

static void
put_unread(struct asker *a, struct buf *out, const struct shown *s, enum shown_state state, const char *why)
{
	struct store *store = queue_store(a->control->queue);
	struct stored st;

	if (store_stat(store, s->place, s->id, &st) == 0 && (shows_all(a) || st.uid == a->uid))
		record_unread(out, state, &st, store_user(store, st.uid), why);
}

struct telling {
	struct asker       *asker;
	struct buf         *out;
	const struct shown *s;
};

static void
tell(void *arg, const struct gist *g)
{
	const struct telling *t = arg;

	if (!shows_all(t->asker) && g->uid != t->asker->uid)
		return;
	record_message(t->out, t->s, g, store_user(queue_store(t->asker->control->queue), g->uid));
	for (size_t i = 0; i < g->nrcpts; i++)
		record_recipient(t->out, &g->rcpts[i]);
}

/* A message that went away since the list was made is simply not shown. */
static void
put_message(struct asker *a, struct buf *out, const struct shown *s)
{
	struct store *store = queue_store(a->control->queue);
	struct telling t = { .asker = a, .out = out, .s = s };
	const char *why = NULL;
	int err = store_gist(store, s->place, s->id, tell, &t, &why);

	/* What the disk would not let go to later/ waits in cur/. */
	if (err == -ENOENT && s->place == PLACE_LATER)
		err = store_gist(store, PLACE_CUR, s->id, tell, &t, &why);
	if (err == -EBADMSG || err == -EAGAIN)
		put_unread(a, out, s, SHOWN_BAD, err == -EAGAIN ? "it was never finished" : why);
	else if (err != 0 && err != -ENOENT)
		put_unread(a, out, s, s->state, strerror(-err));
}

/* Of what memory knows whose it is, the file need not be read to leave it out. */
static bool
is_hidden(const struct asker *a, const struct shown *s)
{
	bool known = s->state == SHOWN_ACTIVE || s->state == SHOWN_LATER || s->place == PLACE_CUR;

	return known && s->uid != a->uid && !shows_all(a);
}

struct list {
	struct roll *roll;
	size_t       newest;            /* only so many of the last ones; 0: all */
	size_t       taken;
};

/* "newest N" */
static bool
wants_newest(struct asker *a, size_t *ret)
{
	uint64_t n = 0;

	if (a->nwords == 0)
		return true;
	if (a->nwords == 2 && strcmp(a->word[0], "newest") == 0 &&
	    text_number(span_of(a->word[1]), SIZE_MAX, &n) == 0 && n > 0) {
		*ret = (size_t)n;
		return true;
	}
	asker_error(a, "usage", "mailq [newest N]");
	return false;
}

static void
begin(struct asker *a, struct buf *out)
{
	struct queue *q = a->control->queue;
	struct list *l;
	size_t newest = 0;

	if (!wants_newest(a, &newest))
		return;
	for (size_t i = 0; i < queue_relays(q); i++)
		record_relay(out, queue_relay(q, i));
	a->job = l = xcalloc(1, sizeof(*l));
	l->roll = queue_roll(q);
	l->newest = newest;
}

/* Those before the newest, not read from the disk; false: more of them at the next turn. */
static bool
passed_over(struct list *l)
{
	struct shown s;

	for (size_t k = 0; l->newest > 0 && roll_count(l->roll) - l->taken > l->newest; k++, l->taken++) {
		if (k == PASS)
			return false;
		roll_next(l->roll, &s);
	}
	return true;
}

static bool
turn(struct asker *a, struct buf *out)
{
	struct list *l = a->job;
	struct shown s;

	while (roll_turn(l->roll) || !passed_over(l))
		if (!asker_has_time(a))
			return true;
	while (asker_has_time(a)) {
		for (size_t k = 0; k < LOOK; k++) {
			if (!asker_has_room(a))
				return true;
			if (!roll_next(l->roll, &s))
				return false;
			l->taken++;
			if (!is_hidden(a, &s))
				put_message(a, out, &s);
		}
	}
	return true;
}

static void
end(struct asker *a)
{
	struct list *l = a->job;

	roll_free(l->roll);
	free(l);
}

const struct request control_mailq = {
	.name = "mailq", .usage = "[newest N]", .most = 2, .large = true, .begin = begin, .turn = turn, .end = end,
};
