/*
 * ledger.h - what every account sent of late, in memory and in the spool's
 * state/quota, so that a restart or a reload does not give a used-up day
 * back.  An account is a relay's name and its user: another user at the same
 * relay begins with nothing.
 *
 * The file is replaced, atomically and durably, some seconds after something
 * was counted and at the end.  A crash loses these seconds: then more may be
 * sent than the limit says, by what those seconds carried.  The other way
 * round (to write ahead what might be sent) every crash would cost part of a
 * day for certain; what this way costs, at worst, is the service's own "daily
 * limit", which rests the relay as its rule says and bounces nothing.
 *
 * Its clock is the time since boot, so whoever sets the wall clock frees
 * nothing and blocks nothing.  What passed while no daemon ran is told by the
 * same clock, and across a boot by the wall clock, there being no other
 * witness: one that went back counts as no time at all.
 */
#ifndef RELAY_LEDGER_H
#define RELAY_LEDGER_H

#include <stdint.h>

#include "config/config.h"
#include "relay/quota.h"

struct event_base;
struct ledger;

struct account {
	char           *relay, *user;   /* user: "" without one */
	struct quota    quota;
	uint64_t        out, out_recipients;    /* on their way: they count until it is known whether they do */
	unsigned        users;          /* relays of a running configuration */
	struct account *next;
};

/* Reads state/quota below spool; without one, or with one that does not parse (said in the log), all
   begin with nothing. */
struct ledger  *ledger_open(struct event_base *base, int spool);
void            ledger_close(struct ledger *l);         /* writes what is new; NULL is fine */

struct account *ledger_account(struct ledger *l, const struct relay_conf *relay);       /* ledger_leave() */
void            ledger_leave(struct ledger *l, struct account *a);

int64_t         ledger_now_s(const struct ledger *l);   /* for quota.h */
void            ledger_add(struct ledger *l, struct account *a, uint32_t messages, uint32_t recipients);

#endif
