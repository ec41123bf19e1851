/*
 * tls_private.h - what tls's own files share, and nobody else includes:
 * tls.c (contexts, connections, tickets), tls_load.c (files and lists of an
 * admin's into a context), tls_error.c (what went wrong, in words).
 */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/buf.h"

struct tls;

/* Hangs on every SSL: what its callbacks and error texts need to know. */
struct link {
	struct tls *tls;                /* counted */
	char       *host;               /* "" on the server's side; own */
};

extern int tls_link_index;

SSL_CTX *tls_context(const struct tls *t);

static inline bool
tls_set(const char *s)
{
	return s != NULL && *s != '\0';
}

/* Append the oldest error of the library's queue, and empty that. */
void tls_put_reason(struct buf *why);

/* False: one line in *why that names the file, or the word, at fault. */
bool tls_load_pair(SSL_CTX *ctx, const char *cert, const char *key, struct buf *why);
bool tls_load_trust(SSL_CTX *ctx, const char *file, const char *path, struct buf *why);
bool tls_load_ciphers(SSL_CTX *ctx, const char *list, struct buf *why);

/* Wall seconds. */
int64_t tls_time_s(const ASN1_TIME *t);

#endif
