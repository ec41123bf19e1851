/*
 * sasl.h - one authentication exchange, over libgsasl and, for OAuth tokens,
 * smtp/bearer.  Knows mechanisms and base64; knows no sockets.  The secret is wiped when the exchange ends and
 * never passes through a log.
 */
#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include <stdbool.h>

#include "base/buf.h"

struct sasl;

/* What the account has.  Borrowed for the call. */
struct sasl_identity {
	const char *user;
	struct span secret;
	const char *allowed;    /* by the configuration, blanks between; NULL or "": all we do */
	bool        tls;        /* a password never goes without (unless plain_ok) */
	bool        plain_ok;   /* loopback or insecure = true: said by the configuration */
	bool        token;      /* secret is an OAuth token: XOAUTH2 or OAUTHBEARER, and nothing else */
	const char *host;       /* with a token: the server, as configured */
	unsigned    port;
};

/*
 * Choose the best mechanism of `offered` (upper case, blanks between).
 * 0; -ENOENT: none in common, *ret_why says what was missing; -EINVAL: user
 * or secret holds a byte that the mechanism cannot carry; -ENOMEM: the library
 * would not start.  *ret_why is valid until the next call.
 */
int  sasl_start(const char *offered, const struct sasl_identity *id, struct sasl **ret,
    const char **ret_why);
const char *sasl_mechanism(const struct sasl *s);

/*
 * The initial response in base64 ("=" when empty), valid until the next
 * call.  NULL: send the AUTH line without one; the mechanism begins with the
 * server, or the line would pass LIMIT_AUTH_INITIAL (RFC 4954 §4), and then
 * sasl_answer() has it for the empty challenge.
 */
const char *sasl_initial(struct sasl *s);

/* Answer a 334 challenge (its base64 text); valid until the next call.  NULL: none, send "*". */
const char *sasl_answer(struct sasl *s, struct span challenge);

/*
 * What the server gave as the reason in its challenge after a token that it
 * refuses ("401", "invalid_token"); NULL: nothing so far.  The words of the
 * reply that follows are the same for every reason.
 */
const char *sasl_status(const struct sasl *s);

void sasl_free(struct sasl *s);         /* wipes; NULL is fine */

#endif
