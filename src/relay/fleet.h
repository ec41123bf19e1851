/*
 * fleet.h - the relays of one configuration, in order of preference.
 */
#ifndef RELAY_FLEET_H
#define RELAY_FLEET_H

#include "config/config.h"
#include "relay/upstream.h"

struct fleet {
	struct config    *conf;         /* owned */
	struct upstream **up;
	size_t            n;
	struct fleet     *next;         /* the queue's list of those that finish */
};

/* Takes conf.  NULL: a relay cannot be set up (conf freed), one line in *why. */
struct fleet *fleet_new(struct event_base *base, struct config *conf, const struct upstream_ops *ops, void *owner,
                        struct buf *why);
void fleet_quit(struct fleet *f);
void fleet_stop(struct fleet *f);
bool fleet_is_gone(const struct fleet *f);
void fleet_free(struct fleet *f);               /* when gone; NULL is fine */

/* The relay that is to carry what is ready now: the first that is not resting;
   NULL: all are. */
struct upstream *fleet_pick(const struct fleet *f);

#endif
