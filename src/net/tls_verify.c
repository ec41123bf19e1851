/*
 * tls_verify.c - is the peer the right one? by the trusted authorities, by
 * pinned keys, by DNS; see tls_private.h.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/tls.h"
#include "net/tls_private.h"

bool
tls_pin_of(X509 *cert, struct pin *ret)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool good = n > 0 && EVP_Digest(der, (size_t)n, ret->sha256, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return good;
}

/* The peer's own key alone: an authority's would let in whoever that signs for. */
static bool
is_pinned(const struct tls *t, X509 *cert)
{
	struct pin seen;

	if (cert == NULL || !tls_pin_of(cert, &seen))
		return false;
	for (size_t i = 0; i < t->npins; i++)
		if (memcmp(&seen, &t->pins[i], sizeof(seen)) == 0)
			return true;
	return false;
}

static int
refuse(X509_STORE_CTX *ctx, struct link *l, bool stranger)
{
	STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(ctx);

	l->stranger = stranger;
	if (shown != NULL && l->refused == NULL)
		l->refused = X509_chain_up_ref(shown);
	return 0;
}

int
tls_verify(X509_STORE_CTX *ctx, void *arg)
{
	SSL *s = X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct link *l = SSL_get_ex_data(s, tls_link_index);

	(void)arg;
	if (l->tls->npins > 0 && !is_pinned(l->tls, X509_STORE_CTX_get0_cert(ctx))) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
		return refuse(ctx, l, true);
	}
	if (!l->tls->verify || X509_verify_cert(ctx) > 0)
		return 1;
	return refuse(ctx, l, l->by_records);
}

bool
tls_is_stranger(const struct ssl_st *s)
{
	const struct link *l = s != NULL ? SSL_get_ex_data(s, tls_link_index) : NULL;

	return l != NULL && l->stranger;
}

STACK_OF(X509) *
tls_shown(const SSL *s)
{
	const struct link *l = SSL_get_ex_data(s, tls_link_index);

	return l->refused != NULL ? l->refused : SSL_get_peer_cert_chain(s);
}

/* ---- by DNS ---- */

/*
 * RFC 7671 §5.1: with DANE-EE neither the name nor the dates count, the
 * domain's holder has said which key it is.
 */
static size_t
use_records(SSL *s, const char *host, const struct tlsa *records, size_t n)
{
	size_t used = 0;

	if (SSL_dane_enable(s, host) != 1)
		return 0;
	SSL_dane_set_flags(s, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	for (size_t i = 0; i < n; i++)
		used += SSL_dane_tlsa_add(s, records[i].usage, records[i].selector, records[i].type,
		    records[i].data, records[i].n) > 0;
	ERR_clear_error();
	return used;
}

bool
tls_expect(struct tls *t, SSL *s, struct link *l)
{
	if (t->nrecords == 0)
		return true;
	l->by_records = true;
	return use_records(s, l->host, t->records, t->nrecords) > 0;
}

static bool
same_records(const struct tls *t, const struct tlsa *records, size_t n)
{
	return n == t->nrecords && (n == 0 || memcmp(t->records, records, n * sizeof(*records)) == 0);
}

static bool
is_of_use(struct tls *t, const struct tlsa *record)
{
	SSL *s = SSL_new(t->ctx);
	bool good = s != NULL && use_records(s, "localhost", record, 1) == 1;

	SSL_free(s);
	return good;
}

size_t
tls_set_records(struct tls *t, const struct tlsa *records, size_t n)
{
	struct tlsa *good = xcalloc(n + 1, sizeof(*good));
	size_t ngood = 0;

	for (size_t i = 0; i < n; i++)
		if (is_of_use(t, &records[i]))
			good[ngood++] = records[i];
	if (same_records(t, good, ngood)) {
		free(good);
		return ngood;
	}
	tls_drop_tickets(t);
	free(t->records);
	t->records = good;
	t->nrecords = ngood;
	return ngood;
}
