/*
 * actions.h - what an admin, or a user, does to messages that he names:
 * retry, hold, release, delete, bounce, requeue.  Memory is walked once for
 * all of them; what is done to the files is done in slices.
 *
 * What a relay carries at that moment is left alone: to hold it or remove it
 * would say nothing about what the server then has.  Whoever is given up in
 * the middle has done what it has counted, and the rest stays as it was.
 */
#ifndef RELAY_ACTIONS_H
#define RELAY_ACTIONS_H

#include <sys/types.h>

#include "relay/idset.h"

struct actions;
struct queue;

enum action { ACTION_RETRY, ACTION_HOLD, ACTION_RELEASE, ACTION_DELETE, ACTION_BOUNCE, ACTION_REQUEUE };

struct action_order {
	enum action action;
	const char *relay;              /* ACTION_REQUEUE: by this one from now on */
	uid_t       uid;                /* who wants it, */
	const char *user;               /* by name; copied */
	bool        all;                /* he may act on others' mail and on what others held */
	bool        own;                /* else: of others' mail he may not even know that it is there */
};

/*
 * done; gone: nowhere to be found; denied: not his; refused: it cannot be
 * done to this one now, and refused() was told why.
 */
struct action_counts {
	size_t done, gone, denied, refused;
};

struct action_ear {
	void (*refused)(void *arg, msgid id, const char *why);
	void  *arg;
};

/* Takes the IDs.  ear is copied; it is called from actions_turn(). */
struct actions *actions_new(struct queue *q, const struct action_order *order, struct idset *ids,
                            const struct action_ear *ear);
bool            actions_turn(struct actions *a);        /* a slice; false: all is done */
const struct action_counts *actions_counts(const struct actions *a);
void            actions_free(struct actions *a);        /* NULL is fine */

#endif
