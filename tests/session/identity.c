#include "identity.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <unistd.h>

#define DAY_S 86400L

static EVP_PKEY *ca_key;
static X509     *ca;
static char      ca_file[] = "/tmp/postern-session-ca-XXXXXX";
static SSL_CTX  *servers[ID_SELF_SIGNED + 1];

/* What a certificate says. */
struct words {
	const char *name;
	const char *alt;        /* NULL: a CA */
	long        from_s, to_s;
};

static const struct words words[] = {
	[ID_GOOD]        = { "good",    "IP:127.0.0.1,DNS:localhost",          -DAY_S,      DAY_S },
	[ID_WRONG_NAME]  = { "other",   "IP:127.0.0.2,DNS:other.example",      -DAY_S,      DAY_S },
	[ID_EXPIRED]     = { "expired", "IP:127.0.0.1,DNS:localhost",          -9 * DAY_S, -DAY_S },
	[ID_SELF_SIGNED] = { "self",    "IP:127.0.0.1,DNS:localhost",          -DAY_S,      DAY_S },
};

static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX      ctx;
	X509_EXTENSION *x;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(x != NULL && X509_add_ext(cert, x, -1));
	X509_EXTENSION_free(x);
}

static X509 *
make(const struct words *w, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	static long serial;
	X509       *c = X509_new();
	X509_NAME  *name = X509_get_subject_name(c);

	must(X509_set_version(c, 2));
	must(ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial));
	must(X509_gmtime_adj(X509_getm_notBefore(c), w->from_s) != NULL);
	must(X509_gmtime_adj(X509_getm_notAfter(c), w->to_s) != NULL);
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)w->name, -1, -1, 0));
	must(X509_set_issuer_name(c, X509_get_subject_name(issuer != NULL ? issuer : c)));
	must(X509_set_pubkey(c, key));
	add_extension(c, issuer != NULL ? issuer : c, NID_basic_constraints,
	    w->alt == NULL ? "critical,CA:TRUE" : "CA:FALSE");
	if (w->alt != NULL)
		add_extension(c, issuer != NULL ? issuer : c, NID_subject_alt_name, w->alt);
	must(X509_sign(c, issuer_key, EVP_sha256()) > 0);
	return c;
}

const char *
identity_ca_file(void)
{
	static const struct words w = { "a CA for tests", NULL, -DAY_S, DAY_S };
	FILE *f;
	int   fd;

	if (ca != NULL)
		return ca_file;
	ca_key = EVP_EC_gen("P-256");
	ca = make(&w, ca_key, NULL, ca_key);
	fd = mkstemp(ca_file);
	must(fd >= 0);
	f = fdopen(fd, "w");
	must(f != NULL && PEM_write_X509(f, ca) && fclose(f) == 0);
	return ca_file;
}

SSL_CTX *
identity_server(enum identity who)
{
	EVP_PKEY *key;
	X509     *c;
	bool      own = who == ID_SELF_SIGNED;

	if (servers[who] != NULL)
		return servers[who];
	(void)identity_ca_file();
	key = EVP_EC_gen("P-256");
	c = make(&words[who], key, own ? NULL : ca, own ? key : ca_key);
	servers[who] = SSL_CTX_new(TLS_server_method());
	must(servers[who] != NULL && SSL_CTX_use_certificate(servers[who], c)
	    && SSL_CTX_use_PrivateKey(servers[who], key));
	X509_free(c);
	EVP_PKEY_free(key);
	return servers[who];
}

void
identity_forget(void)
{
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++)
		SSL_CTX_free(servers[i]);
	if (ca == NULL)
		return;
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	(void)unlink(ca_file);
}
