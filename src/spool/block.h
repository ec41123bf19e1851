/*
 * block.h - where a header block ends, asked of text that may not be all
 * there yet.  Agrees with header_next on what belongs to the block.
 */
#ifndef SPOOL_BLOCK_H
#define SPOOL_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Look at text from offset *at (0 at first), which is the start of a line,
 * and move *at over whole lines of the block.  True: *at is the block's end,
 * its blank line included if there is one.  False: more text is needed;
 * call again with the longer text.  all: there is no more text, so the
 * answer is true.
 */
bool block_end(struct span text, bool all, size_t *at);

#endif
