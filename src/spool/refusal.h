/*
 * refusal.h - why a message was not taken in: the exit code and the words
 * for its submitter, the same through every door.
 */
#ifndef SPOOL_REFUSAL_H
#define SPOOL_REFUSAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "spool/draft.h"

/*
 * e: what a draft said, -errno.  maybe: draft_commit's.  place: the spool's
 * path.  The sysexits code; one line is appended to *why.
 */
int refusal_put(struct buf *why, int e, bool maybe, const struct draft_limits *l, const char *place);

/* The end of such a line when nobody knows. */
#define REFUSAL_MAYBE " (the message may have been queued all the same)"

#endif
