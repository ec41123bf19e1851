/*
 * acceptor.h - take connections from a listening socket: a few in each turn
 * of the loop, and none for a moment when the process is short of
 * descriptors (the socket would be readable again at once, and the loop spin).
 */
#ifndef NET_ACCEPTOR_H
#define NET_ACCEPTOR_H

struct acceptor;
struct event_base;

/* fd listens, is non-blocking, and stays the caller's.  take() owns the new descriptor. */
struct acceptor *acceptor_new(struct event_base *base, int fd, void (*take)(void *arg, int fd), void *arg);
void             acceptor_free(struct acceptor *a);     /* NULL is fine */

#endif
