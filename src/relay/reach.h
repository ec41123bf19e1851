/*
 * reach.h - the way to a relay's server: with `dane` first what DNS says of
 * its key, which its TLS is held to from then on, then a connected socket.
 * Knows names and addresses; knows nothing of what is said over it.
 */
#ifndef RELAY_REACH_H
#define RELAY_REACH_H

#include "config/config.h"
#include "net/dial.h"

struct event_base;
struct reach;
struct tls;

/*
 * limit_ms bounds each of the two.  The answer comes from the loop, once, as
 * dial's does: no answer about the key is a failure of the resolver's.  Frees
 * itself behind it.
 */
struct reach *reach_start(struct event_base *base, const struct relay_conf *rc, struct tls *tls, int limit_ms,
                          void (*done)(void *arg, const struct dialled *d), void *arg);
void          reach_cancel(struct reach *r);    /* NULL is fine; no callback after */

#endif
