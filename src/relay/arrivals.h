/*
 * arrivals.h - from new/ to cur/: looks when told to, takes messages in by
 * arrival, a few in each turn of the loop, so that a flood of submissions
 * does not hold up deliveries.
 */
#ifndef RELAY_ARRIVALS_H
#define RELAY_ARRIVALS_H

#include <stdbool.h>

#include "relay/entry.h"

struct arrivals;
struct event_base;

struct arrivals_ops {
	void (*admitted)(void *arg, struct entry *e);   /* it is in cur/; the entry is the receiver's */
	void (*settled)(void *arg);                     /* a turn took something in */
};

struct arrivals *arrivals_new(struct event_base *base, struct store *store, const struct arrivals_ops *ops, void *arg);
void             arrivals_look(struct arrivals *a);     /* something may be in new/ */
bool             arrivals_are_due(const struct arrivals *a);    /* new/ is about to be looked at, or being emptied */
void             arrivals_stop(struct arrivals *a);     /* no further turn */
void             arrivals_free(struct arrivals *a);     /* NULL is fine */

#endif
