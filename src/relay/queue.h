/*
 * queue.h - every message of the spool is in exactly one state here:
 *
 *   arriving (new/) -> ready (cur/) -> carried (cur/, a work) -> gone
 *                        ^   \------- given back ------/  \
 *                        +------ waiting (later/) <-------+-> dead/, bad/
 *
 * A cache of the spool, rebuilt at start: losing it loses nothing.  Relays
 * pull from it; nothing is pushed.  The relays of one configuration stand
 * together (fleet): a reload puts a new fleet to work while the old one
 * finishes what it carries.
 */
#ifndef RELAY_QUEUE_H
#define RELAY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "net/uplink.h"
#include "relay/roll.h"
#include "relay/shown.h"
#include "relay/upstream.h"
#include "spool/store.h"

struct event_base;
struct queue;

/*
 * The queue owns conf from here on.  NULL: a relay cannot be set up, one line
 * in *why (conf is then freed too).  Nothing is read yet.
 */
struct queue *queue_new(struct event_base *base, struct store *store, struct config *conf, struct buf *why);

int  queue_start(struct queue *q);              /* read the spool's directories; 0 or -errno */
void queue_wake(struct queue *q);               /* something may be in new/ */

/* A line on how all relays are, for a supervisor: now, and each time it is another one. */
void queue_listen(struct queue *q, void (*said)(void *arg, const char *line), void *arg);

void queue_flush(struct queue *q);              /* what waits is due now, and a relay that rests may try */

/* The network went or came; until this is called, nobody knows. */
void queue_set_reach(struct queue *q, enum reach now);
enum reach queue_reach(const struct queue *q);

/* A new configuration, or false and the old one stays (conf freed, *why filled). */
bool queue_reload(struct queue *q, struct config *conf, struct buf *why);
const struct config *queue_conf(const struct queue *q);

/*
 * An admin's hand on a relay: it rests until it is resumed, or for for_s
 * seconds (0: for ever), whatever restarts and reloads come in between.  0;
 * -ENOENT: there is none of that name; other -errno: it could not be noted
 * for the next start, and nothing has changed.
 */
int queue_pause(struct queue *q, const char *relay, const char *by, int64_t for_s);
int queue_resume(struct queue *q, const char *relay, const char *by);

/* Stop pulling, finish what is in flight; idle() comes from the loop when no session is left. */
void queue_quit(struct queue *q, void (*idle)(void *arg), void *arg);
void queue_stop(struct queue *q);               /* give up what is in flight; idle() still comes */
void queue_free(struct queue *q);               /* after idle(), or before queue_start() */

/* Nothing is on its way: none is carried, comes in or is due, but for what every relay lets rest. */
bool queue_is_still(const struct queue *q);

/* ---- for showing ---- */

struct queue_counts {
	size_t ready, carried, waiting; /* due, with a relay, in later/ */
	size_t unremoved;               /* settled, and the disk would not let them go */
};

void          queue_count(const struct queue *q, struct queue_counts *ret);

/* -errno: why nothing is taken on just now, of the disk or the system; 0: nothing keeps it. */
int           queue_shortage(const struct queue *q);

/* Recipients' outcomes since the start, as servers gave them. */
struct queue_rates {
	uint64_t sent_minute, sent_hour, sent_day, failed_day, deferred_day;
};

void          queue_rates(const struct queue *q, struct queue_rates *ret);

/*
 * What memory knows, in no order: what is ready, carried, waits; for
 * shown_done().  All messages, in slices.  One, wherever it is: false: nowhere.
 */
void          queue_list(struct queue *q, struct shown_list *ret);
struct roll  *queue_roll(struct queue *q);
bool          queue_find(struct queue *q, msgid id, struct shown *ret);
struct store *queue_store(struct queue *q);

size_t queue_relays(const struct queue *q);
const struct upstream *queue_relay(const struct queue *q, size_t i);

#endif
