/*
 * fleet.h - the relays of one configuration, and which of them carries what:
 * a lane (config.h) is carried by the first of its relays that is well.
 */
#ifndef RELAY_FLEET_H
#define RELAY_FLEET_H

#include "config/config.h"
#include "relay/upstream.h"

struct work;

/* A relay's place at the queue, and the queue's to fill. */
struct seat {
	struct work *open;              /* has mails that it has not pulled yet; NULL: none */
	size_t       lane;              /* whose turn it was */
};

struct fleet {
	struct config    *conf;         /* owned */
	struct upstream **up;           /* as conf->relays */
	struct seat      *seat;         /* one each */
	size_t            n;
	struct fleet     *next;         /* the queue's list of those that finish */
};

/* Takes conf; ledger outlives it.  NULL: a relay cannot be set up (conf freed), one line in *why. */
struct fleet *fleet_new(struct event_base *base, struct config *conf, struct ledger *ledger,
                        const struct upstream_ops *ops, void *owner, struct buf *why);
void fleet_inherit(struct fleet *f, const struct fleet *from);  /* the counts of relays of the same name */
void fleet_set_reach(struct fleet *f, enum reach now);
void fleet_cut(struct fleet *f);                /* upstream_cut() */
void fleet_quit(struct fleet *f);
void fleet_stop(struct fleet *f);
bool fleet_is_gone(const struct fleet *f);
void fleet_free(struct fleet *f);               /* when gone; NULL is fine */
void fleet_free_gone(struct fleet **list);       /* those of a list that are gone */

/*
 * Is it u's turn to carry what is ready in this lane?  The first relay of it
 * that is well carries; one before it that is being probed has its one
 * message, where it is logged in already before anybody else, and one that is
 * full what is urgent (upstream_takes_urgent()).  A probe into the void takes
 * a minute, and nobody else stands still for that.
 */
bool fleet_carries(const struct fleet *f, const struct upstream *u, size_t lane);
bool fleet_is_offline(const struct fleet *f);   /* some of it wants a network, and there is none */
bool fleet_is_at_hand(const struct fleet *f);   /* one that is being probed waits for its message */
bool fleet_is_resting(const struct fleet *f, size_t lane);      /* all relays of it */
uint64_t fleet_resting(const struct fleet *f);                  /* those lanes, a bit each */

/* NULL: u is of an earlier configuration. */
struct seat *fleet_seat(const struct fleet *f, const struct upstream *u);

#endif
