/* control_listing.c - mailq: every message and its recipients, read from the disk as the asker reads; see control.h. */
#include <errno.h>
#include <string.h>

#include "posternd/control_private.h"
#include "posternd/records.h"

#define SLICE 32                        /* messages read from disk between two looks at the sockets */

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

/* A message that went away since the list was made is simply not shown. */
static void
put_message(struct asker *a, struct buf *out, const struct shown *s)
{
	struct store *store = queue_store(a->control->queue);
	const char *why = NULL;
	struct message *m;
	int err = store_load(store, s->place, s->id, &m, &why);

	/* What the disk would not let go to later/ waits in cur/. */
	if (err == -ENOENT && s->place == PLACE_LATER)
		err = store_load(store, PLACE_CUR, s->id, &m, &why);
	if (err == -EBADMSG || err == -EAGAIN)
		put_unread(a, out, s, SHOWN_BAD, err == -EAGAIN ? "it was never finished" : why);
	else if (err != 0 && err != -ENOENT)
		put_unread(a, out, s, s->state, strerror(-err));
	if (err != 0)
		return;
	if (shows_all(a) || m->uid == a->uid) {
		record_message(out, s, m);
		for (size_t i = 0; i < m->env.nrcpts; i++)
			record_recipient(out, &m->env.rcpts[i], &m->notes[i]);
	}
	message_close(store, m);
}

/* Of what memory knows whose it is, the file need not be read to leave it out. */
static bool
is_hidden(const struct asker *a, const struct shown *s)
{
	bool known = s->state == SHOWN_ACTIVE || s->state == SHOWN_LATER || s->place == PLACE_CUR;

	return known && s->uid != a->uid && !shows_all(a);
}

static void
begin(struct asker *a, struct buf *out)
{
	struct queue *q = a->control->queue;

	for (size_t i = 0; i < queue_relays(q); i++)
		record_relay(out, queue_relay(q, i));
	a->job = queue_roll(q);
}

static bool
turn(struct asker *a, struct buf *out)
{
	struct shown s;

	if (roll_turn(a->job))
		return true;
	for (size_t k = 0; k < SLICE && asker_has_room(a); k++) {
		if (!roll_next(a->job, &s))
			return false;
		if (!is_hidden(a, &s))
			put_message(a, out, &s);
	}
	return true;
}

static void
end(struct asker *a)
{
	roll_free(a->job);
}

const struct request control_mailq = {
	.name = "mailq", .usage = "", .large = true, .begin = begin, .turn = turn, .end = end,
};
