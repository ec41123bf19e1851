/*
 * status.h - what an attempt came to.  Their replies and our own failures
 * are the same type: a verdict (what to do) and a scope (to what).
 */
#ifndef SMTP_STATUS_H
#define SMTP_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum verdict {
	VERDICT_NONE,           /* not settled yet */
	VERDICT_SENT,
	VERDICT_DEFER,          /* again, by the message's own schedule */
	VERDICT_REJECT,         /* never: a report to the sender */
	VERDICT_SPLIT,          /* again at once in a smaller transaction, no attempt counted */
	VERDICT_RECONNECT,      /* again at once on a fresh connection, no attempt counted */
	VERDICT_PAUSE,          /* the relay rests for pause_s */
	VERDICT_CREDENTIAL,     /* the relay rests until credential or configuration change */
	VERDICT_CONFIG,         /* the same, and the cause is the configuration */
};

enum scope { SCOPE_RECIPIENT, SCOPE_MESSAGE, SCOPE_SESSION, SCOPE_RELAY };

struct status {
	enum verdict verdict;
	enum scope   scope;
	int          code;      /* the reply's; 0: our own finding */
	char         dsn[12];
	bool         named;     /* about the recipients that the text names, not the others */
	bool         crowded;   /* a PAUSE for there being too many connections: with fewer there is none */
	bool         unsure;    /* a REJECT at MAIL that may as well be about the account */
	int          pause_s;   /* a relay's rest; 0: the breaker's own back-off, or its slow look */
	int          pause_max_s;       /* said again, the rest doubles up to this; 0: it does not grow */
	enum verdict then;      /* of RECONNECT and SPLIT, where they do not help: a relay's trouble, or VERDICT_NONE */
	const char  *hint;      /* what the admin can do, or NULL; the rules' own */
	char         text[512]; /* printable, one line; a reply's words with their enhanced code, without the code */
};

/* One of our own findings; text by printf, cut at the array's end. */
void status_local(struct status *s, enum verdict v, enum scope scope, const char *dsn,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

const char *verdict_name(enum verdict v);       /* "sent", "defer", … */
int         verdict_parse(const char *name, enum verdict *ret);

/* Is this the relay's trouble (pause, credential, config, or scope relay)? */
bool        status_is_relay(const struct status *s);
bool        status_needs_person(const struct status *s);        /* no waiting cures it: an admin has to act */

/* Reconnecting, or splitting, was no help: it is what the rule says it is then, if it says so. */
void        status_no_help(struct status *s);

#endif
