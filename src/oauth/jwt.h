/*
 * jwt.h - the signed assertion of a service account (RFC 7523, RFC 7515 with
 * RS256), and the file that its key comes in.
 */
#ifndef OAUTH_JWT_H
#define OAUTH_JWT_H

#include <stdint.h>

#include "base/buf.h"
#include "oauth/trouble.h"

/* A service account's key as Google hands it out: a JSON file. */
struct service_key {
	char *email;            /* the issuer of its assertions */
	char *id;               /* NULL: none */
	char *pem;
	char *token_uri;        /* NULL: none */
};

int  service_key_parse(struct span json, struct service_key *ret);      /* -EINVAL: what is needed is not in it */
void service_key_done(struct service_key *k);                           /* wipes */

struct claims {
	const char *scope;
	const char *audience;
	const char *subject;    /* the mailbox to act as; NULL: itself */
	int64_t     now_s;      /* lives an hour from here, the most there is */
};

/* Append HEADER.CLAIMS.SIGNATURE.  0, or -1 and *t: the key is none, or is shorter than 2048 bits. */
int  jwt_sign(struct buf *b, const struct service_key *k, const struct claims *c, struct trouble *t);

#endif
