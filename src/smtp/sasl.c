/*
 * sasl.c - one authentication exchange.  libgsasl and bearer.c do the
 * mechanisms; here is which of them, when each may speak, and the wiping.
 */
#include "smtp/sasl.h"

#include <errno.h>
#include <gsasl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "smtp/bearer.h"
#include "smtp/limits.h"

static const struct mech {
	const char *name;
	bool        first;      /* the client begins: an initial response */
	bool        clear;      /* the password itself crosses the wire */
	bool        deaf;       /* what a challenge says does not matter */
	unsigned    answers;    /* how often the client speaks */
	int       (*put)(struct buf *b, const struct bearer *c);        /* for tokens; NULL: libgsasl's */
	const char *refused;    /* for tokens: the answer to the challenge of a refusal */
} mechs[] = {                   /* the best first: fewest round trips (RFC 4954 §4) */
	{ "PLAIN", true,  true, true, 1, NULL, NULL },
	/* Never specified.  The prompts are "Username:" and "Password:" or anything else,
	   and not always base64: only their order can be relied on. */
	{ "LOGIN", false, true, true, 2, NULL, NULL },
	/* Not by the RFC, but what the services were built for and all of them have. */
	{ "XOAUTH2", true, true, false, 2, bearer_put_xoauth2, "" },
	{ "OAUTHBEARER", true, true, false, 2, bearer_put_oauthbearer, "AQ==" },    /* RFC 7628 §3.2.3 */
};

#define NMECHS (sizeof(mechs) / sizeof(mechs[0]))

struct sasl {
	const struct mech *mech;
	Gsasl             *library;
	Gsasl_session     *session;
	char              *out;         /* the last response; as good as the secret */
	unsigned           spoken;
	bool               held;        /* out was too long to go with AUTH, and waits */
	struct buf         message;     /* with a token: the client's, in base64; as good as the secret */
	struct buf         status;
};

#define STATUS_MAX 64

static bool
has_word(struct span list, struct span word)
{
	struct span w;

	while (span_cut(&list, ' ', &w))
		if (span_ieq(span_trim(w), word))
			return true;
	return false;
}

static bool
is_allowed(const char *allowed, const struct mech *m)
{
	return allowed == NULL || allowed[0] == '\0' ||
	    has_word(span_of(allowed), span_of(m->name));
}

/* A token goes to no mechanism of passwords, and a password to none of tokens. */
static bool
is_for(const struct mech *m, const struct sasl_identity *id)
{
	return (m->put != NULL) == id->token;
}

static const struct mech *
choose(Gsasl *library, const char *offered, const struct sasl_identity *id)
{
	size_t i;

	for (i = 0; i < NMECHS; i++) {
		const struct mech *m = &mechs[i];

		if (is_for(m, id) && has_word(span_of(offered), span_of(m->name)) &&
		    is_allowed(id->allowed, m) && (!m->clear || id->tls || id->plain_ok) &&
		    (m->put != NULL || gsasl_client_support_p(library, m->name)))
			return m;
	}
	return NULL;
}

/* One exchange is begun at a time, and the caller quotes this at once: it may be static. */
static const char *
explain(const char *offered, const struct sasl_identity *id)
{
	static char why[1024];
	bool ours = false, allowed = false;
	size_t i;

	for (i = 0; i < NMECHS; i++) {
		if (!is_for(&mechs[i], id) || !has_word(span_of(offered), span_of(mechs[i].name)))
			continue;
		ours = true;
		allowed = allowed || is_allowed(id->allowed, &mechs[i]);
	}
	if (span_trim(span_of(offered)).n == 0)
		snprintf(why, sizeof(why), "the server offers no authentication");
	else if (allowed && !id->tls && !id->plain_ok)
		snprintf(why, sizeof(why), "the connection is not encrypted, and a %s is "
		    "never sent without TLS (the server offers %.256s)",
		    id->token ? "token" : "password", offered);
	else if (ours && !allowed)
		snprintf(why, sizeof(why), "the server offers only %.256s, the configuration "
		    "allows only %.256s", offered, id->allowed);
	else
		snprintf(why, sizeof(why), "the server offers only %.256s; "
		    "%s", offered, id->token ? "an OAuth token can be used with XOAUTH2 or OAUTHBEARER" :
		    "a password can be used with PLAIN or LOGIN");
	return why;
}

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
}

static int
give_identity(struct sasl *s, const struct sasl_identity *id)
{
	char *secret = span_dup(id->secret);
	const char *kept;

	gsasl_property_set(s->session, GSASL_AUTHID, id->user);
	gsasl_property_set(s->session, GSASL_PASSWORD, secret);
	wipe(secret);
	free(secret);
	/* Its return value says so only since 2.0; what it kept says it always. */
	kept = gsasl_property_fast(s->session, GSASL_PASSWORD);
	return kept != NULL && gsasl_property_fast(s->session, GSASL_AUTHID) != NULL ? 0 : -ENOMEM;
}

static int
give_token(struct sasl *s, const struct sasl_identity *id, const char **ret_why)
{
	struct bearer c = { .user = id->user, .token = id->secret, .host = id->host, .port = id->port };
	struct buf clear;
	int r;

	buf_init(&clear, LIMIT_AUTH_LINE);
	buf_room(&clear, LIMIT_AUTH_LINE);      /* growth would leave copies behind */
	buf_room(&s->message, LIMIT_AUTH_LINE);
	r = s->mech->put(&clear, &c);
	base64_put(&s->message, buf_view(&clear));
	if (r == 0 && (clear.over || s->message.over))
		r = -EINVAL;
	buf_wipe(&clear);
	if (r < 0)
		*ret_why = "the user or the OAuth token holds a byte that a login cannot carry, or is too long";
	return r;
}

static int
begin(struct sasl *s, const char *offered, const struct sasl_identity *id, const char **ret_why)
{
	*ret_why = "the SASL library does not start";
	if (gsasl_init(&s->library) != GSASL_OK)
		return -ENOMEM;
	s->mech = choose(s->library, offered, id);
	if (s->mech == NULL) {
		*ret_why = explain(offered, id);
		return -ENOENT;
	}
	if (s->mech->put != NULL)
		return give_token(s, id, ret_why);
	if (gsasl_client_start(s->library, s->mech->name, &s->session) != GSASL_OK)
		return -ENOMEM;
	return give_identity(s, id);
}

int
sasl_start(const char *offered, const struct sasl_identity *id, struct sasl **ret,
    const char **ret_why)
{
	struct sasl *s;
	int rc;

	if (id->secret.n > 0 && memchr(id->secret.p, '\0', id->secret.n) != NULL) {
		*ret_why = "the password holds a NUL byte";
		return -EINVAL;
	}
	s = xcalloc(1, sizeof(*s));
	buf_init(&s->message, LIMIT_AUTH_LINE);
	buf_init(&s->status, STATUS_MAX);
	rc = begin(s, offered, id, ret_why);
	if (rc < 0)
		sasl_free(s);
	else
		*ret = s;
	return rc;
}

const char *
sasl_mechanism(const struct sasl *s)
{
	return s->mech->name;
}

static void
drop_out(struct sasl *s)
{
	wipe(s->out);
	gsasl_free(s->out);
	s->out = NULL;
}

/* The token is said once; whatever is asked behind it is the refusal, with its reason. */
static const char *
speak_token(struct sasl *s, struct span challenge)
{
	struct buf json;

	if (s->spoken == s->mech->answers)
		return NULL;
	if (s->spoken++ == 0)
		return buf_cstr(&s->message);
	buf_init(&json, LIMIT_REPLY_BYTES);
	if (base64_get(span_trim(challenge), &json) == 0)
		bearer_status(buf_view(&json), &s->status);
	buf_done(&json);
	return s->mech->refused;
}

/* A server that asks more often than the mechanism has answers would go on for ever. */
static const char *
speak(struct sasl *s, const char *challenge)
{
	int rc;

	drop_out(s);
	if (s->spoken == s->mech->answers)
		return NULL;
	s->spoken++;
	rc = gsasl_step64(s->session, challenge, &s->out);
	if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE)
		return s->out != NULL ? s->out : "";
	s->out = NULL;
	return NULL;
}

const char *
sasl_initial(struct sasl *s)
{
	const char *r;

	if (!s->mech->first || s->spoken > 0)
		return NULL;
	r = s->mech->put != NULL ? speak_token(s, SPAN("")) : speak(s, "");
	if (r == NULL)
		return NULL;
	/* "AUTH ", a blank, the line end. */
	s->held = strlen(s->mech->name) + strlen(r) + 8 > LIMIT_AUTH_INITIAL;
	if (s->held)
		return NULL;
	return r[0] != '\0' ? r : "=";
}

const char *
sasl_answer(struct sasl *s, struct span challenge)
{
	char *text;
	const char *r;

	if (s->held) {
		s->held = false;
		return s->mech->put != NULL ? buf_cstr(&s->message) : s->out;
	}
	if (s->mech->put != NULL)
		return speak_token(s, challenge);
	if (s->mech->deaf)
		return speak(s, "");
	text = span_dup(span_trim(challenge));
	r = speak(s, text);
	free(text);
	return r;
}

const char *
sasl_status(const struct sasl *s)
{
	return s->status.n > 0 ? buf_cstr(&s->status) : NULL;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	drop_out(s);
	buf_wipe(&s->message);
	buf_done(&s->status);
	if (s->session != NULL) {
		/* The library frees its copy as it stands; the const is its promise, not ours. */
		wipe((char *)(uintptr_t)gsasl_property_fast(s->session, GSASL_PASSWORD));
		gsasl_finish(s->session);
	}
	if (s->library != NULL)
		gsasl_done(s->library);
	free(s);
}
