/*
 * dial.h - from a host name and a port to a connected socket: the resolver
 * helper, then RFC 8305: families alternate, IPv6 first, the next address
 * starts 250 ms after the last or at once when it fails, the first to
 * connect wins.  The callback comes from the loop, once, unless cancelled.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct dial;

struct dialled {
	int         fd;         /* connected, non-blocking, TCP_NODELAY; the receiver's.  -1: failed */
	const char *address;    /* "192.0.2.1" or "2001:db8::1" of the winner, or of the last that failed; lent */
	const char *why;        /* failure: one line that names each address tried, lent */
	bool        resolver;   /* failure: no address could be had at all */
};

/* An IP literal needs no helper.  limit_ms bounds the whole, resolving included. */
struct dial *dial_start(struct event_base *base, const char *host, unsigned port, int limit_ms,
                        void (*done)(void *arg, const struct dialled *d), void *arg);
void         dial_cancel(struct dial *d);       /* NULL is fine; no callback after */

/* The order, pure: sorts addresses of both families into RFC 8305 §4's. */
struct sockaddr_storage;
void         dial_interleave(struct sockaddr_storage *a, size_t n);

#endif
