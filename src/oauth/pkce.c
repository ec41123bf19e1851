#include "oauth/pkce.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "base/base64.h"

void
pkce_random(struct buf *b)
{
	unsigned char raw[32];

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		abort();                /* a guessable verifier is worse than none */
	base64_put_url(b, (struct span){ (const char *)raw, sizeof(raw) });
	OPENSSL_cleanse(raw, sizeof(raw));
}

void
pkce_challenge(struct buf *b, struct span verifier)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)verifier.p, verifier.n, digest);
	base64_put_url(b, (struct span){ (const char *)digest, sizeof(digest) });
}

bool
pkce_same(struct span a, struct span b)
{
	return a.n == b.n && a.n > 0 && CRYPTO_memcmp(a.p, b.p, a.n) == 0;
}
