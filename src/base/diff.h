/*
 * diff.h - what one text has and another has not, as people read it: a
 * unified diff.  Pure; knows lines.
 */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include "base/buf.h"

/*
 * Append the unified diff from `from` to `to` under the two names, three
 * lines of context, to *ret; nothing when they are the same.  A last line
 * without its end is marked, as diff(1) marks it.
 *
 * The shortest one as long as what differs needs no more than DIFF_MAX_CELLS
 * comparisons (two parts of some 2000 lines); beyond that everything between the
 * first and the last difference is taken out and put in again: longer, not wrong.
 */
#define DIFF_MAX_CELLS (4u << 20)

void diff_unified(struct span from, const char *from_name, struct span to, const char *to_name, struct buf *ret);

#endif
