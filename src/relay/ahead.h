/*
 * ahead.h - what a listing will say is read before anybody asks, once after
 * the start: of a hundred thousand files to open the first who asks would
 * feel each.  It is done while the queue is still (queue.h) and nobody asks
 * for anything, some milliseconds at a time, as far as there is room to
 * remember it (spool/kept.h).  What comes later is remembered when something
 * happens to it.
 *
 * Nothing depends on it: what was not read, or has changed since, is read by
 * whoever asks.
 */
#ifndef RELAY_AHEAD_H
#define RELAY_AHEAD_H

#include <stdbool.h>

struct ahead;
struct event_base;
struct queue;

/* Begins at the loop's next turn.  busy(): somebody asks. */
struct ahead *ahead_new(struct event_base *base, struct queue *q, bool (*busy)(void *arg), void *arg);
void          ahead_free(struct ahead *a);              /* before the queue; NULL is fine */

bool          ahead_is_done(const struct ahead *a);     /* all was read that there is room for */

#endif
