/*
 * tls_private.h - what tls's own files share, and nobody else includes:
 * tls.c (contexts, connections, tickets), tls_load.c (files and lists of an
 * admin's into a context), tls_verify.c (is the peer the right one?),
 * tls_error.c (what went wrong, in words), tls_report.c (all of it as data).
 */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/pin.h"
#include "base/tlsa.h"

/* One connection leaves two tickets as a rule, and a relay has few
   connections: more would only grow old. */
#define TICKETS_MAX 4

struct ticket {
	SSL_SESSION *session;           /* own */
	char        *host;              /* own */
};

struct tls {
	SSL_CTX      *ctx;
	unsigned      refs;             /* the owner, and every SSL made from it */
	unsigned      ntickets;
	struct ticket tickets[TICKETS_MAX];     /* oldest first */
	bool          verify;
	struct pin   *pins;             /* own */
	size_t        npins;
	struct tlsa  *records;          /* own; those of use */
	size_t        nrecords;
};

/* Hangs on every SSL: what its callbacks and error texts need to know. */
struct link {
	struct tls *tls;                /* counted */
	char       *host;               /* "" on the server's side; own */
	bool        by_records;         /* verified by DNS's */
	bool        stranger;
	STACK_OF(X509) *refused;        /* the peer's, where verification failed; own */
};

extern int tls_link_index;

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

void tls_drop_tickets(struct tls *t);

/* The callback of a client's context that verifies, and what each SSL needs for it. */
int  tls_verify(X509_STORE_CTX *ctx, void *arg);
bool tls_expect(struct tls *t, SSL *s, struct link *l);
bool tls_pin_of(X509 *cert, struct pin *ret);

/* The peer's certificates, its own first, whether they were taken or refused; NULL: it showed none. */
STACK_OF(X509) *tls_shown(const SSL *s);

/* Append why the peer's certificate was refused. */
void tls_put_refusal(const SSL *s, struct buf *why);
void tls_put_names(X509 *cert, const char *before, struct buf *b);      /* what it is for; nothing: "" without a name */

/* Append a subject or an issuer, cut where a log line would be too long. */
void tls_put_name(const X509_NAME *name, struct buf *b);

#endif
