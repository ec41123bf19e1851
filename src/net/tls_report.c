/* tls_report.c - see tls_report.h. */
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/tls_private.h"
#include "net/tls_report.h"

#define TEXT_MAX 4096
#define CERTS_MAX 20                    /* the library takes a chain of 10; what is not of it may lie beside */

static char *
taken(struct buf *b)
{
	char *ret = xstrdup(buf_cstr(b));

	buf_clear(b);
	return ret;
}

static void
put_key(X509 *cert, struct buf *b)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	if (key != NULL)
		buf_printf(b, "%s, %d bits", OBJ_nid2sn(EVP_PKEY_get_base_id(key)), EVP_PKEY_get_bits(key));
}

static void
take_cert(X509 *cert, struct tls_cert *ret, struct buf *b)
{
	struct pin pin;

	tls_put_name(X509_get_subject_name(cert), b);
	ret->subject = taken(b);
	tls_put_name(X509_get_issuer_name(cert), b);
	ret->issuer = taken(b);
	tls_put_names(cert, "", b);
	ret->names = taken(b);
	put_key(cert, b);
	ret->key = taken(b);
	if (tls_pin_of(cert, &pin))
		pin_put(b, &pin);
	ret->pin = taken(b);
	ret->from_s = tls_time_s(X509_get0_notBefore(cert));
	ret->until_s = tls_time_s(X509_get0_notAfter(cert));
}

static void
put_checked(const struct link *l, struct buf *b)
{
	if (l->tls->npins > 0)
		buf_str(b, "the key's fingerprint");
	if (l->by_records)
		buf_printf(b, "TLSA records (%zu)", l->tls->nrecords);
	else if (l->tls->verify)
		buf_printf(b, "%schain and name (%s)", b->n > 0 ? ", " : "", l->host);
	if (b->n == 0)
		buf_str(b, "nothing");
}

struct tls_report *
tls_report(const struct ssl_st *s)
{
	const struct link *l = s != NULL ? SSL_get_ex_data(s, tls_link_index) : NULL;
	STACK_OF(X509) *shown;
	struct tls_report *r;
	struct buf b;
	int n;

	if (l == NULL)
		return NULL;
	buf_init(&b, TEXT_MAX);
	r = xcalloc(1, sizeof(*r));
	r->version = xstrdup(SSL_get_current_cipher(s) != NULL ? SSL_get_version(s) : "");
	r->cipher = xstrdup(SSL_get_current_cipher(s) != NULL ? SSL_get_cipher_name(s) : "");
	r->resumed = SSL_session_reused(s);
	put_checked(l, &b);
	r->checked = taken(&b);
	if (l->refused != NULL) {
		tls_put_refusal(s, &b);
		r->failure = taken(&b);
	}
	shown = tls_shown(s);
	n = sk_X509_num(shown) < CERTS_MAX ? sk_X509_num(shown) : CERTS_MAX;
	r->certs = xcalloc(n > 0 ? (size_t)n : 1, sizeof(*r->certs));
	for (int i = 0; i < n; i++)
		take_cert(sk_X509_value(shown, i), &r->certs[r->n++], &b);
	buf_done(&b);
	ERR_clear_error();
	return r;
}

static void
done(struct tls_cert *c)
{
	free(c->subject);
	free(c->issuer);
	free(c->names);
	free(c->key);
	free(c->pin);
}

void
tls_report_free(struct tls_report *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++)
		done(&r->certs[i]);
	free(r->certs);
	free(r->version);
	free(r->cipher);
	free(r->checked);
	free(r->failure);
	free(r);
}
