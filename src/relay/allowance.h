/*
 * allowance.h - what one relay may send now: its limits, against what its
 * account sent of late (ledger.h) and has on its way.
 *
 * What counts is a transaction that the server took, with the recipients it
 * took it for, and one of which nobody knows (the link died behind its end).
 * What the server refused does not count, at the end of its data neither:
 * the services speak of messages sent, and the one that is best known says
 * "daily limit exceeded" in just that place, so an account that tried on
 * would never come free.  Where a service counts more than this, its own
 * reply says so sooner, and the relay rests as that reply's rule says.
 *
 * The last of a day (quota_reserve()) is kept for what tells people of
 * trouble: reports, alerts, root's mail.  `urgent` is for these.
 */
#ifndef RELAY_ALLOWANCE_H
#define RELAY_ALLOWANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "relay/ledger.h"
#include "relay/mail.h"

struct allowance;

/* NULL: the relay has no limits; the functions below take that for room at all times.  The ledger outlives it. */
struct allowance *allowance_new(struct ledger *l, const struct relay_conf *relay);
void allowance_free(struct allowance *a);

/*
 * Seconds until a transaction with so many recipients fits; 0: now.
 * ALLOWANCE_SOON: it does when what is on its way turns out not to count, or
 * else later: ask again when that has come to an end.
 */
#define ALLOWANCE_SOON INT64_C(-1)
int64_t allowance_wait_s(const struct allowance *a, size_t nrcpt, bool urgent);

/* "500 of 500 messages a day are used": the limit that is the last to give room, and what its rest is kept for. */
void allowance_why(const struct allowance *a, size_t nrcpt, struct buf *ret);

void allowance_take(struct allowance *a, size_t nrcpt);         /* on its way */
void allowance_settle(struct allowance *a, const struct mail *m);       /* come to an end: does it count? */

/* Recipients of one transaction, that it can ever fit. */
size_t allowance_recipients(const struct relay_conf *relay);

/* For showing.  False: there is no such limit. */
struct allowed {
	uint64_t used, max;
};

bool    allowance_show(const struct allowance *a, enum quota_kind k, struct allowed *ret);
int64_t allowance_room_at_s(const struct allowance *a);         /* wall seconds; 0: there is room */

#endif
