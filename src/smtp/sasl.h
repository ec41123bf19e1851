/*
 * sasl.h - one authentication exchange, over scram_client, cram and, for
 * OAuth tokens, bearer; the rest is libgsasl's.  Knows mechanisms and base64;
 * knows no sockets and no TLS, whose bytes for a channel binding it is given.
 * The secret is wiped when the exchange ends and never passes through a log.
 *
 * A -PLUS that is offered is what is used, if there is something to bind to.
 * Where only the server lacks it the flag of RFC 5802 §6 is "y", so that a
 * server of which somebody has hidden it finds that out and refuses.
 */
#ifndef SMTP_SASL_H
#define SMTP_SASL_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * A server says how often it hashes the password, and we do the same before
 * the loop goes on: 0.2 s for so many with SHA-256.  Servers have 4096 (RFC
 * 5802) to 15,000 (RFC 7677); more than this is no login but an attack, and
 * the mechanism unusable there.
 */
#define SASL_MAX_ITERATIONS 100000

struct sasl;

/* What the account has.  Borrowed for the call. */
struct sasl_identity {
	const char *user;       /* NULL: none; a certificate may do without */
	struct span secret;
	const char *allowed;    /* by the configuration, blanks between; NULL or "": all we do */
	const char *tried;      /* on this connection, in vain, blanks between; NULL: none */
	bool        tls;        /* a password never goes without (unless plain_ok) */
	bool        plain_ok;   /* loopback or insecure = true: said by the configuration */
	bool        token;      /* secret is an OAuth token: XOAUTH2 or OAUTHBEARER, and nothing else */
	bool        certificate;/* the server saw one of ours: EXTERNAL */
	struct span binding;    /* what TLS has to bind to; empty: nothing */
	bool        unique;     /* it is tls-unique (RFC 5929); else tls-exporter (RFC 9266) */
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

/*
 * Answer a 334 challenge (its base64 text); valid until the next call.  NULL:
 * none, send "*".  What that means is one of:
 *   useless  no challenge of this mechanism, or one that it cannot go on with:
 *            another may do
 *   forged   the server tried to show that it knows the password, and does
 *            not: this is not the account's server
 *   neither  all was said, and the server asks on
 */
const char *sasl_answer(struct sasl *s, struct span challenge);

/*
 * After the server's yes: has it shown, where the mechanism asks that of it,
 * that it knows the password?  Without, its yes is worth nothing (RFC 5802 §9).
 */
bool sasl_is_proved(const struct sasl *s);
bool sasl_is_useless(const struct sasl *s);
bool sasl_is_forged(const struct sasl *s);
bool sasl_is_bound(const struct sasl *s);       /* to the TLS connection: no other server can use what is said */

/*
 * What the server gave as the reason in its challenge after a token or proof
 * that it refuses ("401", "invalid_token", "invalid-proof"); NULL: nothing so
 * far.  The words of the reply that follows are the same for every reason.
 */
const char *sasl_status(const struct sasl *s);

/*
 * In words, where that reason is no password's: who is at the other end of
 * our TLS connection may not be who is at the server's.  NULL: none of those.
 */
const char *sasl_is_between(const struct sasl *s);

void sasl_free(struct sasl *s);         /* wipes; NULL is fine */

#endif
