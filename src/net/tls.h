/*
 * tls.h - one SSL_CTX a relay (or a listener): what is trusted, what is
 * offered, and the session tickets put by for the next connection.  Nothing
 * of OpenSSL is seen outside src/net.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>

#include "base/buf.h"

struct tls;
struct ssl_st;

struct tls_client_params {
	const char *ca_file;            /* PEM; NULL or "": the system's store */
	const char *ca_path;
	const char *min_version;        /* "1.2", "1.3"; NULL: 1.2 */
	const char *ciphers;            /* TLS 1.2 cipher string; NULL: the library's default */
	const char *cert;               /* client certificate and key, PEM files; NULL: none */
	const char *key;
	bool        verify;             /* false only when the configuration says so in words */
};

/* NULL on error, with one line of why in *why (a file that cannot be read is named). */
struct tls *tls_client(const struct tls_client_params *p, struct buf *why);
struct tls *tls_server(const char *cert_file, const char *key_file, const char *min_version, struct buf *why);
void        tls_free(struct tls *t);    /* connections that still use it keep it alive */

/* For conn only: an SSL on fd, with name, SNI and a put-by ticket set. */
struct ssl_st *tls_connect(struct tls *t, int fd, const char *host);
struct ssl_st *tls_accept(struct tls *t, int fd);

/* One line about the error that rc of an SSL call on s left behind; the
   verification error if there is one, errno's text, or "connection closed". */
void tls_error(struct ssl_st *s, int rc, struct buf *why);

#endif
