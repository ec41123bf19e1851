/*
 * tls.h - one SSL_CTX a relay (or a listener): what is trusted, what is
 * offered, and the session tickets put by for the next connection.  Nothing
 * of OpenSSL is seen outside src/net.
 *
 * Names are verified after RFC 9525: SANs only, a wildcard only as the whole
 * left-most label, an IP literal only against an iPAddress SAN.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct pin;
struct ssl_st;
struct tls;
struct tlsa;

/* What a login may be bound to; a means of RFC 9266, and before TLS 1.3 of RFC 5929. */
enum tls_binding { TLS_BINDING_NONE, TLS_BINDING_EXPORTER, TLS_BINDING_UNIQUE };

struct tls_client_params {
	const char *ca_file;            /* PEM; NULL or "": the system's store */
	const char *ca_path;
	const char *min_version;        /* "1.2", "1.3"; NULL: 1.2 */
	const char *ciphers;            /* 1.2's cipher string and 1.3's suites in one list; NULL: the library's */
	const char *cert;               /* client certificate and key, PEM files; NULL: none */
	const char *key;                /* NULL with a cert: the key is in the same file */
	bool        verify;             /* chain and name; false only when the configuration says so in words */
	const struct pin *pins;         /* copied; the peer's key must be one of them, verify or not */
	size_t      npins;
};

/*
 * NULL on error, with one line of why in *why (a file that cannot be read is
 * named).  A key with a pass phrase is an error: nobody is there to ask.
 * The first context of a process that would die of SIGPIPE ignores it, since
 * the library sends with write(2).
 */
struct tls *tls_client(const struct tls_client_params *p, struct buf *why);
/* min_version may be "1.0" or "1.1" too (RFC 8996 is about those). */
struct tls *tls_server(const char *cert_file, const char *key_file, const char *min_version, struct buf *why);
void        tls_free(struct tls *t);    /* connections that still use it keep it alive; NULL is fine */

/*
 * For conn only.  An SSL on fd, with name, SNI and a put-by ticket set; its
 * SSL_free() lets go of t.  NULL: no memory, or not a name that could stand
 * in a certificate.  A ticket is given only to the host it came from: a
 * resumed handshake shows no certificate, so another host's would get round
 * the name check.  A TLS 1.3 ticket is used once (RFC 8446 appendix C.4).
 */
struct ssl_st *tls_connect(struct tls *t, int fd, const char *host);
struct ssl_st *tls_accept(struct tls *t, int fd);
void           tls_discard(struct ssl_st *s);   /* unused; NULL is fine */

/* The end of the certificate that it shows, wall seconds; 0: it has none. */
int64_t tls_until_s(const struct tls *t);

/*
 * What DNS says of the peer, for connections made from now on: they are
 * verified by these (RFC 6698, RFC 7671) in place of what the context trusts.
 * None: as without.  Those of a usage or type that is not known are passed
 * over; how many are of use is returned.  Tickets of a time with other
 * records are thrown away.
 */
size_t tls_set_records(struct tls *t, const struct tlsa *records, size_t n);

/*
 * Did the handshake fail because the peer's key is not what an admin pinned
 * or DNS promised?  No other day helps that: a person has to look.
 */
bool tls_is_stranger(const struct ssl_st *s);

/* Tickets put by at present (for tests and the log). */
unsigned tls_tickets(const struct tls *t);

/* Appended to *ret, which is empty and takes 64 bytes.  NONE with TLS 1.2 where there is no extended master secret. */
enum tls_binding tls_binding(struct ssl_st *s, struct buf *ret);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384, resumed" */
char *tls_summary(const struct ssl_st *s);      /* the caller's to free */

/*
 * Append one line about the error that rc of an SSL call on s left behind:
 * the verification error if there is one, errno's text, or "connection
 * closed".  Call it before anything else touches errno or the error queue;
 * it leaves the queue empty.
 */
void tls_error(struct ssl_st *s, int rc, struct buf *why);

#endif
