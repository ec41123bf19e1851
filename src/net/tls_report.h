/*
 * tls_report.h - one handshake as data, whether it came to its end or not:
 * what was agreed on, the peer's certificates, what they were checked
 * against, and why they were refused.  For a person who asks.
 */
#ifndef NET_TLS_REPORT_H
#define NET_TLS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssl_st;

struct tls_cert {
	char   *subject, *issuer;       /* "CN=smtp.example.com", printable, cut at 100 octets */
	char   *names;                  /* DNS names and addresses, ", " between; "" without */
	char   *key;                    /* "id-ecPublicKey, 256 bits" */
	char   *pin;                    /* "sha256:BASE64" of its key, as `fingerprint` takes it */
	int64_t from_s, until_s;        /* wall seconds */
};

struct tls_report {
	char            *version;       /* "TLSv1.3"; "" before there is one */
	char            *cipher;
	bool             resumed;       /* then nothing was checked again */
	char            *checked;       /* "chain and name (localhost)", "TLSA records (2)", "nothing" */
	char            *failure;       /* why the certificate was refused; NULL: it was not */
	struct tls_cert *certs;         /* as the peer sent them, its own first */
	size_t           n;
};

/* tls_report_free()'s.  s: conn_ssl(), once the handshake is over; NULL gives NULL. */
struct tls_report *tls_report(const struct ssl_st *s);
void               tls_report_free(struct tls_report *r);       /* NULL is fine */

#endif
