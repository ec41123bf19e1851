/*
 * demo-pki - a throw-away certificate authority for tests and `make try`.
 *
 *   demo-pki DIR     writes into DIR (made if missing):
 *     ca.pem         what the client trusts
 *     key.pem        the key of all server certificates below
 *     cert.pem       for localhost, 127.0.0.1 and ::1
 *     other.pem      the same for other.test: a wrong name
 *     expired.pem    for localhost, of last year
 *     self.pem       for localhost, signed by nobody but itself
 *
 * In C because OpenSSL's command is not installed with its library.
 */
#include <sys/stat.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"

#define DAY_S 86400L

static const char *dir;

static void __attribute__((noreturn))
fail(const char *what)
{
	unsigned long e = ERR_peek_last_error();

	fprintf(stderr, "demo-pki: %s: %s\n", what,
	    e != 0 ? ERR_reason_error_string(e) : strerror(errno));
	exit(EX_CANTCREAT);
}

static void
need(int ok, const char *what)
{
	if (!ok)
		fail(what);
}

static FILE *
create(const char *name)
{
	struct buf path;
	FILE *f;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", dir, name);
	f = fopen(buf_cstr(&path), "w");
	if (f == NULL)
		fail(buf_cstr(&path));
	buf_done(&path);
	return f;
}

static void
write_cert(const char *name, X509 *x)
{
	FILE *f = create(name);

	need(PEM_write_X509(f, x), name);
	need(fclose(f) == 0, name);
}

static void
write_key(const char *name, EVP_PKEY *key)
{
	FILE *f = create(name);

	need(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), name);
	need(fclose(f) == 0, name);
}

static void
extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	need(e != NULL && X509_add_ext(x, e, -1), value);
	X509_EXTENSION_free(e);
}

struct want {
	const char *common_name;
	const char *names;      /* subjectAltName; NULL: an authority */
	long        from_s;     /* relative to now */
	long        until_s;
};

/* issuer NULL: signed by its own key. */
static X509 *
issue(const struct want *w, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *x = X509_new();
	X509_NAME *name;
	uint64_t serial;

	need(x != NULL && X509_set_version(x, 2), "certificate");
	need(RAND_bytes((unsigned char *)&serial, sizeof(serial)), "serial number");
	need(ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1), "serial number");
	X509_gmtime_adj(X509_getm_notBefore(x), w->from_s);
	X509_gmtime_adj(X509_getm_notAfter(x), w->until_s);
	need(X509_set_pubkey(x, key), "public key");
	name = X509_get_subject_name(x);
	need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)w->common_name, -1, -1, 0), "name");
	if (issuer == NULL)
		issuer = x;
	need(X509_set_issuer_name(x, X509_get_subject_name(issuer)), "issuer");
	extend(x, issuer, NID_basic_constraints,
	    w->names != NULL ? "critical,CA:FALSE" : "critical,CA:TRUE");
	extend(x, issuer, NID_subject_key_identifier, "hash");
	if (issuer != x)
		extend(x, issuer, NID_authority_key_identifier, "keyid");
	if (w->names == NULL)
		extend(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
	if (w->names != NULL)
		extend(x, issuer, NID_subject_alt_name, w->names);
	need(X509_sign(x, issuer_key, EVP_sha256()), "signature");
	return x;
}

static void
issue_servers(X509 *ca, EVP_PKEY *ca_key)
{
#define LOCAL "DNS:localhost,IP:127.0.0.1,IP:::1"
	static const struct {
		const char *file;
		bool        self;
		struct want want;
	} servers[] = {
		{ "cert.pem", false, { "localhost", LOCAL, -DAY_S, 365 * DAY_S } },
		{ "other.pem", false, { "other.test", "DNS:other.test", -DAY_S, 365 * DAY_S } },
		{ "expired.pem", false, { "localhost", LOCAL, -365 * DAY_S, -DAY_S } },
		{ "self.pem", true, { "localhost", LOCAL, -DAY_S, 365 * DAY_S } },
	};
	EVP_PKEY *key = EVP_EC_gen("P-256");

	need(key != NULL, "key");
	write_key("key.pem", key);
	for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
		bool self = servers[i].self;
		X509 *x = issue(&servers[i].want, key, self ? NULL : ca, self ? key : ca_key);

		write_cert(servers[i].file, x);
		X509_free(x);
	}
	EVP_PKEY_free(key);
}

int
main(int argc, char **argv)
{
	static const struct want authority = { "Postern test CA", NULL, -DAY_S, 365 * DAY_S };
	EVP_PKEY *key;
	X509 *ca;

	if (argc != 2) {
		fputs("usage: demo-pki DIR\n", stderr);
		return EX_USAGE;
	}
	dir = argv[1];
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		fail(dir);
	key = EVP_EC_gen("P-256");
	need(key != NULL, "key");
	ca = issue(&authority, key, NULL, key);
	write_cert("ca.pem", ca);
	issue_servers(ca, key);
	X509_free(ca);
	EVP_PKEY_free(key);
	return EX_OK;
}
