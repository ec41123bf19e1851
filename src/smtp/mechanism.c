#include "smtp/mechanism.h"

#include <string.h>

#include "smtp/bearer.h"

/*
 * The best first, by what a server learns that is not the right one: nothing
 * (EXTERNAL); something to guess at, while it must prove itself, and with a
 * binding nothing that it could use elsewhere (SCRAM, RFC 5802); all.  Between
 * PLAIN and LOGIN fewer round trips decide (RFC 4954 §4).
 *
 * CRAM-MD5 hides the password and proves nothing.  In the clear that is
 * better than PLAIN.  Under TLS it is the last: many servers offer it whose
 * passwords are hashes that it cannot be done with, and they would refuse a
 * right password.
 */
static const struct mechanism mechanisms[] = {
	{ .name = "EXTERNAL", .first = true, .deaf = true, .certificate = true, .answers = 1 },
	{ .name = "SCRAM-SHA-256-PLUS", .first = true, .binds = true, .proves = true, .answers = 3,
	  .hash = HASH_SHA256 },
	{ .name = "SCRAM-SHA-1-PLUS", .first = true, .binds = true, .proves = true, .answers = 3, .hash = HASH_SHA1 },
	{ .name = "SCRAM-SHA-256", .first = true, .proves = true, .answers = 3, .hash = HASH_SHA256 },
	{ .name = "SCRAM-SHA-1", .first = true, .proves = true, .answers = 3, .hash = HASH_SHA1 },
	{ .name = "CRAM-MD5", .answers = 1, .hash = HASH_MD5 },
	{ .name = "PLAIN", .first = true, .deaf = true, .answers = 1 },
	/* Never specified.  The prompts are "Username:" and "Password:" or anything else,
	   and not always base64: only their order can be relied on. */
	{ .name = "LOGIN", .deaf = true, .answers = 2 },
	/* Not by the RFC, but what the services were built for and all of them have. */
	{ .name = "XOAUTH2", .first = true, .answers = 2, .put = bearer_put_xoauth2, .refused = "" },
	{ .name = "OAUTHBEARER", .first = true, .answers = 2, .put = bearer_put_oauthbearer,
	  .refused = "AQ==" },          /* RFC 7628 §3.2.3 */
};

#define NMECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

static bool
has_word(const char *list, const char *word)
{
	struct span rest = span_of(list), w;

	while (span_cut(&rest, ' ', &w))
		if (span_ieq(span_trim(w), span_of(word)))
			return true;
	return false;
}

static bool
is_allowed(const struct mechanism *m, const struct sasl_identity *id)
{
	return id->allowed == NULL || id->allowed[0] == '\0' || has_word(id->allowed, m->name);
}

/* A token goes to no mechanism of passwords, and a password to none of tokens. */
static bool
is_for(const struct mechanism *m, const struct sasl_identity *id)
{
	if (m->certificate)
		return id->certificate;
	if (id->user == NULL || id->secret.p == NULL)
		return false;
	return (m->put != NULL) == id->token;
}

/*
 * Who can talk us out of a binding is the one whom it would find out, so
 * behind one that did not work comes only another.
 */
static bool
was_tried(const struct mechanism *m, const struct sasl_identity *id)
{
	if (id->tried == NULL)
		return false;
	for (size_t i = 0; i < NMECHANISMS; i++)
		if (mechanisms[i].binds && !m->binds && has_word(id->tried, mechanisms[i].name))
			return true;
	return has_word(id->tried, m->name);
}

/* Also what hides the password gives away enough to guess a weak one. */
static bool
is_safe(const struct sasl_identity *id)
{
	return id->tls || id->plain_ok;
}

static bool
is_last(const struct mechanism *m, const struct sasl_identity *id)
{
	return id->tls && strcmp(m->name, "CRAM-MD5") == 0;
}

static bool
is_possible(const struct mechanism *m, const char *offered, const struct sasl_identity *id)
{
	return is_for(m, id) && has_word(offered, m->name) && is_allowed(m, id) && is_safe(id) &&
	    (!m->binds || id->binding.n > 0) && !was_tried(m, id);
}

const struct mechanism *
mechanism_choose(const char *offered, const struct sasl_identity *id)
{
	const struct mechanism *last = NULL;

	for (size_t i = 0; i < NMECHANISMS; i++) {
		const struct mechanism *m = &mechanisms[i];

		if (!is_possible(m, offered, id))
			continue;
		if (!is_last(m, id))
			return m;
		last = m;
	}
	return last;
}

bool
mechanism_offers_binding(const char *offered)
{
	for (size_t i = 0; i < NMECHANISMS; i++)
		if (mechanisms[i].binds && has_word(offered, mechanisms[i].name))
			return true;
	return false;
}

static const char *
usable_with(const struct sasl_identity *id)
{
	if (id->token)
		return "an OAuth token can be used with XOAUTH2 or OAUTHBEARER";
	if (id->secret.p == NULL)
		return "a client certificate can be used with EXTERNAL";
	return "a password can be used with SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN or CRAM-MD5";
}

void
mechanism_explain(const char *offered, const struct sasl_identity *id, struct buf *why)
{
	bool ours = false, allowed = false;

	for (size_t i = 0; i < NMECHANISMS; i++) {
		const struct mechanism *m = &mechanisms[i];

		if (!is_for(m, id) || !has_word(offered, m->name))
			continue;
		ours = true;
		allowed = allowed || is_allowed(m, id);
	}
	if (id->tried != NULL && id->tried[0] != '\0')
		buf_printf(why, "no way to log in is left: the server offers %.256s, and does not do %.256s "
		    "as its standard says", offered, id->tried);
	else if (span_trim(span_of(offered)).n == 0)
		buf_str(why, "the server offers no authentication");
	else if (allowed && !is_safe(id))
		buf_printf(why, "the connection is not encrypted, and a %s is "
		    "never sent without TLS (the server offers %.256s)", id->token ? "token" : "password", offered);
	else if (allowed)
		buf_printf(why, "the server offers only %.256s of what is allowed, and this connection has "
		    "nothing that a login could be bound to; use TLS 1.3, or allow more with auth", offered);
	else if (ours)
		buf_printf(why, "the server offers only %.256s, the configuration "
		    "allows only %.256s", offered, id->allowed);
	else
		buf_printf(why, "the server offers only %.256s; %s", offered, usable_with(id));
}
