/*
 * sasl.h - one authentication exchange, over libgsasl.  Knows mechanisms and
 * base64; knows no sockets.  The secret is wiped when the exchange ends and
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
	const char *allowed;    /* mechanism names the configuration allows, blanks between; NULL or "": all we do */
	bool        tls;        /* a password never goes without (unless plain_ok) */
	bool        plain_ok;   /* loopback or insecure = true: said by the configuration */
};

/*
 * Choose the best mechanism of `offered` (upper case, blanks between).
 * 0; -ENOENT: none in common, *ret_why (constant) says what was missing.
 */
int  sasl_start(const char *offered, const struct sasl_identity *id, struct sasl **ret, const char **ret_why);
const char *sasl_mechanism(const struct sasl *s);

/* The initial response in base64 ("=" when empty), or NULL: the mechanism begins with the server. Valid until the next call. */
const char *sasl_initial(struct sasl *s);

/* Answer a 334 challenge (its base64 text).  NULL: cannot be answered, send "*". */
const char *sasl_answer(struct sasl *s, struct span challenge);

void sasl_free(struct sasl *s);         /* wipes; NULL is fine */

#endif
