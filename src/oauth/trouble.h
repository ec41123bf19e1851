/*
 * trouble.h - why there is no token, and who can do something about it.
 */
#ifndef OAUTH_TROUBLE_H
#define OAUTH_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

enum trouble_kind {
	TROUBLE_NONE,
	TROUBLE_WAIT,           /* the service or the network: later, by itself */
	TROUBLE_PERSON,         /* somebody has to agree again, or allow it */
	TROUBLE_CONFIG,         /* what we were told to ask for is wrong */
	TROUBLE_PENDING,        /* device code: nobody has typed it in yet (RFC 8628 §3.5) … */
	TROUBLE_SLOWER,         /* … and we asked too often */
};

struct trouble {
	enum trouble_kind kind;
	bool              final;        /* a refresh token that no repetition revives */
	int64_t           retry_after_s;/* 0: not said */
	const char       *hint;         /* what to do; constant; or NULL */
	char              text[400];    /* printable, one line */
};

/* Text by printf; what is not printable becomes '?'.  Returns -1, for those who give it on. */
int         trouble_set(struct trouble *t, enum trouble_kind kind, const char *hint, const char *fmt, ...)
            __attribute__((format(printf, 4, 5)));
const char *trouble_name(enum trouble_kind kind);       /* "wait", "person" … */

/*
 * What a provider's `error` with its description means (RFC 6749 §5.2, RFC
 * 8628 §3.5, and the services' own numbers in the description).  key: the
 * request was signed with a service account's key, so an invalid_grant is
 * about that and not about a person's consent.
 */
void        trouble_judge(struct trouble *t, const char *error, const char *description, bool key);

#endif
