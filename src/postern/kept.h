/*
 * kept.h - lines that were told, kept one behind the other.
 */
#ifndef POSTERN_KEPT_H
#define POSTERN_KEPT_H

#include "base/buf.h"

struct kept {
	struct buf  text;
	size_t     *end;        /* owned: where each line ends */
	size_t      n, cap;
};

void        kept_init(struct kept *k, size_t max_bytes);
void        kept_done(struct kept *k);
void        kept_add(struct kept *k, struct span line);         /* nothing, once max_bytes are passed: text.over */
struct span kept_at(const struct kept *k, size_t i);            /* until the next kept_add() */

#endif
