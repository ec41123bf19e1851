/*
 * mechanism.h - the SASL mechanisms that are done here, in the order of
 * preference, and which of them an account and a server have in common.
 * Knows names; knows no messages.
 */
#ifndef SMTP_MECHANISM_H
#define SMTP_MECHANISM_H

#include <stdbool.h>

#include "base/buf.h"
#include "smtp/hash.h"
#include "smtp/sasl.h"

struct bearer;

struct mechanism {
	const char *name;
	bool        first;      /* the client begins: an initial response */
	bool        deaf;       /* what a challenge says does not matter */
	bool        binds;      /* to the TLS connection (RFC 5929, RFC 9266) */
	bool        proves;     /* the server, too, shows that it knows the password */
	enum hash   hash;       /* what SCRAM and CRAM count with; NONE: the message is libgsasl's, or put()'s */
	bool        certificate;/* TLS said who we are; no password */
	unsigned    answers;    /* how often the client speaks */
	int       (*put)(struct buf *b, const struct bearer *c);        /* for tokens */
	const char *refused;    /* for tokens: the answer to the challenge of a refusal */
};

/* The best of `offered` (blanks between) that the account can do, is allowed, and was not tried. */
const struct mechanism *mechanism_choose(const char *offered, const struct sasl_identity *id);

/* Has it one that binds to the TLS connection? */
bool mechanism_offers_binding(const char *offered);

/* Why there is none: one line, appended. */
void mechanism_explain(const char *offered, const struct sasl_identity *id, struct buf *why);

#endif
