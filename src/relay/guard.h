/*
 * guard.h - what may not leave at once.
 *
 * The mail of a user who submits too much goes to hold/ (flood { }), and
 * root is told, once a period.  Counted is what is submitted, by the time of
 * its submission, and what is held counts as well: whoever goes on flooding
 * stays held, and what gathered while no daemon ran is judged as if one had.
 *
 * Reports to senders beyond a number an hour (queue { reports-per-hour })
 * wait in later/.  They are durable already, so what they are about is done
 * with and goes: a failure that had to wait for its report would be tried at
 * the server again and again, and in dead/ it would wait for a person though
 * none is needed.
 *
 * A clean stop leaves the counts in the spool's state/flood, and the next
 * start takes that file away: after a crash there is none, and the counts
 * are made up from what stands in the spool.  That misses what was sent on,
 * so a crash can let a user have up to his allowance once more; while he is
 * in flood, what he has in hold/ alone keeps him there.
 */
#ifndef RELAY_GUARD_H
#define RELAY_GUARD_H

#include "config/config.h"
#include "relay/entry.h"

struct event_base;
struct guard;

struct guard *guard_new(struct event_base *base, struct store *store);
void          guard_configure(struct guard *g, const struct config *c); /* c lives until another comes */

/* At the start: what the last one knew, or else what stands in the spool; every entry of cur/ and later/. */
void guard_start(struct guard *g);
void guard_seed(struct guard *g, const struct entry *e);

enum guard_word {
	GUARD_PASS,
	GUARD_HELD,             /* it is in hold/ now */
	GUARD_WAIT,             /* to later/ with it; due at *ret_due_s */
};

/* It came from new/ into cur/; it came back from later/ into cur/. */
enum guard_word guard_arrived(struct guard *g, const struct entry *e, int64_t *ret_due_s);
enum guard_word guard_returned(struct guard *g, const struct entry *e, int64_t *ret_due_s);

void guard_stop(struct guard *g);       /* nothing comes any more: leave the counts for the next start */
void guard_free(struct guard *g);       /* NULL is fine */

#endif
