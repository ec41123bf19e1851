/* queue_settled.c - settled messages whose files cannot be removed just now; see queue_private.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "relay/queue_private.h"

#define TRIES_A_LOOK 256

static void
add(struct queue *q, struct entry *e)
{
	e->next = NULL;
	*q->settled_end = e;
	q->settled_end = &e->next;
	q->nsettled++;
}

/*
 * Where not even the journal can be written, all that is sent now would be
 * sent again after a restart: better late than twice.
 */
void
queue_keep_settled(struct queue *q, struct entry *e, int err, bool noted)
{
	char id[ID_LEN + 1];

	msgid_format(e->id, id);
	if (noted) {
		log_err("%s: is settled but cannot be removed: %s; its journal says so: it is not sent again",
		    id, strerror(-err));
	} else {
		log_err("%s: is settled but can neither be removed nor marked so: %s; a restart before the disk "
		    "is well sends it again, and nothing else is sent for a minute", id, strerror(-err));
		queue_fall_short(q, err);
	}
	add(q, e);
}

static struct entry *
take_first(struct queue *q)
{
	struct entry *e = q->settled;

	if ((q->settled = e->next) == NULL)
		q->settled_end = &q->settled;
	q->nsettled--;
	return e;
}

/* One that an admin removed by hand is gone as well. */
static void
try_again(struct queue *q, struct entry *e)
{
	char id[ID_LEN + 1];
	int err = store_remove(q->store, PLACE_CUR, e->id);

	if (err != 0 && err != -ENOENT) {
		add(q, e);
		return;
	}
	msgid_format(e->id, id);
	log_info("%s: removed at last", id);
	free(e);
}

void
queue_remove_settled(struct queue *q)
{
	size_t n = q->nsettled < TRIES_A_LOOK ? q->nsettled : TRIES_A_LOOK;

	while (n-- > 0)
		try_again(q, take_first(q));
}

void
queue_drop_settled(struct queue *q)
{
	while (q->nsettled > 0)
		free(take_first(q));
}
