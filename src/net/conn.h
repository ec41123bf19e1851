/*
 * conn.h - a non-blocking connection that speaks in lines, plain or TLS, on
 * plain libevent events and SSL_read/SSL_write (the reasons: bufferevent's
 * TLS side loses resumption, deadlines and unread bytes).  Knows nothing of
 * what the lines mean, and of no time: deadlines are the owner's.
 *
 * Every callback comes from the loop, never from inside the call that asked.
 * conn_stop() is immediate and may be called from a callback, twice too;
 * conn_free() frees from the loop, so it too may be called from anywhere.
 * Before event_base_free() let the loop turn once (EVLOOP_NONBLOCK), or what
 * waits to be freed is leaked.
 *
 * One turn of the loop reads at most 64 KiB and sends at most 1 MiB of one
 * connection, so no peer is so fast that others wait.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "net/tls.h"

/* More than this queued at once is the end of the connection: whoever
   writes without waiting for room() would fill the memory. */
#define CONN_OUT_MAX_BYTES (64 * 1024 * 1024)

struct event_base;
struct ssl_st;
struct conn;

struct conn_ops {
	/* One line, its LF or CRLF taken off.  Lent until the callback returns.
	   more: further bytes had already arrived behind it (pipelining, or an
	   injection behind a 220 of STARTTLS). */
	void (*line)(void *arg, struct span line, bool more);
	/* Instead of line(), where it is not NULL: octets as they came, lent, at
	   most 64 KiB and what was left of the last.  How many were taken; the
	   rest waits, and reading with it, until conn_reading(c, true).  What
	   begins a handshake here leaves nothing. */
	size_t (*bytes)(void *arg, struct span bytes);
	/* The queued output, having been `low` bytes or more, fell below.  NULL:
	   not wanted. */
	void (*room)(void *arg);
	/* The TLS handshake that conn_start_tls() or conn_accept_tls() began is
	   done and the peer verified.  NULL: not wanted. */
	void (*secure)(void *arg);
	/* No more lines will come; all that arrived were given out.  `why`: one
	   line for people ("Connection reset by peer", "certificate verify
	   failed: ..."), lent.  tls: the cause lies in the TLS layer.  clean: the
	   peer closed in an orderly way and not inside a line.  Comes once; then
	   nothing else. */
	void (*gone)(void *arg, const char *why, bool tls, bool clean);
};

/* Takes fd (a connected stream socket; made non-blocking).  line_max: a
   line longer than that, its end not counted, is the end of the connection;
   with bytes(): the most that it may leave.  ops lives as long as the conn. */
struct conn *conn_new(struct event_base *base, int fd, size_t line_max, const struct conn_ops *ops, void *arg);

/* Another owner takes it over: callbacks go there from now on.  What was sent
   so far, a login perhaps, is overwritten in memory. */
void conn_give(struct conn *c, const struct conn_ops *ops, void *arg);

/* Begin a TLS handshake as a client; bytes already received and not yet
   given out are a protocol breach: gone().  What is queued is sent before it
   in the clear, what is queued from now on after it.  host: name to verify
   and for SNI (an IP literal is verified against IP SANs and not sent).
   t must live until the call returns only. */
void conn_start_tls(struct conn *c, struct tls *t, const char *host);

/* The server's side (tests' upstream, listeners): accept a handshake. */
void conn_accept_tls(struct conn *c, struct tls *t);

/* Queue bytes; nothing is sent before conn_flush() or the loop's turn.
   After gone() or conn_stop() they are thrown away. */
void   conn_write(struct conn *c, struct span bytes);
/* The queue itself, to append to in place, and to cut back to where one
   began, before the next conn_ call.  Its bytes are not all unsent ones:
   conn_queued() counts those. */
struct buf *conn_out(struct conn *c);
void   conn_flush(struct conn *c);
size_t conn_queued(const struct conn *c);       /* bytes not yet taken by the kernel */
void   conn_set_low(struct conn *c, size_t low_bytes);  /* when room() comes; 0: when empty */

/* Pause and resume reading (a server that waits for its own disk).  Lines
   that had arrived before a pause wait with it. */
void   conn_reading(struct conn *c, bool on);

bool        conn_is_tls(const struct conn *c);          /* from secure() on */
/* What a login can be bound to (tls_binding()); NONE without TLS. */
enum tls_binding conn_binding(const struct conn *c, struct buf *ret);
const char *conn_tls_summary(const struct conn *c);     /* "TLSv1.3 TLS_AES_256_GCM_SHA384, resumed"; "" without */
const struct ssl_st *conn_ssl(const struct conn *c);    /* for tls.h's questions, in gone() too; NULL without */

/* Close in order: what is queued is flushed as far as the kernel takes it at
   once, close_notify goes out, the session ticket is kept.  No callback after. */
void   conn_stop(struct conn *c);
void   conn_free(struct conn *c);               /* NULL is fine */

#endif
