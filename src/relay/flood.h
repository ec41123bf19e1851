/*
 * flood.h - how much came of whom within a rolling period: a count for each
 * name, kept in twelfths of the period.  Pure: the clock is the caller's, and
 * so is what follows from a count.
 *
 * Bounded: there are at most FLOOD_NAMES names.  A further one takes the
 * place of the one with the least to its name, so whoever really floods is
 * not forgotten for a thousand who come once.
 */
#ifndef RELAY_FLOOD_H
#define RELAY_FLOOD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define FLOOD_NAMES    1024
#define FLOOD_NAME_MAX 80               /* octets of a name; the rest of a longer one is not looked at */

struct flood;

struct flood *flood_new(int64_t period_s);
void          flood_free(struct flood *f);      /* NULL is fine */

/*
 * One of this name, of this moment: how many that makes in the period that
 * ends then.  Moments may come a little out of order; one from before the
 * period (a clock that was set back) takes what was counted along with it.
 */
unsigned flood_add(struct flood *f, const char *name, int64_t when_s);

/* What there is in the period that ends now_s. */
unsigned flood_count(const struct flood *f, const char *name, int64_t now_s);

/* When there will be fewer than `most`, if no more come; now_s when there are already. */
int64_t  flood_room_at(const struct flood *f, const char *name, unsigned most, int64_t now_s);

size_t   flood_names(const struct flood *f);

/*
 * As lines "WORD NAME EPOCH COUNT", and such a line, without its word, read
 * back.  What makes no sense, and what is over by now_s, is passed over.
 */
void     flood_put(const struct flood *f, const char *word, struct buf *b);
void     flood_take(struct flood *f, struct span line, int64_t now_s);

#endif
