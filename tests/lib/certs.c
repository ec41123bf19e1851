/* certs.c - see certs.h. */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "lib/certs.h"

#define DAY_S 86400L

static const char *dir;

static void __attribute__((noreturn))
fail(const char *what)
{
	unsigned long e = ERR_peek_last_error();

	fprintf(stderr, "certificates: %s: %s\n", what,
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

static void
issue_client(X509 *ca, EVP_PKEY *ca_key)
{
	static const struct want want = { "client.test", "DNS:client.test", -DAY_S, 20 * DAY_S + 3600 };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x;

	need(key != NULL, "key");
	write_key("client.key", key);
	x = issue(&want, key, ca, ca_key);
	write_cert("client.pem", x);
	X509_free(x);
	EVP_PKEY_free(key);
}

void
certs_write(const char *where)
{
	static const struct want authority = {
		"Postern test CA", NULL, -DAY_S, 365 * DAY_S,
	};
	EVP_PKEY *key;
	X509 *ca;

	dir = where;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		fail(dir);
	key = EVP_EC_gen("P-256");
	need(key != NULL, "key");
	ca = issue(&authority, key, NULL, key);
	write_cert("ca.pem", ca);
	issue_servers(ca, key);
	issue_client(ca, key);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void
put_path(char *ret, size_t size, const char *where, const char *name)
{
	need((size_t)snprintf(ret, size, "%s/%s", where, name) < size, "path");
}

void
certs_make(struct certs *c)
{
	const char *tmp = getenv("TMPDIR");

	put_path(c->dir, sizeof(c->dir), tmp != NULL ? tmp : "/tmp",
	    "postern-certs.XXXXXX");
	need(mkdtemp(c->dir) != NULL, c->dir);
	certs_write(c->dir);
	put_path(c->ca, sizeof(c->ca), c->dir, "ca.pem");
	put_path(c->key, sizeof(c->key), c->dir, "key.pem");
	put_path(c->good, sizeof(c->good), c->dir, "cert.pem");
	put_path(c->wrong_name, sizeof(c->wrong_name), c->dir, "other.pem");
	put_path(c->expired, sizeof(c->expired), c->dir, "expired.pem");
	put_path(c->self_signed, sizeof(c->self_signed), c->dir, "self.pem");
	put_path(c->client, sizeof(c->client), c->dir, "client.pem");
	put_path(c->client_key, sizeof(c->client_key), c->dir, "client.key");
}

void
certs_remove(struct certs *c)
{
	int fd = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			unlinkat(fd, e->d_name, 0);
	closedir(d);
	rmdir(c->dir);
}
