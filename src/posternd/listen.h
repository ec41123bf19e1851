/*
 * listen.h - the configuration's listeners: programs and devices that speak
 * SMTP themselves.  A message is theirs to forget once they have our 250,
 * and that comes when it is on stable storage, as sendmail's exit does.
 *
 * Off unless the configuration says where; never an open relay (setting.h).
 */
#ifndef POSTERND_LISTEN_H
#define POSTERND_LISTEN_H

#include "base/buf.h"
#include "relay/queue.h"

#define LISTEN_THREADS 4        /* syncs beside each other are one commit of the journal */

struct listen;

/* The queue's configuration.  NULL: one line in *why. */
struct listen *listen_start(struct event_base *base, struct queue *q, struct buf *why);

/*
 * Another configuration.  What can fail is done by listen_prepare(): false,
 * one line in *why, and nothing has changed.  Then one of the others.
 * Listeners that stand in both keep their sockets and their clients.
 */
bool listen_prepare(struct listen *l, const struct config *c, struct buf *why);
void listen_commit(struct listen *l);
void listen_discard(struct listen *l);

/* We go down: no new clients, 421 to those that are here. */
void listen_quit(struct listen *l);
void listen_stop(struct listen *l);     /* what is being written is finished; NULL is fine */

#endif
