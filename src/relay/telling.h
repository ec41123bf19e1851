/*
 * telling.h - tells root what the flood guard holds.  What stands in hold/
 * is read for it, a slice in each turn of the loop, and not remembered: so
 * the digest is right after a crash, and says nothing of what was released.
 */
#ifndef RELAY_TELLING_H
#define RELAY_TELLING_H

#include "config/config.h"
#include "spool/store.h"

struct event_base;
struct telling;

/* done: 0: the digest is in the spool, or nothing is held any more; -errno: it could not be written. */
struct telling *telling_new(struct event_base *base, struct store *store, void (*done)(void *arg, int err), void *arg);
void            telling_start(struct telling *t, const struct config *c);       /* c lives until the end of it */
bool            telling_is_going(const struct telling *t);
void            telling_stop(struct telling *t);
void            telling_free(struct telling *t);        /* NULL is fine */

#endif
