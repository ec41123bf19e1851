/*
 * queue_private.h - what the queue's own files share, and nobody else includes:
 * queue.c (its life, the clock, what it shows), queue_pull.c (what relays ask and
 * tell), queue_round.c (a message's way into a round and out of it), queue_settled.c
 * (out of it, but the disk would not let it go), queue_lanes.c (in which line it stands
 * until then).
 *
 *             routes                              its recipients by one lane are through
 *   due -----------------> unsorted ---> lane 0 <----------------------------+
 *    \                             \--> lane 1 ---> round: one relay of it --+--> later/, gone
 *     \-- no routes: lane 0         \-> …
 *
 * A message stands in one line at a time: of the lanes that its recipients
 * still need in this turn, one that does not rest.
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

struct lane {
	struct ready ready;
	bool         mixed;             /* some in it may need other lanes, too */
};

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
	struct ready       unsorted;    /* due, and nobody has looked yet by which lanes they go */
	struct lane       *lanes;       /* as the configuration numbers them */
	size_t             nlanes;
	uint64_t           resting;     /* lanes that rested when it was last looked */
	uint64_t           news;        /* lanes for which something was submitted since they were nudged */
	struct timer      *sort;
	struct due        *due;         /* what waits in later/ */
	struct drift       drift;
	int64_t            awake_ms;    /* since then: the start, or the end of a sleep */
	struct work       *works;       /* carried, or open: has mails that its relay has not pulled */
	size_t             nworks;
	struct entry      *settled, **settled_end;      /* their files could not be removed */
	size_t             nsettled;

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
	int                short_of;    /* -errno of that */
	bool               quitting;
	void             (*idle)(void *arg);
	void              *idle_arg;
};

/* ---- lines (queue_lanes.c) ---- */

/* It stands in cur/ and is due: a turn begins, at the end of its user's line.  Offer when all are in. */
void queue_make_ready(struct queue *q, struct entry *e);

/* Its turn goes on: at the end of its user's line in a lane it needs, or at the front. */
void queue_stand(struct queue *q, struct entry *e);
void queue_return(struct queue *q, struct entry *e);

void queue_sort(void *arg);             /* the timer's: look at some of the unsorted */
void queue_sort_now(struct queue *q);   /* somebody has nothing to do */
void queue_move_over(struct queue *q);  /* a lane rests, or is well: who can go by another stands there */

bool          queue_is_hungry(const struct queue *q);   /* nothing stands in a line that may be served */
size_t        queue_ready(const struct queue *q);       /* how many stand in all lines */
struct ready *queue_line(struct queue *q, size_t i);    /* each of them; NULL: there are no more */

void queue_make_lanes(struct queue *q, bool sorted_before);     /* q->fleet is another */
void queue_drop_lanes(struct queue *q);

/* ---- entries (queue_round.c) ---- */

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

/* With this error no message could be taken on: nothing is pulled for a minute. */
void queue_fall_short(struct queue *q, int err);

/* ---- settled, but not removed (queue_settled.c) ---- */

/* Its file stands in cur/ and would not go: err; noted: its journal says that it is settled.  Takes the entry. */
void queue_keep_settled(struct queue *q, struct entry *e, int err, bool noted);
void queue_remove_settled(struct queue *q);     /* try again, some of them */
void queue_drop_settled(struct queue *q);       /* the entries alone: a queue that ends */

/* ---- rounds (queue_round.c) ---- */

/*
 * The message's next round, on q->works: its recipients of this lane, by u.
 * LANES_MAX and NULL: nobody's, to see which lanes it needs.  NULL: it went
 * where such a file goes.
 */
struct work *queue_load(struct queue *q, struct upstream *u, size_t lane, struct entry *e);
void         queue_end_round(struct queue *q, struct work *w);

/* The mails that nobody pulled yet are given back: of this relay, or of all. */
void         queue_withdraw(struct queue *q, struct seat *seat);
void         queue_withdraw_all(struct queue *q);

/* ---- relays (queue_pull.c) ---- */

extern const struct upstream_ops queue_upstream_ops;

void queue_offer(struct queue *q);      /* something is ready: whoever may carry it is told */
void queue_nudge(struct queue *q, uint64_t lanes);      /* something new came for them: those that rest may try */

/* What a relay left open that is not for it any more: nobody pulls the rest there, and it may expire. */
void queue_take_back(struct queue *q);

/* ---- the network (queue_network.c) ---- */

void queue_cut(void *arg);              /* the timer's */

/* ---- an admin's hand (queue_pause.c) ---- */

void queue_pauses_read(struct queue *q);        /* what an earlier daemon noted */
void queue_pauses_apply(struct queue *q);       /* to a new fleet */
void queue_pauses_end(void *arg);               /* the timer's: those whose time is over */

#endif
