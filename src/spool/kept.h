/*
 * kept.h - the gists of messages that were read, in memory, so that a listing
 * of a hundred thousand opens no file twice.  All is packed; what many
 * messages share, the replies of servers and addresses, is kept once.  The whole
 * has a limit from birth; what finds no room is not kept, and what is there
 * stays: a listing that goes round and round through more than fits would
 * else find nothing of it each time.
 *
 * Whether a gist still holds is told by a mark, the caller's, which changes
 * with the file.  So a journal line that nobody told us of is never missed.
 */
#ifndef SPOOL_KEPT_H
#define SPOOL_KEPT_H

#include "spool/gist.h"

struct kept;

struct kept *kept_new(size_t max_bytes);
void         kept_free(struct kept *k);                 /* NULL is fine */

/* Replaces what was known of this message. */
void         kept_put(struct kept *k, const struct gist *g, uint64_t mark);
void         kept_drop(struct kept *k, msgid id);

/* False: nothing is known, or it has another mark.  Lent until the next call, the array too. */
bool         kept_find(struct kept *k, msgid id, uint64_t mark, struct gist *ret);

bool         kept_knows(const struct kept *k, msgid id);        /* whatever its mark */
bool         kept_is_full(const struct kept *k);        /* something found no room, and none was made since */
size_t       kept_bytes(const struct kept *k);          /* what it holds of the heap, nearly */

#endif
