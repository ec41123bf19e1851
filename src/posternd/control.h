/*
 * control.h - the socket by which mailq and postern ask the daemon.  One line
 * asks: words with one blank between them, percent-encoded as in the spool.
 * Some requests have a list behind it, an ID a line and a line with a dot.
 * Lines of "record key=value…" answer (records.h), and a line "end" closes a
 * whole answer: without it the answer was cut off.  Or it is closed by
 *
 *   error KIND text=…       unknown, denied, usage, notfound, failed
 *
 *   mailq [newest N]        relay, message, recipient records; only of the N that came last
 *   status                  daemon, relay, queue, age, rate records
 *   show ID                 message, recipient, option, journal, header records
 *   body ID                 content records: the message as it was submitted
 *   retry hold release delete bounce             and a list: refused records, a result
 *   requeue RELAY           and a list: the same
 *   flush                   nothing: what waits is due from now on
 *   pause RELAY [SECONDS]   nothing
 *   resume RELAY            nothing
 *   reload                  nothing
 *
 * Who asks is what the kernel says of the socket's other end.  Root and the
 * daemon's own user may do all; others act on their own mail.
 *
 * A long answer is made and written in slices, as the asker reads it, so
 * neither a listing nor a list holds up a delivery.
 */
#ifndef POSTERND_CONTROL_H
#define POSTERND_CONTROL_H

#include "base/buf.h"
#include "relay/queue.h"

struct control;

/* What of the daemon lies outside of the queue. */
struct control_daemon {
	bool (*reload)(void *arg, struct buf *why);     /* false: the old configuration stays, one line in *why */
	void  *arg;
};

/* Listen at place_run()/control.  daemon is copied.  NULL: one line in *why. */
struct control *control_start(struct event_base *base, struct queue *q, const struct control_daemon *daemon,
                              struct buf *why);
void            control_stop(struct control *c);        /* removes the socket; NULL is fine */

#endif
