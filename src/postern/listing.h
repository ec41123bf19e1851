/*
 * listing.h - how mailq looks.  Two families of scripts read it: entries and
 * the last line are those of Postfix ("-- 4 Kbytes in 1 Request.", "Mail
 * queue is empty"), the line before the last is that of Sendmail ("Total
 * requests: 1").  A queue is written as it comes, never held in memory.
 */
#ifndef POSTERN_LISTING_H
#define POSTERN_LISTING_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

struct listing {
	FILE      *out;         /* borrowed */
	int64_t    now_s;
	uint64_t   messages;
	uint64_t   bytes;
	struct buf entry;       /* the reason above the recipients that share it */
};

void listing_begin(struct listing *l, FILE *out, int64_t now_s);

/* What the two sources, the daemon and the spool itself, have in common. */
struct listing_message {
	const char *id;
	uint64_t    size;
	int64_t     time_s;
	char        mark;       /* '*' on its way, '!' held, ' ' */
	struct span sender;     /* empty: the null path */
	struct span reason;     /* of the message as a whole; empty: none */
};

void listing_message(struct listing *l, const struct listing_message *m);

/* A recipient that still waits; the last reply's code (0: none, our own words) and text. */
void listing_recipient(struct listing *l, struct span addr, unsigned code, struct span text);

/*
 * One record of the daemon: "relay …", "message …", "recipient …", each
 * "key=value" with percent-encoded values.  Unknown records and keys are
 * passed over: a newer daemon may say more.
 */
void listing_record(struct listing *l, struct span line);

/* The last lines. */
void listing_end(struct listing *l);

#endif
