/*
 * alerts.h - tells people of a relay that needs one: a refused login, a
 * configuration that cannot work.  The log has its line from upstream; here
 * are alert-command, mail to root by another relay, and one line for a
 * supervisor.
 *
 * The same trouble (relay, verdict, reply code) is told once, and again when
 * it lasts for a day; when a message was taken again, that is told too, if
 * the trouble was.  One that comes and goes is told once a day.  What was
 * told stands in the spool's state/alerts, so neither a reload nor a daemon
 * that is restarted every minute tells it anew.
 *
 * Mail is written only where another relay could carry it.  The queue sends
 * it by whichever works; with the only relay in trouble it would arrive when
 * the trouble is over.
 */
#ifndef RELAY_ALERTS_H
#define RELAY_ALERTS_H

#include "relay/fleet.h"
#include "spool/store.h"

struct event_base;
struct alerts;

struct alerts *alerts_new(struct event_base *base, struct store *store);
void           alerts_start(struct alerts *a);          /* read what was told */

/* How are they?  Whenever something changed, and from time to time. */
void           alerts_look(struct alerts *a, const struct fleet *f);

/* said(): a line on all relays, each time it is another one. */
void           alerts_listen(struct alerts *a, void (*said)(void *arg, const char *line), void *arg);

/* What no command was run for, or to its end, is told at the next start. */
void           alerts_stop(struct alerts *a);
void           alerts_free(struct alerts *a);           /* NULL is fine */

#endif
