/*
 * waiting.h - the messages in later/, the one that is due first on top: a
 * binary heap by due_s, then by id.  Pure.
 */
#ifndef RELAY_WAITING_H
#define RELAY_WAITING_H

#include <stdbool.h>
#include <stddef.h>

#include "relay/entry.h"

struct waiting {
	struct entry **e;
	size_t         n, cap;
};

void          waiting_add(struct waiting *w, struct entry *e);
struct entry *waiting_first(const struct waiting *w);           /* NULL: nothing waits */
void          waiting_remove(struct waiting *w, struct entry *e);
/* The wall clock was set by so much: due and last attempt of all, at the ends of the range if they do not fit. */
void          waiting_shift(struct waiting *w, int64_t seconds);

/* Take out those for which which() is true, `most` at the most, chained by next. */
struct entry *waiting_take_those(struct waiting *w, bool (*which)(void *arg, const struct entry *e), void *arg,
                                 size_t most);

void          waiting_done(struct waiting *w);                  /* not the entries */

#endif
