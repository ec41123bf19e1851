/*
 * ready.h - the messages that are due, in a fair order: one line for each
 * submitting user, first come first served within it, the lines served in
 * turn.  So one user's ten thousand delay nobody else's one.  Pure.
 */
#ifndef RELAY_READY_H
#define RELAY_READY_H

#include <stdbool.h>
#include <stddef.h>

#include "relay/entry.h"

struct line {
	uid_t         uid;
	struct entry *first, *last;
	struct line  *next;     /* in the hash chain */
	struct line  *turn;     /* whose turn comes after; NULL when last, or when the line is empty */
};

#define READY_CHAINS 64

struct ready {
	struct line *chain[READY_CHAINS];       /* by uid */
	struct line *turns, *last_turn;         /* the lines that are not empty, in turn */
	size_t       n;
};

void          ready_done(struct ready *r);                      /* the lines; not the entries */
void          ready_add(struct ready *r, struct entry *e);      /* at the end of its user's line */
void          ready_return(struct ready *r, struct entry *e);   /* at the front of its line; of an empty one,
                                                                   its user is next */
struct entry *ready_take(struct ready *r);                      /* NULL: nothing */

/* Out of turn: the first of this user's line.  NULL: it is empty. */
struct entry *ready_take_of(struct ready *r, uid_t uid);
bool          ready_has(const struct ready *r, uid_t uid);

/*
 * Take out those for which which() is true, `most` at the most, chained by
 * next.  The others keep their place.
 */
struct entry *ready_take_those(struct ready *r, bool (*which)(void *arg, const struct entry *e), void *arg,
                               size_t most);

/* Every entry, in no particular order.  each() may not change r. */
void          ready_each(const struct ready *r, void (*each)(void *arg, struct entry *e), void *arg);

#endif
