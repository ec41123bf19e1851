/*
 * control.h - the socket by which mailq and postern ask the daemon.  One
 * line asks, lines of "kind key=value…" answer (values percent-encoded as in
 * the spool), and a line "end" closes a whole answer: without it the answer
 * was cut off.
 *
 *   flush          nothing: what waits is due from now on
 *   mailq          relay name=… state=… …      one a relay
 *                  message id=… size=… …       one a message, by arrival
 *                  recipient addr=… state=… …  those of the message above
 *
 * A long answer is written in slices as the asker reads it, so listing a
 * large queue does not hold up a delivery.
 */
#ifndef POSTERND_CONTROL_H
#define POSTERND_CONTROL_H

#include "base/buf.h"
#include "relay/queue.h"

struct control;

/* Listen at place_run()/control.  NULL: one line in *why. */
struct control *control_start(struct event_base *base, struct queue *q, struct buf *why);
void            control_stop(struct control *c);        /* removes the socket; NULL is fine */

#endif
