/*
 * peer.h - the server's end of a connection, non-blocking, plain or TLS, in
 * the client's own event loop.  Straight on sockets and OpenSSL, not on
 * net/conn: a mistake made there must not cancel itself out here.
 *
 * Callbacks come from the loop.  peer_end() may be called from them;
 * peer_free() may not.
 */
#ifndef SESSION_PEER_H
#define SESSION_PEER_H

#include <openssl/ssl.h>

#include <stdbool.h>

#include "base/buf.h"

struct event_base;
struct peer;

struct peer_ops {
	void (*bytes)(void *arg);               /* peer_in() has grown */
	void (*secure)(void *arg, bool ok);     /* the handshake is over */
	void (*gone)(void *arg);                /* the client closed, or the link broke */
	void (*sent)(void *arg);                /* the kernel has all that was said */
};

enum peer_end {
	PEER_FIN,       /* in order: close_notify, FIN, then read on until the client has gone too */
	PEER_CUT,       /* the same without close_notify */
	PEER_RESET,     /* RST: what the client has not read is lost */
};

struct peer *peer_new(struct event_base *base, int fd, const struct peer_ops *ops, void *arg);
void         peer_free(struct peer *p);

void         peer_accept_tls(struct peer *p, SSL_CTX *ctx);
bool         peer_is_tls(const struct peer *p);
struct buf  *peer_in(struct peer *p);
void         peer_say(struct peer *p, struct span bytes);
bool         peer_has_sent(const struct peer *p);
void         peer_reading(struct peer *p, bool on);
void         peer_end(struct peer *p, enum peer_end how);
bool         peer_is_open(const struct peer *p);        /* the descriptor is there still */

#endif
