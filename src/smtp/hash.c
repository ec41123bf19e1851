#include "smtp/hash.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const EVP_MD *
digest(enum hash h)
{
	switch (h) {
	case HASH_MD5:    return EVP_md5();
	case HASH_SHA1:   return EVP_sha1();
	case HASH_SHA256: return EVP_sha256();
	case HASH_NONE:   break;
	}
	return NULL;
}

/* What it has to say is nobody's to find at the next handshake. */
static int
done(bool ok)
{
	if (!ok)
		ERR_clear_error();
	return ok ? 0 : -ENOTSUP;
}

size_t
hash_size(enum hash h)
{
	return (size_t)EVP_MD_get_size(digest(h));
}

int
hash_of(enum hash h, struct span text, unsigned char *ret)
{
	return done(EVP_Digest(text.p, text.n, ret, NULL, digest(h), NULL) == 1);
}

int
hash_mac(enum hash h, struct span key, struct span text, unsigned char *ret)
{
	return done(HMAC(digest(h), key.p, (int)key.n, (const unsigned char *)text.p, text.n, ret, NULL) != NULL);
}

int
hash_salted(enum hash h, struct span password, struct span salt, unsigned iterations, unsigned char *ret)
{
	return done(PKCS5_PBKDF2_HMAC(password.p, (int)password.n, (const unsigned char *)salt.p, (int)salt.n,
	    (int)iterations, digest(h), (int)hash_size(h), ret) == 1);
}

bool
hash_same(const unsigned char *a, const unsigned char *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
