/*
 * plain.h - what strangers wrote (senders, recipients, servers), for a
 * terminal: it can show letters, and do nothing else.
 */
#ifndef POSTERN_PLAIN_H
#define POSTERN_PLAIN_H

#include "base/buf.h"

/*
 * No control characters, those of Unicode (U+0080 to U+009F) neither, nor
 * the marks that turn the direction of what stands behind them; a tab as a
 * blank, other UTF-8 as it is, and of a text that is no UTF-8 only what is
 * ASCII.
 */
void     plain_put(struct buf *b, struct span s);

/*
 * At most `width` columns of it, as a terminal gives them (LC_CTYPE decides;
 * without one each character has one), `mark` standing for the rest.  Returns
 * how many.
 */
unsigned plain_put_cut(struct buf *b, struct span plain, unsigned width, const char *mark);

#endif
