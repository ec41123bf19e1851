/*
 * sasl.c - one authentication exchange.  Others do the mechanisms; here is
 * when each may speak, and the wiping.
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
#include "smtp/cram.h"
#include "smtp/limits.h"
#include "smtp/mechanism.h"
#include "smtp/scram_client.h"

struct sasl {
	const struct mechanism *mech;
	struct scram_client    *scram;
	Gsasl                  *library;
	Gsasl_session          *session;
	unsigned                spoken;
	bool                    held;           /* message was too long to go with AUTH, and waits */
	bool                    proved;         /* the server, that it knows the password */
	bool                    forged, useless;
	struct buf              user, password; /* CRAM's */
	struct buf              message;        /* the client's last, in base64; as good as the secret */
	struct buf              status;
};

#define STATUS_MAX 64
#define WHY_MAX    1024

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
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
	return give_password(s, id);
}

/* CRAM's answer comes when its challenge does. */
static int
keep_password(struct sasl *s, const struct sasl_identity *id)
{
	buf_init(&s->user, LIMIT_COMMAND);
	buf_str(&s->user, id->user);
	buf_init(&s->password, LIMIT_AUTH_LINE);
	buf_room(&s->password, LIMIT_AUTH_LINE);
	buf_span(&s->password, id->secret);
	return s->user.over || s->password.over ? -EINVAL : 0;
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

static enum scram_flag
flag(const struct mechanism *m, const char *offered, const struct sasl_identity *id)
{
	if (m->binds)
		return SCRAM_BOUND;
	return id->binding.n > 0 && !mechanism_offers_binding(offered) ? SCRAM_COULD : SCRAM_CANNOT;
}

static int
begin_scram(struct sasl *s, const char *offered, const struct sasl_identity *id, const char **ret_why)
{
	struct scram_params p = {
		.user = id->user, .password = id->secret, .hash = s->mech->hash, .flag = flag(s->mech, offered, id),
		.binding_name = id->unique ? "tls-unique" : "tls-exporter", .binding = id->binding,
	};
	int r = scram_client_new(&p, &s->scram);

	/* What RFC 4013 forbids in a password may still do for another mechanism. */
	s->useless = r == -EINVAL;
	*ret_why = "no randomness to be had";
	return s->useless ? 0 : r;
}

static int
begin_library(struct sasl *s, const struct sasl_identity *id, const char **ret_why)
{
	*ret_why = "the SASL library does not start";
	if (gsasl_init(&s->library) != GSASL_OK ||
	    gsasl_client_start(s->library, s->mech->name, &s->session) != GSASL_OK)
		return -ENOMEM;
	return give_identity(s, id);
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
	if (s->mech->proves)
		return begin_scram(s, offered, id, ret_why);
	if (s->mech->hash != HASH_NONE)
		return keep_password(s, id);
	return begin_library(s, id, ret_why);
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
	buf_room(&s->message, LIMIT_AUTH_LINE); /* growth would leave copies behind */
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

/* The token is said once; whatever is asked behind it is the refusal, with its reason. */
static const char *
speak_token(struct sasl *s, struct span challenge)
{
	if (s->spoken++ == 0)
		return buf_cstr(&s->message);
	bearer_status(challenge, &s->status);
	return s->mech->refused;
}

/* "e=": a server's way to say no before it says so (RFC 5802 §7; some cannot wait for the proof). */
static bool
is_refusal(const struct sasl *s, struct span challenge)
{
	return s->spoken > 0 && span_starts(challenge, SPAN("e="));
}

static const char *
quote_refusal(struct sasl *s, struct span challenge)
{
	struct span rest = { challenge.p + 2, challenge.n - 2 }, why;

	if (span_cut(&rest, ',', &why))
		text_put_printable(&s->status, why);
	s->spoken = s->mech->answers;
	return "";
}

static const char *
speak_scram(struct sasl *s, struct span challenge, struct buf *clear)
{
	if (is_refusal(s, challenge))
		return quote_refusal(s, challenge);
	switch (s->spoken++) {
	case 0:
		scram_client_first(s->scram, clear);
		break;
	case 1:
		s->useless = scram_client_final(s->scram, challenge, clear) < 0;
		break;
	default:
		s->proved = scram_client_is_proved(s->scram, challenge);
		s->forged = !s->proved;
	}
	base64_put(&s->message, buf_view(clear));
	return s->useless || s->forged || s->message.over ? NULL : buf_cstr(&s->message);
}

static const char *
speak_cram(struct sasl *s, struct span challenge, struct buf *clear)
{
	s->spoken++;
	s->useless = cram_answer(buf_cstr(&s->user), buf_view(&s->password), challenge, clear) < 0 || clear->over;
	base64_put(&s->message, buf_view(clear));
	return s->useless ? NULL : buf_cstr(&s->message);
}

/* What is worked out is nearly as good as the secret: whoever has it can try words on it. */
static const char *
speak_ours(struct sasl *s, struct span challenge)
{
	struct buf clear;
	const char *r;

	buf_init(&clear, LIMIT_AUTH_LINE);
	buf_clear(&s->message);
	r = s->mech->proves ? speak_scram(s, challenge, &clear) : speak_cram(s, challenge, &clear);
	buf_wipe(&clear);
	return r;
}

static const char *
speak_library(struct sasl *s, struct span challenge)
{
	char *out = NULL;
	size_t n = 0;
	int rc = gsasl_step(s->session, challenge.p != NULL ? challenge.p : "", challenge.n, &out, &n);

	s->spoken++;
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE) {
		s->useless = true;
		return NULL;
	}
	buf_clear(&s->message);
	base64_put(&s->message, (struct span){ out, n });
	if (out != NULL)
		explicit_bzero(out, n);
	gsasl_free(out);
	return s->message.over ? NULL : buf_cstr(&s->message);
}

/* A server that asks more often than the mechanism has answers would go on for ever. */
static const char *
speak(struct sasl *s, struct span challenge)
{
	if (s->spoken == s->mech->answers || s->forged || s->useless)
		return NULL;
	if (s->mech->put != NULL)
		return speak_token(s, challenge);
	return s->mech->hash != HASH_NONE ? speak_ours(s, challenge) : speak_library(s, challenge);
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
	return !s->mech->proves || s->proved;
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

bool
sasl_is_bound(const struct sasl *s)
{
	return s->mech->binds;
}

const char *
sasl_status(const struct sasl *s)
{
	return s->status.n > 0 ? buf_cstr(&s->status) : NULL;
}

/* RFC 5802 §7. */
const char *
sasl_is_between(const struct sasl *s)
{
	const char *status = sasl_status(s);

	if (status == NULL || !s->mech->proves)
		return NULL;
	if (strcmp(status, "channel-bindings-dont-match") == 0)
		return "the login is bound to our TLS connection, and the server sees another one: "
		    "somebody stands in between";
	if (strcmp(status, "server-does-support-channel-binding") == 0)
		return "the server has SCRAM with -PLUS, and somebody in between took it out of its list";
	if (strcmp(status, "unsupported-channel-binding-type") == 0)
		return "the server cannot bind a login to this version of TLS: "
		    "leave what ends in -PLUS out of auth, unless somebody stands in between";
	return NULL;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	buf_wipe(&s->message);
	buf_done(&s->status);
	buf_done(&s->user);
	buf_wipe(&s->password);
	scram_client_free(s->scram);
	if (s->session != NULL) {
		/* The library frees its copies as they stand; the const is its promise, not ours. */
		wipe((char *)(uintptr_t)gsasl_property_fast(s->session, GSASL_PASSWORD));
		gsasl_finish(s->session);
	}
	if (s->library != NULL)
		gsasl_done(s->library);
	free(s);
}
