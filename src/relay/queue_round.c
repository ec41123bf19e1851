/* queue_round.c - a message's way into a round and out of it; see queue_private.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/mapfile.h"
#include "relay/queue_private.h"
#include "relay/retry.h"

#define DISK_AGAIN_S 60                 /* what cannot be read or moved just now */

/* ---- entries ---- */

void
queue_make_waiting(struct queue *q, struct entry *e)
{
	due_add(q->due, e, retry_at(entry_arrival_s(e), e->last_s, e->id));
}

struct entry *
queue_take_those(struct queue *q, enum place p, bool (*which)(void *arg, const struct entry *e), void *arg,
    size_t most)
{
	struct entry *all = NULL, **end = &all;
	struct ready *r;

	if (p != PLACE_CUR)
		return due_take_those(q->due, which, arg, most);
	for (size_t i = 0; most > 0 && (r = queue_line(q, i)) != NULL; i++) {
		*end = ready_take_those(r, which, arg, most);
		for (; *end != NULL; end = &(*end)->next)
			most--;
	}
	return all;
}

/* ---- a round's end ---- */

static void
unlink_work(struct queue *q, struct work *w)
{
	struct work **at = &q->works;

	for (size_t i = 0; i < q->fleet->n; i++)
		if (q->fleet->seat[i].open == w)
			q->fleet->seat[i].open = NULL;
	while (*at != w)
		at = work_next(*at);
	*at = *work_next(w);
	q->nworks--;
}

void
queue_complain(const struct entry *e, const char *what, int err)
{
	char id[ID_LEN + 1];

	msgid_format(e->id, id);
	log_err("%s: %s: %s", id, what, strerror(-err));
}

/*
 * Out of cur/ into a place where it is nobody's turn any more.  What cannot
 * be moved just now stays in line, or nobody would see it until a restart.
 */
static void
put_away(struct queue *q, struct entry *e, enum place to, const char *why)
{
	char id[ID_LEN + 1];
	int err = store_move(q->store, e->id, PLACE_CUR, to);

	if (err != 0 && err != -ENOENT) {
		queue_complain(e, "cannot be put away", err);
		due_add(q->due, e, clock_wall_s() + DISK_AGAIN_S);
		return;
	}
	msgid_format(e->id, id);
	if (err == 0)
		log_write(LOG_LEVEL_ERR, "%s: moved to %s/: %s", id, place_name(to), why);
	free(e);
}

static void
wait_for_retry(struct queue *q, struct entry *e)
{
	int err;

	e->last_s = (uint32_t)clock_wall_s();
	err = store_move(q->store, e->id, PLACE_CUR, PLACE_LATER);
	if (err != 0) {
		/* It stays in cur/: due at the next start at the latest. */
		queue_complain(e, "cannot be moved to later/", err);
	}
	queue_make_waiting(q, e);
}

/*
 * On to the next of its lanes.  When nobody has tried it yet and it came
 * just now, their relays are to hear of it.
 */
static void
move_on(struct queue *q, const struct work_env *env, struct entry *e)
{
	if (env->relay == NULL && e->last_s == 0)
		q->news |= e->lanes;
	queue_stand(q, e);
	timer_set(q->tidy, 0);          /* which offers it */
}

/* Gone by an admin's hand is gone. */
static void
remove_settled(struct queue *q, struct work *w, struct entry *e)
{
	bool noted = false;
	int err = work_remove(w, &noted);

	if (err != 0 && err != -ENOENT)
		queue_keep_settled(q, e, err, noted);
	else
		free(e);
}

void
queue_end_round(struct queue *q, struct work *w)
{
	struct entry *e = work_entry(w);
	struct work_env env = *work_env(w);
	enum fate fate = work_finish(w, clock_wall_s());

	unlink_work(q, w);
	if (fate == FATE_GONE) {
		remove_settled(q, w, e);
		return;
	}
	work_free(w);
	if (env.conf != q->fleet->conf)
		e->lanes = 0;           /* they were numbered otherwise */
	switch (fate) {
	case FATE_AGAIN:
		queue_return(q, e);
		break;
	case FATE_BEHIND:
		queue_stand(q, e);
		timer_set(q->tidy, 0);
		break;
	case FATE_ONWARD:
		move_on(q, &env, e);
		break;
	case FATE_LATER:
		wait_for_retry(q, e);
		break;
	default:
		put_away(q, e, PLACE_DEAD, "it failed and its sender cannot be told");
		break;
	}
}

/* ---- a round's beginning ---- */

void
queue_fall_short(struct queue *q, int err)
{
	q->short_of = err;
	timer_set(q->shortage, DISK_AGAIN_S * 1000);
}

/* Of the process, the system or the disk: the next message could not be opened either. */
static bool
is_shortage(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -EROFS;
}

struct work *
queue_load(struct queue *q, struct upstream *u, size_t lane, struct entry *e)
{
	const struct config *c = q->fleet->conf;
	struct work_env env = {
		.conf = c, .relay = u != NULL ? upstream_conf(u) : NULL, .lane = lane,
		.recipients = u != NULL ? upstream_recipients(u) : 0,
		.store = q->store, .aliases = aliasfile_get(q->aliases, c->aliases),
	};
	const char *why;
	struct work *w;
	int err;

	mapfiles_look(c);
	err = work_load(&env, e, &w, &why);
	if (err == 0) {
		*work_next(w) = q->works;
		q->works = w;
		q->nworks++;
		return w;
	}
	if (err == -EBADMSG || err == -EAGAIN) {
		put_away(q, e, PLACE_BAD, err == -EAGAIN ? "it was never finished" : why);
	} else if (err == -ENOENT) {
		free(e);
	} else if (is_shortage(err)) {
		queue_complain(e, "cannot be read, and no other can now", err);
		queue_return(q, e);
		queue_fall_short(q, err);
	} else {
		queue_complain(e, "cannot be read", err);
		due_add(q->due, e, clock_wall_s() + DISK_AGAIN_S);
	}
	return NULL;
}

/* They were made for one relay of one configuration. */
void
queue_withdraw(struct queue *q, struct seat *seat)
{
	struct work *w = seat->open;

	if (w == NULL)
		return;
	seat->open = NULL;
	work_withdraw(w);
	if (work_is_back(w))
		queue_end_round(q, w);
}

void
queue_withdraw_all(struct queue *q)
{
	for (size_t i = 0; i < q->fleet->n; i++)
		queue_withdraw(q, &q->fleet->seat[i]);
}
