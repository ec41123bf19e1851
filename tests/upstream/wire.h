/*
 * wire.h - one blocking connection, plain or TLS, read by lines or by count.
 * Answers collect until the input runs dry, so those to a pipelined batch
 * leave in one write.  Knows nothing of SMTP.
 */
#ifndef UPSTREAM_WIRE_H
#define UPSTREAM_WIRE_H

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct wire {
	int        fd;
	SSL       *ssl;         /* NULL: plain */
	bool       drip;        /* write byte by byte */
	bool       gone;        /* nothing more will come, nothing more can go */
	size_t     at;          /* unread input is in[at..have) */
	size_t     have;
	struct buf out;
	char       in[256 << 10];
};

/* Takes fd.  On the heap for its size; wire_close() frees. */
struct wire *wire_open(int fd, bool drip);
void         wire_close(struct wire *w);        /* flushes, close_notify */
void         wire_reset(struct wire *w);        /* RST instead, nothing flushed */

bool   wire_accept_tls(struct wire *w, SSL_CTX *ctx);

/* The next line with its LF, lent until the next call; false at the end of
   the connection, or when a line is longer than the buffer. */
bool   wire_line(struct wire *w, struct span *ret);

/* Up to max bytes, at least one; empty at the end of the connection. */
struct span wire_some(struct wire *w, size_t max);

size_t wire_waiting(const struct wire *w);      /* bytes read and not yet taken */

void   wire_say(struct wire *w, const char *text);      /* queued; flushed when the input is dry */
void   wire_flush(struct wire *w);

#endif
