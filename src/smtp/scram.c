#include "smtp/scram.h"

#include <sys/random.h>

#include <errno.h>
#include <gsasl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "smtp/hash.h"
#include "smtp/limits.h"
#include "smtp/prep.h"

#define PREFIX   "{" SCRAM_MECHANISM "}"
#define SALT_NEW 16

struct scram {
	Gsasl         *library;
	Gsasl_session *session;
	scram_find    *find;
	void          *arg;
	bool           known;           /* keys are a user's */
	bool           proved;          /* one empty message, and he is in */
};

/* ---- keys ---- */

static int
decode(struct span text, size_t max, size_t min, unsigned char *to, size_t *ret_n)
{
	struct buf b;
	int        r;

	buf_init(&b, max);
	r = base64_get(text, &b);
	if (r == 0 && (b.over || b.n < min))
		r = -EINVAL;
	if (r == 0) {
		memcpy(to, b.p, b.n);
		*ret_n = b.n;
	}
	buf_wipe(&b);
	return r < 0 ? -EINVAL : 0;
}

int
scram_parse(struct span text, struct scram_keys *ret)
{
	struct scram_keys k = { 0 };
	struct span       rest = text, part[4];
	uint64_t          n;
	size_t            len;

	if (!span_istarts(text, SPAN(PREFIX)))
		return -EINVAL;
	rest.p += sizeof(PREFIX) - 1;
	rest.n -= sizeof(PREFIX) - 1;
	for (int i = 0; i < 4; i++)
		if (!span_cut(&rest, ',', &part[i]))
			return -EINVAL;
	if (rest.n > 0 || text_number(part[0], SCRAM_MAX_ITERATIONS, &n) < 0 || n == 0 ||
	    decode(part[1], SCRAM_SALT_MAX, 1, k.salt, &k.salt_n) < 0 ||
	    decode(part[2], SCRAM_KEY, SCRAM_KEY, k.stored, &len) < 0 ||
	    decode(part[3], SCRAM_KEY, SCRAM_KEY, k.server, &len) < 0)
		return -EINVAL;
	k.iterations = (unsigned)n;
	*ret = k;
	return 0;
}

static void
put64(struct buf *b, const unsigned char *p, size_t n)
{
	base64_put(b, (struct span){ (const char *)p, n });
}

void
scram_put(struct buf *b, const struct scram_keys *k)
{
	buf_printf(b, PREFIX "%u,", k->iterations);
	put64(b, k->salt, k->salt_n);
	buf_char(b, ',');
	put64(b, k->stored, SCRAM_KEY);
	buf_char(b, ',');
	put64(b, k->server, SCRAM_KEY);
}

/* The password's keys with k's salt and iterations (RFC 5802 §3). */
static int
derive(const struct scram_keys *k, struct span password, unsigned char *ret_stored, unsigned char *ret_server)
{
	unsigned char salted[HASH_MAX], client[HASH_MAX];
	struct span   key = { (const char *)salted, SCRAM_KEY }, salt = { (const char *)k->salt, k->salt_n };
	struct buf    text;
	int           r = -EINVAL;

	buf_init(&text, LIMIT_AUTH_LINE);
	buf_room(&text, LIMIT_AUTH_LINE);
	if (password.n > 0)
		r = prep(password, &text);
	if (r == 0)
		r = hash_salted(HASH_SHA256, buf_view(&text), salt, k->iterations, salted);
	if (r == 0)
		r = hash_mac(HASH_SHA256, key, SPAN("Client Key"), client);
	if (r == 0)
		r = hash_of(HASH_SHA256, (struct span){ (const char *)client, SCRAM_KEY }, ret_stored);
	if (r == 0)
		r = hash_mac(HASH_SHA256, key, SPAN("Server Key"), ret_server);
	buf_wipe(&text);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	return r;
}

static int
fill_random(void *p, size_t n)
{
	ssize_t got = getrandom(p, n, 0);

	return got == (ssize_t)n ? 0 : got < 0 ? -errno : -EIO;
}

int
scram_make(struct span password, struct scram_keys *ret)
{
	struct scram_keys k = { .iterations = SCRAM_ITERATIONS, .salt_n = SALT_NEW };
	int               r = fill_random(k.salt, SALT_NEW);

	if (r == 0)
		r = derive(&k, password, k.stored, k.server);
	if (r == 0)
		*ret = k;
	explicit_bzero(&k, sizeof(k));
	return r;
}

bool
scram_fits(const struct scram_keys *k, struct span password)
{
	unsigned char stored[SCRAM_KEY], server[SCRAM_KEY];
	bool          yes = derive(k, password, stored, server) == 0 &&
	    hash_same(stored, k->stored, SCRAM_KEY) && hash_same(server, k->server, SCRAM_KEY);

	explicit_bzero(stored, sizeof(stored));
	explicit_bzero(server, sizeof(server));
	return yes;
}

/* A hash of the name and of what nobody knows. */
void
scram_pretend(struct span user, struct scram_keys *ret)
{
	static unsigned char secret[SCRAM_KEY];
	static bool          have;
	unsigned char        mac[HASH_MAX];

	if (!have)
		have = fill_random(secret, sizeof(secret)) == 0;
	*ret = (struct scram_keys){ .iterations = SCRAM_ITERATIONS, .salt_n = SALT_NEW };
	if (hash_mac(HASH_SHA256, (struct span){ (const char *)secret, sizeof(secret) }, user, mac) == 0)
		memcpy(ret->salt, mac, SALT_NEW);
	(void)!fill_random(ret->stored, SCRAM_KEY);
	(void)!fill_random(ret->server, SCRAM_KEY);
}

/* ---- the exchange ---- */

static int
give(Gsasl_session *session, Gsasl_property prop, const unsigned char *p, size_t n)
{
	struct buf b;

	buf_init(&b, 256);
	put64(&b, p, n);
	gsasl_property_set(session, prop, buf_cstr(&b));
	buf_wipe(&b);
	return GSASL_OK;
}

/* All four at the first question: the library asks for one after the other. */
static int
give_keys(struct scram *s, Gsasl_session *session)
{
	const char       *user = gsasl_property_fast(session, GSASL_AUTHID);
	struct scram_keys k;
	char              number[16];

	if (user == NULL)
		return GSASL_NO_CALLBACK;
	s->known = s->find(s->arg, span_of(user), &k);
	if (!s->known)
		scram_pretend(span_of(user), &k);
	snprintf(number, sizeof(number), "%u", k.iterations);
	gsasl_property_set(session, GSASL_SCRAM_ITER, number);
	give(session, GSASL_SCRAM_SALT, k.salt, k.salt_n);
	give(session, GSASL_SCRAM_STOREDKEY, k.stored, SCRAM_KEY);
	give(session, GSASL_SCRAM_SERVERKEY, k.server, SCRAM_KEY);
	explicit_bzero(&k, sizeof(k));
	return GSASL_OK;
}

static int
on_question(Gsasl *library, Gsasl_session *session, Gsasl_property prop)
{
	(void)library;
	switch (prop) {
	case GSASL_SCRAM_ITER:
	case GSASL_SCRAM_SALT:
	case GSASL_SCRAM_STOREDKEY:
	case GSASL_SCRAM_SERVERKEY:
		return give_keys(gsasl_session_hook_get(session), session);
	default:
		return GSASL_NO_CALLBACK;
	}
}

struct scram *
scram_new(scram_find *find, void *arg)
{
	struct scram *s = xcalloc(1, sizeof(*s));

	s->find = find;
	s->arg = arg;
	if (gsasl_init(&s->library) == GSASL_OK) {
		gsasl_callback_set(s->library, on_question);
		if (gsasl_server_start(s->library, SCRAM_MECHANISM, &s->session) == GSASL_OK) {
			gsasl_session_hook_set(s->session, s);
			return s;
		}
		s->session = NULL;
	}
	scram_free(s);
	return NULL;
}

const char *
scram_user(const struct scram *s)
{
	const char *user = gsasl_property_fast(s->session, GSASL_AUTHID);

	return user != NULL ? user : "";
}

/* Somebody else's name beside one's own is refused: there is nobody to act as. */
static bool
acts_as_itself(const struct scram *s)
{
	const char *other = gsasl_property_fast(s->session, GSASL_AUTHZID);

	return other == NULL || other[0] == '\0' || strcmp(other, scram_user(s)) == 0;
}

enum scram_step
scram_take(struct scram *s, struct span message, struct buf *ret)
{
	char  *out = NULL;
	size_t n = 0;
	int    r;

	if (s->proved)
		return message.n == 0 ? SCRAM_IN : SCRAM_REFUSED;
	r = gsasl_step(s->session, message.p != NULL ? message.p : "", message.n, &out, &n);
	if (r == GSASL_OK && (!s->known || !acts_as_itself(s)))
		r = GSASL_AUTHENTICATION_ERROR;
	s->proved = r == GSASL_OK;
	if (r == GSASL_OK || r == GSASL_NEEDS_MORE)
		buf_add(ret, out, n);
	gsasl_free(out);
	return (r == GSASL_OK || r == GSASL_NEEDS_MORE) && !ret->over ? SCRAM_MORE : SCRAM_REFUSED;
}

void
scram_free(struct scram *s)
{
	if (s == NULL)
		return;
	if (s->session != NULL)
		gsasl_finish(s->session);
	if (s->library != NULL)
		gsasl_done(s->library);
	free(s);
}
