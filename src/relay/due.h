/*
 * due.h - what waits in later/, and its way back to cur/ when its time has
 * come, a few messages in each turn of the loop.
 */
#ifndef RELAY_DUE_H
#define RELAY_DUE_H

#include "relay/waiting.h"

struct due;
struct event_base;

struct due_ops {
	void (*ready)(void *arg, struct entry *e);      /* it is in cur/; the entry is the receiver's */
	void (*settled)(void *arg);                     /* a turn brought something back */
};

struct due *due_new(struct event_base *base, struct store *store, const struct due_ops *ops, void *arg);
void        due_add(struct due *d, struct entry *e, int64_t due_s);     /* takes the entry */
void        due_hurry(struct due *d);                   /* all of it is due now */
void        due_shift(struct due *d, int64_t by_s);     /* the wall clock was set by so much */
struct entry *due_take_those(struct due *d, bool (*which)(void *arg, const struct entry *e), void *arg, size_t most);
bool        due_is_over(const struct due *d);           /* some of it is due now */
void        due_stop(struct due *d);                    /* no further turn */
void        due_free(struct due *d);                    /* and the entries; NULL is fine */

const struct waiting *due_waiting(const struct due *d);

#endif
