/*
 * conn.h - a non-blocking stream that speaks in lines, plain or TLS, on
 * plain libevent events and SSL_read/SSL_write (the reasons: bufferevent's
 * TLS side loses resumption, deadlines and unread bytes).  Knows nothing of
 * what the lines mean.
 *
 * Every callback comes from the loop, never from inside the call that asked.
 * conn_stop() is immediate and may be called from a callback, twice too;
 * conn_free() frees from the loop, so it too may be called from anywhere.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct event_base;
struct conn;
struct tls;

struct conn_ops {
	/* One line, its LF or CRLF taken off.  Lent until the callback returns.
	   more: further bytes had already arrived behind it (pipelining, or an
	   injection behind a 220 of STARTTLS). */
	void (*line)(void *arg, struct span line, bool more);
	/* The queued output fell below `low` bytes. */
	void (*room)(void *arg);
	/* The TLS handshake that conn_start_tls() began is done and the peer verified. */
	void (*secure)(void *arg);
	/* No more lines will come.  `why`: one line for people ("connection reset by peer",
	   "certificate verify failed: …"), lent.  tls: the cause lies in the TLS layer.
	   clean: the peer closed in an orderly way.  Comes once; then nothing else. */
	void (*gone)(void *arg, const char *why, bool tls, bool clean);
};

/* Takes fd (connected or connecting is done; made non-blocking).  line_max:
   a longer line is the end of the connection.  ops lives as long as the conn. */
struct conn *conn_new(struct event_base *base, int fd, size_t line_max, const struct conn_ops *ops, void *arg);

/* Begin a TLS handshake as a client; bytes already received and not yet
   given out are a protocol breach: gone().  host: name to verify and for SNI
   (an IP literal is verified against IP SANs and not sent). */
void conn_start_tls(struct conn *c, struct tls *tls, const char *host);

/* The server's side (tests' upstream, listeners): accept a handshake. */
void conn_accept_tls(struct conn *c, struct tls *tls);

/* Queue bytes; nothing is sent before conn_flush() or the loop's turn. */
void   conn_write(struct conn *c, struct span bytes);
struct buf *conn_out(struct conn *c);           /* the queue itself, to append to in place */
void   conn_flush(struct conn *c);
size_t conn_queued(const struct conn *c);       /* bytes not yet taken by the kernel */
void   conn_set_low(struct conn *c, size_t low_bytes);  /* when room() comes; 0: when empty */

/* Pause and resume reading (a server that waits for its own disk). */
void   conn_reading(struct conn *c, bool on);

bool        conn_is_tls(const struct conn *c);
const char *conn_tls_summary(const struct conn *c);     /* "TLSv1.3 TLS_AES_256_GCM_SHA384, resumed"; "" without */

/* Close in order: what is queued is flushed as far as the kernel takes it at
   once, close_notify goes out, the session ticket is kept.  No callback after. */
void   conn_stop(struct conn *c);
void   conn_free(struct conn *c);               /* NULL is fine */

#endif
