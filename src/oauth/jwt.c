#include "oauth/jwt.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "oauth/json.h"

#define LIFE_S         3600
#define PEM_MAX_BYTES  16384
#define NAME_MAX_BYTES 512
#define LEAST_BITS     2048             /* RFC 7518 §3.3 */
#define PART_MAX_BYTES 8192

void
service_key_done(struct service_key *k)
{
	free(k->email);
	free(k->id);
	if (k->pem != NULL)
		explicit_bzero(k->pem, strlen(k->pem));
	free(k->pem);
	free(k->token_uri);
	memset(k, 0, sizeof(*k));
}

int
service_key_parse(struct span json, struct service_key *ret)
{
	struct json *j = json_parse(json);
	struct service_key k = { 0 };

	if (j == NULL)
		return -EINVAL;
	k.email = json_text(j, "client_email", NAME_MAX_BYTES);
	k.id = json_text(j, "private_key_id", NAME_MAX_BYTES);
	k.pem = json_bytes(j, "private_key", PEM_MAX_BYTES);
	k.token_uri = json_text(j, "token_uri", NAME_MAX_BYTES);
	json_done(j);
	if (k.email == NULL || k.pem == NULL) {
		service_key_done(&k);
		return -EINVAL;
	}
	*ret = k;
	return 0;
}

/* A string of JSON (RFC 8259 §7); what comes here is printable ASCII, so two letters need care. */
static void
put_string(struct buf *b, const char *s)
{
	buf_char(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_char(b, '\\');
		buf_char(b, *s);
	}
	buf_char(b, '"');
}

static void
put_member(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, ",\"%s\":", name);
	put_string(b, value);
}

static void
put_head(struct buf *b, const struct service_key *k)
{
	struct buf json;

	buf_init(&json, PART_MAX_BYTES);
	buf_str(&json, "{\"alg\":\"RS256\",\"typ\":\"JWT\"");
	if (k->id != NULL)
		put_member(&json, "kid", k->id);
	buf_char(&json, '}');
	base64_put_url(b, buf_view(&json));
	buf_done(&json);
}

static void
put_claims(struct buf *b, const struct service_key *k, const struct claims *c)
{
	struct buf json;

	buf_init(&json, PART_MAX_BYTES);
	buf_str(&json, "{\"iss\":");
	put_string(&json, k->email);
	put_member(&json, "scope", c->scope);
	put_member(&json, "aud", c->audience);
	if (c->subject != NULL)
		put_member(&json, "sub", c->subject);
	buf_printf(&json, ",\"iat\":%lld,\"exp\":%lld}", (long long)c->now_s, (long long)c->now_s + LIFE_S);
	base64_put_url(b, buf_view(&json));
	buf_done(&json);
}

static EVP_PKEY *
read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)strlen(pem));
	/* A passphrase would be asked for at a terminal: none is the answer. */
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t)"");

	BIO_free(bio);
	return key;
}

static int
sign(struct buf *b, EVP_PKEY *key, struct span text)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[2048];
	size_t n = sizeof(signature);
	int ok = EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
	    EVP_DigestSign(ctx, signature, &n, (const unsigned char *)text.p, text.n) == 1;

	EVP_MD_CTX_free(ctx);
	if (!ok)
		return -EINVAL;
	buf_char(b, '.');
	base64_put_url(b, (struct span){ (const char *)signature, n });
	return 0;
}

int
jwt_sign(struct buf *b, const struct service_key *k, const struct claims *c, struct trouble *t)
{
	EVP_PKEY *key = read_key(k->pem);
	struct buf text;
	int r = 0;

	if (key == NULL || EVP_PKEY_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_bits(key) < LEAST_BITS) {
		EVP_PKEY_free(key);
		return trouble_set(t, TROUBLE_CONFIG, "make a new key for the service account",
		    "private_key is no RSA key of 2048 bits or more");
	}
	buf_init(&text, 4 * PART_MAX_BYTES);
	put_head(&text, k);
	buf_char(&text, '.');
	put_claims(&text, k, c);
	r = sign(&text, key, (struct span){ text.p, text.n });
	EVP_PKEY_free(key);
	buf_span(b, buf_view(&text));
	if (text.over || b->over)
		r = -EMSGSIZE;
	buf_done(&text);
	return r == 0 ? 0 : trouble_set(t, TROUBLE_CONFIG, NULL, "the assertion cannot be signed");
}
