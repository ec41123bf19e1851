/*
 * bearer.h - the two mechanisms that carry an OAuth token: XOAUTH2, which
 * Google wrote down, and OAUTHBEARER (RFC 7628).  libgsasl has neither.
 * Knows their messages; knows nothing of base64, nor where tokens come from.
 */
#ifndef SMTP_BEARER_H
#define SMTP_BEARER_H

#include <stdbool.h>

#include "base/buf.h"

struct bearer {
	const char *user;
	struct span token;
	const char *host;       /* as configured: OAUTHBEARER tells it to the server (RFC 7628 §3.1) */
	unsigned    port;
};

/*
 * Append the client's one message.  -EINVAL with *b untouched: the user or
 * the token holds a byte that would end its field (RFC 6750 §2.1: a token is
 * of visible ASCII).
 */
int bearer_put_xoauth2(struct buf *b, const struct bearer *c);
int bearer_put_oauthbearer(struct buf *b, const struct bearer *c);

/*
 * What the challenge of a refusal, decoded, gives as its "status": "401",
 * "invalid_token".  Appended to *ret, printable, at most 40 bytes; false when there
 * is none.  Its first string of that name counts; the rest is not judged, so
 * it is looked for and not parsed.
 */
bool bearer_status(struct span challenge, struct buf *ret);

#endif
