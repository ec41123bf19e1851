/*
 * challenge.h - the server's side of PLAIN (RFC 4616) and LOGIN: who says he
 * is whom, with what password.  Whether it is true is another's to say.
 * Knows no base64 and no sockets; wipes what it kept.
 */
#ifndef SMTP_CHALLENGE_H
#define SMTP_CHALLENGE_H

#include <stdbool.h>

#include "base/buf.h"

struct login {
	struct span user;
	struct span password;
	struct span act_as;     /* PLAIN's authorization identity; mostly empty */
};

struct challenge {
	enum { CHALLENGE_NONE, CHALLENGE_PLAIN, CHALLENGE_LOGIN } mechanism;
	bool       begun;       /* LOGIN: the user was said */
	struct buf said;        /* what the login points into */
};

void challenge_init(struct challenge *c);
void challenge_done(struct challenge *c);       /* wipes; may be started again */

/* False: neither PLAIN nor LOGIN. */
bool challenge_start(struct challenge *c, struct span mechanism);

/* What to ask the client now: a text, perhaps empty. */
struct span challenge_prompt(const struct challenge *c);

/*
 * What the client said.  1: there is more to ask; 0: *ret is whole, and
 * lives until challenge_done; -EINVAL: no such message.
 */
int challenge_take(struct challenge *c, struct span message, struct login *ret);

#endif
