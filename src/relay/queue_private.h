/*
 * queue_private.h - what the queue's own files share, and nobody else includes:
 * queue.c (its life, the clock, what it shows), queue_pull.c (what relays ask and
 * tell), queue_round.c (a message's way into a round and out of it).
 */
#ifndef RELAY_QUEUE_PRIVATE_H
#define RELAY_QUEUE_PRIVATE_H

#include "net/loop.h"
#include "relay/alerts.h"
#include "relay/aliasfile.h"
#include "relay/arrivals.h"
#include "relay/drift.h"
#include "relay/due.h"
#include "relay/fleet.h"
#include "relay/guard.h"
#include "relay/ledger.h"
#include "relay/pauses.h"
#include "relay/queue.h"
#include "relay/ready.h"
#include "relay/tally.h"
#include "relay/work.h"

struct queue {
	struct event_base *base;
	struct store      *store;
	struct ledger     *ledger;      /* what its relays' accounts sent */
	struct fleet      *fleet;
	struct aliasfile  *aliases;
	struct fleet      *leaving;     /* of earlier configurations, until their sessions are over */

	struct alerts     *alerts;
	struct guard      *guard;
	struct arrivals   *arrivals;
	struct ready       ready;
	struct due        *due;         /* what waits in later/ */
	struct drift       drift;
	int64_t            awake_ms;    /* since then: the start, or the end of a sleep */
	struct work       *works;       /* carried */
	size_t             nworks;

	enum reach         reach;       /* how far the network goes */
	struct timer      *cut;         /* it is away: connections are waited for no longer than this */
	int64_t            away_since_s;        /* clock_boot_s() */
	bool               away_said;

	struct pauses      pauses;      /* relays that an admin paused */
	struct timer      *unpause;
	struct tally       sent, failed, deferred;      /* recipients */

	struct timer      *look;
	struct timer      *tidy;        /* frees what left, from the loop */
	struct timer      *shortage;    /* set: nothing is pulled until it fires */
	bool               quitting;
	void             (*idle)(void *arg);
	void              *idle_arg;
};

/* ---- entries (queue_round.c) ---- */

/* It stands in cur/ and is due: at the end of its user's line.  Offer when all are in. */
void queue_make_ready(struct queue *q, struct entry *e);

/* It stands in later/ since its last attempt. */
void queue_make_waiting(struct queue *q, struct entry *e);

/*
 * Those of a place that which() wants, `most` at the most, out of memory and
 * chained by next: the caller has both entry and file now.  PLACE_CUR: what is
 * ready, not what a relay carries.  PLACE_LATER: what waits; a file that could
 * not be moved or read may be in cur/ all the same.  One walk over the place,
 * whatever `most` is.
 */
struct entry *queue_take_those(struct queue *q, enum place p, bool (*which)(void *arg, const struct entry *e),
                               void *arg, size_t most);

/* Log an error about this message; err is negative. */
void queue_complain(const struct entry *e, const char *what, int err);

/* ---- rounds (queue_round.c) ---- */

/* The message's next round, on q->works.  NULL: it went where such a file goes. */
struct work *queue_load(struct queue *q, struct upstream *u, struct entry *e);
void         queue_end_round(struct queue *q, struct work *w);

/* The mails that nobody pulled yet are given back. */
void         queue_withdraw(struct queue *q);

/* ---- relays (queue_pull.c) ---- */

extern const struct upstream_ops queue_upstream_ops;

void queue_offer(struct queue *q);      /* something is ready: whoever may carry it is told */
void queue_nudge(struct queue *q);      /* all relays rest, and something new came */

/* ---- the network (queue_network.c) ---- */

void queue_cut(void *arg);              /* the timer's */

/* ---- an admin's hand (queue_pause.c) ---- */

void queue_pauses_read(struct queue *q);        /* what an earlier daemon noted */
void queue_pauses_apply(struct queue *q);       /* to a new fleet */
void queue_pauses_end(void *arg);               /* the timer's: those whose time is over */

#endif
