/*
 * quota.h - what an account sent of late: messages in the last minute, hour
 * and day, recipients in the last day.  Pure arithmetic over rings of
 * buckets, so it takes the same memory for ten messages as for a million.
 *
 * A bucket counts until all of it has left the window: what is used is never
 * told too low, and told too high for one bucket's width at the most (a
 * second of the minute, a minute of the hour, a quarter of an hour of the
 * day).  The day is the last 24 hours and not a calendar's: the services
 * that say how they count count so, and it is the stricter of the two.
 *
 * Times are seconds of a clock that never goes back (ledger.h has one).  Of
 * one that does, the newest time seen counts.
 */
#ifndef RELAY_QUOTA_H
#define RELAY_QUOTA_H

#include <stdint.h>

#include "base/buf.h"

enum quota_kind { QUOTA_MINUTE, QUOTA_HOUR, QUOTA_DAY, QUOTA_RECIPIENTS, NQUOTAS };

#define QUOTA_BUCKETS 97                /* a day's quarters of an hour, and the one that has begun */

struct quota_window {
	int64_t  newest;                /* the newest bucket: its time by its width */
	uint32_t count[QUOTA_BUCKETS];  /* by a bucket's number, modulo the window's */
};

struct quota {
	struct quota_window window[NQUOTAS];
};

void     quota_add(struct quota *q, int64_t now_s, uint32_t messages, uint32_t recipients);
uint64_t quota_used(const struct quota *q, enum quota_kind k, int64_t now_s);

/* When `want` more fit under max: now_s, or later; INT64_MAX: never, there is too much of it. */
int64_t  quota_room_at(const struct quota *q, enum quota_kind k, uint64_t max, uint64_t want, int64_t now_s);

/*
 * What is kept of a day's max for reports, alerts and root's mail: one in
 * twenty, a hundred at the most.  Of a minute and an hour nothing: they are
 * soon over.
 */
uint64_t quota_reserve(enum quota_kind k, uint64_t max);

/*
 * As words of a line, " day=1960000:12,1960001:3 …", the empty windows left
 * out; and one of these words read back, at a time no earlier than it was
 * written: what has left the window meanwhile is passed over, and what
 * claims to be of the future counts as of now.  -EINVAL: no such word.
 */
void     quota_put(const struct quota *q, int64_t now_s, struct buf *b);
int      quota_read(struct quota *q, int64_t now_s, struct span word);

#endif
