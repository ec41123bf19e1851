#include "smtp/scram_client.h"

#include <sys/random.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "smtp/limits.h"
#include "smtp/prep.h"
#include "smtp/sasl.h"

#define NONCE_BYTES 18          /* 144 bits, and no "=" at the end of its base64 */

struct scram_client {
	enum hash     hash;
	struct buf    password;         /* prepared */
	struct buf    bound;            /* gs2-header, then what the binding is to */
	size_t        header_n;
	struct buf    bare;             /* the first message behind its header */
	struct buf    nonce;
	bool          answered;
	unsigned char expected[HASH_MAX];       /* ServerSignature */
};

/* Of one password, from the salted one (RFC 5802 §3). */
struct keys {
	unsigned char salted[HASH_MAX], client[HASH_MAX], stored[HASH_MAX], server[HASH_MAX];
};

/* What the server says first. */
struct asked {
	struct span nonce;
	struct buf  salt;
	unsigned    iterations;
};

/* ---- the first message ---- */

/* saslname: a comma would begin the next field. */
static int
put_name(struct buf *b, const char *user)
{
	struct buf name;
	int        r;

	buf_init(&name, LIMIT_COMMAND);
	r = prep(span_of(user), &name);
	for (size_t i = 0; r == 0 && i < name.n; i++) {
		if (name.p[i] == ',')
			buf_str(b, "=2C");
		else if (name.p[i] == '=')
			buf_str(b, "=3D");
		else
			buf_char(b, name.p[i]);
	}
	buf_done(&name);
	return r;
}

static int
make_nonce(struct buf *b)
{
	char    random[NONCE_BYTES];
	ssize_t n = getrandom(random, sizeof(random), 0);

	if (n != (ssize_t)sizeof(random))
		return n < 0 ? -errno : -EIO;
	base64_put(b, (struct span){ random, sizeof(random) });
	return 0;
}

static void
put_header(struct scram_client *s, const struct scram_params *p)
{
	if (p->flag == SCRAM_BOUND)
		buf_printf(&s->bound, "p=%s,,", p->binding_name);
	else
		buf_printf(&s->bound, "%c,,", p->flag);
	s->header_n = s->bound.n;
	if (p->flag == SCRAM_BOUND)
		buf_span(&s->bound, p->binding);
}

static int
begin(struct scram_client *s, const struct scram_params *p)
{
	int r;

	put_header(s, p);
	if (p->nonce != NULL)
		buf_str(&s->nonce, p->nonce);
	else if ((r = make_nonce(&s->nonce)) < 0)
		return r;
	buf_str(&s->bare, "n=");
	r = put_name(&s->bare, p->user);
	buf_printf(&s->bare, ",r=%s", buf_cstr(&s->nonce));
	if (r == 0)
		r = prep(p->password, &s->password);
	return r == 0 && (s->bare.over || s->bound.over || s->nonce.over) ? -EINVAL : r;
}

int
scram_client_new(const struct scram_params *p, struct scram_client **ret)
{
	struct scram_client *s = xcalloc(1, sizeof(*s));
	int                  r;

	s->hash = p->hash;
	buf_init(&s->password, LIMIT_AUTH_LINE);
	buf_room(&s->password, LIMIT_AUTH_LINE);        /* growth would leave copies behind */
	buf_init(&s->bound, LIMIT_COMMAND);
	buf_init(&s->bare, 2 * LIMIT_COMMAND);
	buf_init(&s->nonce, LIMIT_COMMAND);
	r = begin(s, p);
	if (r < 0)
		scram_client_free(s);
	else
		*ret = s;
	return r;
}

void
scram_client_first(const struct scram_client *s, struct buf *ret)
{
	buf_add(ret, s->bound.p, s->header_n);
	buf_span(ret, buf_view(&s->bare));
}

/* ---- the final message ---- */

/* The value of an attribute that must come now. */
static bool
take(struct span *rest, const char *name, struct span *ret)
{
	struct span part;

	if (!span_cut(rest, ',', &part) || !span_starts(part, span_of(name)))
		return false;
	*ret = (struct span){ part.p + 2, part.n - 2 };
	return true;
}

/* What follows the three is an extension that may be passed over (§5.1). */
static int
parse(const struct scram_client *s, struct span challenge, struct asked *ret)
{
	struct span rest = challenge, salt, times;
	uint64_t    n;

	if (!take(&rest, "r=", &ret->nonce) || !take(&rest, "s=", &salt) || !take(&rest, "i=", &times))
		return -EINVAL;
	/* Ours, and something of the server's own. */
	if (!span_starts(ret->nonce, buf_view(&s->nonce)) || ret->nonce.n == s->nonce.n)
		return -EINVAL;
	if (base64_get(salt, &ret->salt) < 0 || ret->salt.n == 0)
		return -EINVAL;
	if (text_number(times, SASL_MAX_ITERATIONS, &n) < 0 || n == 0)
		return -EINVAL;
	ret->iterations = (unsigned)n;
	return 0;
}

static struct span
key(const unsigned char *k, enum hash h)
{
	return (struct span){ (const char *)k, hash_size(h) };
}

static int
make_keys(const struct scram_client *s, const struct asked *a, struct keys *ret)
{
	int r = hash_salted(s->hash, buf_view(&s->password), buf_view(&a->salt), a->iterations, ret->salted);

	if (r == 0)
		r = hash_mac(s->hash, key(ret->salted, s->hash), SPAN("Client Key"), ret->client);
	if (r == 0)
		r = hash_of(s->hash, key(ret->client, s->hash), ret->stored);
	if (r == 0)
		r = hash_mac(s->hash, key(ret->salted, s->hash), SPAN("Server Key"), ret->server);
	return r;
}

/* Append ",p=" and the proof to what it is a proof of; and know what the server's must be. */
static int
prove(struct scram_client *s, const struct asked *a, struct span message, struct buf *ret)
{
	unsigned char signature[HASH_MAX];
	struct keys   k;
	int           r = make_keys(s, a, &k);

	if (r == 0)
		r = hash_mac(s->hash, key(k.stored, s->hash), message, signature);
	if (r == 0)
		r = hash_mac(s->hash, key(k.server, s->hash), message, s->expected);
	if (r == 0) {
		for (size_t i = 0; i < hash_size(s->hash); i++)
			k.client[i] ^= signature[i];
		buf_str(ret, ",p=");
		base64_put(ret, key(k.client, s->hash));
	}
	explicit_bzero(&k, sizeof(k));
	explicit_bzero(signature, sizeof(signature));
	return r;
}

static int
answer(struct scram_client *s, const struct asked *a, struct span challenge, struct buf *ret)
{
	struct buf message;             /* AuthMessage */
	size_t     from = ret->n;
	int        r;

	buf_str(ret, "c=");
	base64_put(ret, buf_view(&s->bound));
	buf_str(ret, ",r=");
	buf_span(ret, a->nonce);
	buf_init(&message, 3 * LIMIT_AUTH_LINE);
	buf_span(&message, buf_view(&s->bare));
	buf_char(&message, ',');
	buf_span(&message, challenge);
	buf_char(&message, ',');
	if (!ret->over)
		buf_add(&message, ret->p + from, ret->n - from);
	r = ret->over || message.over ? -EINVAL : prove(s, a, buf_view(&message), ret);
	buf_done(&message);
	return r == 0 && ret->over ? -EINVAL : r;
}

int
scram_client_final(struct scram_client *s, struct span challenge, struct buf *ret)
{
	struct asked a = { .iterations = 0 };
	int          r;

	buf_init(&a.salt, LIMIT_COMMAND);
	r = parse(s, challenge, &a);
	if (r == 0)
		r = answer(s, &a, challenge, ret);
	buf_done(&a.salt);
	buf_wipe(&s->password);
	s->answered = r == 0;
	return r;
}

/* ---- the server's last word ---- */

bool
scram_client_is_proved(const struct scram_client *s, struct span last)
{
	struct span value;
	struct buf  said;
	bool        yes;

	if (!s->answered || !take(&last, "v=", &value))
		return false;
	buf_init(&said, HASH_MAX);
	yes = base64_get(value, &said) == 0 && !said.over && said.n == hash_size(s->hash) &&
	    hash_same((const unsigned char *)said.p, s->expected, said.n);
	buf_done(&said);
	return yes;
}

void
scram_client_free(struct scram_client *s)
{
	if (s == NULL)
		return;
	buf_wipe(&s->password);
	buf_wipe(&s->bound);
	buf_done(&s->bare);
	buf_done(&s->nonce);
	explicit_bzero(s->expected, sizeof(s->expected));
	free(s);
}
