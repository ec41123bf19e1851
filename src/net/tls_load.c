/* tls_load.c - an admin's files and lists into a context; see tls_private.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/tls.h"
#include "net/tls_private.h"

#define CIPHERS_MAX 4096

/*
 * The library's own words for a missing file are "unregistered scheme" or
 * "BIO lib", so the question is put to the kernel first.
 */
static bool
readable(const char *what, const char *path, bool dir, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | (dir ? O_DIRECTORY : 0));

	if (fd < 0) {
		buf_printf(why, "cannot read %s %s: %s", what, path, strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

static bool
load_failed(const char *what, const char *path, struct buf *why)
{
	buf_printf(why, "cannot use %s %s: ", what, path);
	tls_put_reason(why);
	return false;
}

/* The library compares the two as it loads the second, and says it in a word for programmers. */
static bool
key_failed(const char *key, const char *cert, struct buf *why)
{
	int reason = ERR_GET_REASON(ERR_peek_error());

	if (reason != X509_R_KEY_VALUES_MISMATCH && reason != X509_R_KEY_TYPE_MISMATCH)
		return load_failed("key", key, why);
	buf_printf(why, "cannot use key %s: it is not the key of certificate %s", key, cert);
	ERR_clear_error();
	return false;
}

bool
tls_load_pair(SSL_CTX *ctx, const char *cert, const char *key, struct buf *why)
{
	if (!tls_set(key))
		key = cert;
	if (!readable("certificate", cert, false, why) ||
	    !readable("key", key, false, why))
		return false;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return load_failed("certificate", cert, why);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return key_failed(key, cert, why);
	return true;
}

/* Does the folder hold certificates by the hash of their names ("002c0b4f.0", c_rehash's), as a lookup wants them? */
static bool
hashed(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool found = false;

	while (d != NULL && !found && (e = readdir(d)) != NULL)
		found = strlen(e->d_name) == 10 && strspn(e->d_name, "0123456789abcdef") == 8 &&
		    strcmp(e->d_name + 8, ".0") == 0;
	if (d != NULL)
		closedir(d);
	return found;
}

/*
 * The system's store.  Its folder is read when a certificate asks for it; the
 * bundle that most systems have beside it would be read here and held for
 * ever, 0.9 MB of it, so it is taken only where there is no such folder or
 * the environment names it.
 */
static bool
trust_system(SSL_CTX *ctx)
{
	const char *dir = getenv(X509_get_default_cert_dir_env());

	if (!tls_set(dir))
		dir = X509_get_default_cert_dir();
	if (!tls_set(getenv(X509_get_default_cert_file_env())) && hashed(dir))
		return SSL_CTX_load_verify_dir(ctx, dir) == 1;
	return SSL_CTX_set_default_verify_paths(ctx) == 1;
}

bool
tls_load_trust(SSL_CTX *ctx, const char *file, const char *path, struct buf *why)
{
	if (!tls_set(file) && !tls_set(path)) {
		if (trust_system(ctx))
			return true;
		return load_failed("the system's", "certificates", why);
	}
	if (tls_set(file) && (!readable("ca-file", file, false, why) ||
	    (SSL_CTX_load_verify_file(ctx, file) != 1 &&
	    !load_failed("ca-file", file, why))))
		return false;
	if (tls_set(path) && (!readable("ca-path", path, true, why) ||
	    (SSL_CTX_load_verify_dir(ctx, path) != 1 &&
	    !load_failed("ca-path", path, why))))
		return false;
	return true;
}

/* TLS 1.3's suites have names of their own, and a list of their own in the library. */
static bool
is_suite(struct span word)
{
	return span_starts(word, SPAN("TLS_"));
}

/*
 * One list for the admin, two for the library.  A version that no name is of
 * keeps the library's own list.
 */
bool
tls_load_ciphers(SSL_CTX *ctx, const char *list, struct buf *why)
{
	struct span rest = span_of(list), word;
	struct buf  suites, others;
	bool        good;

	buf_init(&suites, CIPHERS_MAX);
	buf_init(&others, CIPHERS_MAX);
	while (span_cut(&rest, ':', &word)) {
		struct buf *to = is_suite(word) ? &suites : &others;

		buf_str(to, to->n > 0 ? ":" : "");
		buf_span(to, word);
	}
	good = (suites.n == 0 || SSL_CTX_set_ciphersuites(ctx, buf_cstr(&suites)) == 1) &&
	    (others.n == 0 || SSL_CTX_set_cipher_list(ctx, buf_cstr(&others)) == 1);
	if (!good)
		load_failed("cipher list", list, why);
	buf_done(&suites);
	buf_done(&others);
	return good;
}

int64_t
tls_time_s(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	ASN1_TIME_diff(&days, &seconds, epoch, t);
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

int64_t
tls_until_s(const struct tls *t)
{
	const X509 *own = SSL_CTX_get0_certificate(t->ctx);

	return own != NULL ? tls_time_s(X509_get0_notAfter(own)) : 0;
}
