/*
 * routes.h - what the kernel's routing tables say about the world outside,
 * and word when that may have changed.  Sends nothing to anybody.
 */
#ifndef NET_ROUTES_H
#define NET_ROUTES_H

#include "net/uplink.h"

/* A descriptor that becomes readable when a link, an address or a route has changed; routes_drain() reads it
   empty.  -errno: the kernel does not tell (a sandbox, another system): look at times. */
int  routes_watch(void);
void routes_drain(int fd);

/* REACH_UNKNOWN: it could not be found out. */
enum reach routes_look(void);

/*
 * The same for systems without rtnetlink, cruder: is there a way to an
 * address out there (a datagram socket is pointed at it, and nothing sent),
 * or at least an address on a link that is up?
 */
enum reach routes_probe(void);

#endif
