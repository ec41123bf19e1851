/*
 * idset.h - a set of message IDs that were asked for, in the order of asking,
 * with a quick answer to "is this one of them?": a queue of a hundred
 * thousand is walked once for fifty thousand of them.  Pure.
 */
#ifndef RELAY_IDSET_H
#define RELAY_IDSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/msgid.h"

struct idset {
	msgid    *id;                   /* owned */
	size_t    n, cap;
	uint32_t *table;                /* open-addressed: index + 1, 0: free; twice as long as id */
};

#define IDSET_NONE SIZE_MAX

bool   idset_add(struct idset *s, msgid id);            /* false: it is there already */
size_t idset_find(const struct idset *s, msgid id);     /* its index, or IDSET_NONE */
void   idset_done(struct idset *s);

#endif
