/*
 * dial.h - from a host name and a port to a connected socket: the resolver
 * helper, then RFC 8305: families alternate, IPv6 first, the next address
 * starts 250 ms after the last or at once when it fails, the first to
 * connect wins.  The callback comes from the loop, once, unless cancelled.
 *
 * A host's addresses are remembered for a minute (16 hosts), and forgotten
 * when none of them could be reached.  Failures to connect are not remembered;
 * what was found out of an address behind that is (avoided.h).
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_base;
struct dial;

/* Of a host with more addresses these many are tried. */
#define DIAL_ADDRESSES_MAX 32

struct dialled {
	int         fd;         /* connected, non-blocking, TCP_NODELAY; the receiver's.  -1: failed */
	const char *address;    /* "192.0.2.1" or "2001:db8::1" of the winner, or of the last
	                           that failed; "" without one; lent */
	const char *why;        /* failure: one line that names each address tried, lent */
	bool        resolver;   /* failure: no address could be had at all */
	size_t      addresses;  /* that the host has; 0 when none could be had */
	int64_t     resolve_ms; /* what the resolver took; 0: it was not asked */
};

/* The program that resolves (postern-resolve); without one only IP literals
   can be dialled.  Copied; NULL: none.  Set once at start. */
void         dial_set_resolver(const char *path);
const char  *dial_resolver(void);

/* An IP literal needs no helper.  limit_ms bounds the whole, resolving
   included.  The dial frees itself after done(). */
struct dial *dial_start(struct event_base *base, const char *host, unsigned port, int limit_ms,
                        void (*done)(void *arg, const struct dialled *d), void *arg);
void         dial_cancel(struct dial *d);       /* NULL is fine; no callback after */

/* Drop all remembered addresses, and which of them are avoided: the network has changed, or the process ends. */
void         dial_forget(void);

/* The order, pure: sorts addresses of both families into RFC 8305 §4's.
   Within a family the order stays (getaddrinfo's, RFC 6724). */
struct sockaddr_storage;
void         dial_interleave(struct sockaddr_storage *a, size_t n);

#endif
