/*
 * listing.h - how mailq looks.  Two families of scripts read it: entries and
 * the last line are those of Postfix ("-- 4 Kbytes in 1 Request.", "Mail
 * queue is empty"), the line before the last is that of Sendmail ("Total
 * requests: 1").  A queue is written as it comes, never held in memory.
 */
#ifndef POSTERN_LISTING_H
#define POSTERN_LISTING_H

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "postern/queued.h"

struct listing {
	FILE      *out;         /* borrowed */
	int64_t    now_s;
	uint64_t   messages;
	uint64_t   bytes;
	struct buf entry;       /* the reason above the recipients that share it */
	struct buf plain;
	struct buf when;        /* when_s, as it is written */
	int64_t    when_s;
};

void listing_begin(struct listing *l, FILE *out, int64_t now_s);

/* A message, and its recipients that are not settled. */
void listing_queued(struct listing *l, const struct queued *q);

/* The daemon's record of a relay; others are passed over. */
void listing_relay(struct listing *l, struct span line);

/* The last lines, and the end; or the end alone, of what is not whole. */
void listing_end(struct listing *l);
void listing_done(struct listing *l);

#endif
