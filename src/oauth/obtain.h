/*
 * obtain.h - a token for a login now: the file's, while it is good, or a
 * new one.  One renewal at a time for each file, whoever asks; what a
 * provider gave is on stable storage before anybody uses it.
 */
#ifndef OAUTH_OBTAIN_H
#define OAUTH_OBTAIN_H

#include "oauth/request.h"
#include "oauth/answer.h"
#include "oauth/tokenfile.h"
#include "oauth/trouble.h"

/*
 * 0 and *ret; *ret_due_s: in how many seconds to ask again.  -1 and *t.  A
 * service in trouble is no trouble while the present token is good.
 */
int obtain_token(struct request *r, struct tokens *ret, int64_t *ret_due_s, struct trouble *t);

/* A person's consent came in: the file's first tokens.  Uses a up. */
int obtain_keep(const struct request *r, struct token_answer *a, struct tokens *ret, struct trouble *t);

#endif
