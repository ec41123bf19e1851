/*
 * sasl.c - one authentication exchange.  libgsasl and bearer.c do the
 * mechanisms; here is when each may speak, and the wiping.
 */
#include "smtp/sasl.h"

#include <errno.h>
#include <gsasl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "smtp/bearer.h"
#include "smtp/limits.h"
#include "smtp/mechanism.h"

struct sasl {
	const struct mechanism *mech;
	Gsasl                  *library;
	Gsasl_session          *session;
	unsigned                spoken;
	bool                    held;           /* message was too long to go with AUTH, and waits */
	bool                    finished;       /* the library says that all is well */
	bool                    forged, useless;
	struct buf              message;        /* the client's last, in base64; as good as the secret */
	struct buf              status;
};

#define STATUS_MAX 64
#define WHY_MAX    1024

#if GSASL_VERSION_NUMBER < 0x020000
#define OLD_LIBRARY 1                   /* 1.10: binds to tls-unique alone */
#define GSASL_CB_TLS_EXPORTER GSASL_CB_TLS_UNIQUE
#else
#define OLD_LIBRARY 0
#endif

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
}

static void
give_binding(struct sasl *s, const struct sasl_identity *id)
{
	struct buf text;

	buf_init(&text, LIMIT_COMMAND);
	base64_put(&text, id->binding);
	gsasl_property_set(s->session, id->unique ? GSASL_CB_TLS_UNIQUE : GSASL_CB_TLS_EXPORTER, buf_cstr(&text));
	buf_done(&text);
}

static int
give_password(struct sasl *s, const struct sasl_identity *id)
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
give_identity(struct sasl *s, const struct sasl_identity *id)
{
	if (s->mech->certificate) {
		gsasl_property_set(s->session, GSASL_AUTHZID, id->user != NULL ? id->user : "");
		return 0;
	}
	if (s->mech->binds)
		give_binding(s, id);
	return give_password(s, id);
}

static int
give_token(struct sasl *s, const struct sasl_identity *id, const char **ret_why)
{
	struct bearer c = { .user = id->user, .token = id->secret, .host = id->host, .port = id->port };
	struct buf clear;
	int r;

	buf_init(&clear, LIMIT_AUTH_LINE);
	buf_room(&clear, LIMIT_AUTH_LINE);
	r = s->mech->put(&clear, &c);
	base64_put(&s->message, buf_view(&clear));
	if (r == 0 && (clear.over || s->message.over))
		r = -EINVAL;
	buf_wipe(&clear);
	if (r < 0)
		*ret_why = "the user or the OAuth token holds a byte that a login cannot carry, or is too long";
	return r;
}

/* One exchange is begun at a time, and the caller quotes this at once: it may be static. */
static const char *
explain(const char *offered, const struct sasl_identity *id)
{
	static char text[WHY_MAX + 1];
	struct buf why;

	buf_init(&why, WHY_MAX);
	mechanism_explain(offered, id, &why);
	snprintf(text, sizeof(text), "%s", buf_cstr(&why));
	buf_done(&why);
	return text;
}

static int
begin(struct sasl *s, const char *offered, const struct sasl_identity *id, const char **ret_why)
{
	s->mech = mechanism_choose(offered, id);
	if (s->mech == NULL) {
		*ret_why = explain(offered, id);
		return -ENOENT;
	}
	if (s->mech->put != NULL)
		return give_token(s, id, ret_why);
	*ret_why = "the SASL library does not start";
	if (gsasl_init(&s->library) != GSASL_OK ||
	    gsasl_client_start(s->library, s->mech->name, &s->session) != GSASL_OK)
		return -ENOMEM;
	return give_identity(s, id);
}

int
sasl_start(const char *offered, const struct sasl_identity *id, struct sasl **ret,
    const char **ret_why)
{
	struct sasl_identity i = *id;
	struct sasl *s;
	int rc;

	if (OLD_LIBRARY && !i.unique)
		i.binding = SPAN("");
	if (id->secret.n > 0 && memchr(id->secret.p, '\0', id->secret.n) != NULL) {
		*ret_why = "the password holds a NUL byte";
		return -EINVAL;
	}
	s = xcalloc(1, sizeof(*s));
	buf_init(&s->message, LIMIT_AUTH_LINE);
	buf_room(&s->message, LIMIT_AUTH_LINE); /* growth would leave copies behind */
	buf_init(&s->status, STATUS_MAX);
	rc = begin(s, offered, &i, ret_why);
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

/* The token is said once; whatever is asked behind it is the refusal, with its reason. */
static const char *
speak_token(struct sasl *s, struct span challenge)
{
	if (s->spoken++ == 0)
		return buf_cstr(&s->message);
	bearer_status(challenge, &s->status);
	return s->mech->refused;
}

/* The library parses it again; what it would do for a large one is up to the server. */
static bool
asks_too_much(struct span server_first)
{
	struct span part;
	uint64_t n;

	while (span_cut(&server_first, ',', &part))
		if (span_starts(part, SPAN("i=")) &&
		    text_number((struct span){ part.p + 2, part.n - 2 }, SASL_MAX_ITERATIONS, &n) < 0)
			return true;
	return false;
}

/* "e=": a server's way to say no before it says so (RFC 5802 §7). */
static bool
is_refusal(const struct sasl *s, struct span challenge)
{
	return s->mech->proves && s->spoken == 2 && span_starts(challenge, SPAN("e="));
}

static bool
step(struct sasl *s, struct span challenge)
{
	char *out = NULL;
	size_t n = 0;
	int rc = gsasl_step(s->session, challenge.p != NULL ? challenge.p : "", challenge.n, &out, &n);

	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE) {
		s->forged = s->mech->proves && s->spoken == 3;
		s->useless = !s->forged;
		return false;
	}
	s->finished = rc == GSASL_OK;
	buf_clear(&s->message);
	base64_put(&s->message, (struct span){ out, n });
	if (out != NULL)
		explicit_bzero(out, n);
	gsasl_free(out);
	return !s->message.over;
}

static const char *
speak_library(struct sasl *s, struct span challenge)
{
	if (is_refusal(s, challenge)) {
		text_put_printable(&s->status, (struct span){ challenge.p + 2, challenge.n - 2 });
		s->spoken++;
		return "";
	}
	s->useless = s->mech->proves && s->spoken == 1 && asks_too_much(challenge);
	if (s->useless)
		return NULL;
	s->spoken++;
	return step(s, challenge) ? buf_cstr(&s->message) : NULL;
}

/* A server that asks more often than the mechanism has answers would go on for ever. */
static const char *
speak(struct sasl *s, struct span challenge)
{
	if (s->spoken == s->mech->answers || s->forged || s->useless)
		return NULL;
	return s->mech->put != NULL ? speak_token(s, challenge) : speak_library(s, challenge);
}

const char *
sasl_initial(struct sasl *s)
{
	const char *r;

	if (!s->mech->first || s->spoken > 0)
		return NULL;
	r = speak(s, SPAN(""));
	if (r == NULL)
		return NULL;
	/* "AUTH ", a blank, the line end. */
	s->held = strlen(s->mech->name) + strlen(r) + 8 > LIMIT_AUTH_INITIAL;
	if (s->held)
		return NULL;
	return r[0] != '\0' ? r : "=";
}

/* What begins does not mind what it is asked first; and who asks with nothing has asked nothing. */
const char *
sasl_answer(struct sasl *s, struct span challenge)
{
	bool deaf = s->mech->deaf || (s->mech->first && s->spoken == 0), token = s->mech->put != NULL;
	struct buf clear;
	const char *r = NULL;

	if (s->held) {
		s->held = false;
		return buf_cstr(&s->message);
	}
	if (deaf)
		return speak(s, SPAN(""));
	buf_init(&clear, LIMIT_REPLY_BYTES);
	if ((base64_get(span_trim(challenge), &clear) == 0 && clear.n > 0) || token)
		r = speak(s, buf_view(&clear));
	else
		s->useless = s->spoken < s->mech->answers;
	buf_done(&clear);
	return r;
}

bool
sasl_is_proved(const struct sasl *s)
{
	return !s->mech->proves || s->finished;
}

bool
sasl_is_useless(const struct sasl *s)
{
	return s->useless;
}

bool
sasl_is_forged(const struct sasl *s)
{
	return s->forged;
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
	buf_wipe(&s->message);
	buf_done(&s->status);
	if (s->session != NULL) {
		/* The library frees its copies as they stand; the const is its promise, not ours. */
		wipe((char *)(uintptr_t)gsasl_property_fast(s->session, GSASL_PASSWORD));
		wipe((char *)(uintptr_t)gsasl_property_fast(s->session, GSASL_SCRAM_SALTED_PASSWORD));
		gsasl_finish(s->session);
	}
	if (s->library != NULL)
		gsasl_done(s->library);
	free(s);
}
