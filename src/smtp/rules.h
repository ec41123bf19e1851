/*
 * rules.h - what a reply means.  A provider's rules are data, tried in
 * order; the default table (by phase and code) covers the rest.  Knows no
 * files: config/provider reads them.
 */
#ifndef SMTP_RULES_H
#define SMTP_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp/reply.h"
#include "smtp/status.h"

/* Where in the conversation a reply came.  Bits, so a rule can name several. */
enum when {
	WHEN_BANNER   = 1 << 0,
	WHEN_EHLO     = 1 << 1,
	WHEN_STARTTLS = 1 << 2,
	WHEN_AUTH     = 1 << 3,
	WHEN_MAIL     = 1 << 4,
	WHEN_RCPT     = 1 << 5,
	WHEN_DATA     = 1 << 6,         /* before 354 */
	WHEN_END      = 1 << 7,         /* end of data, BDAT */
	WHEN_OTHER    = 1 << 8,         /* RSET, NOOP */
	WHEN_ANY      = (1 << 9) - 1,
};

/* With what a login was tried: a password's refusal and a token's want different cures. */
enum with { WITH_NONE, WITH_PASSWORD, WITH_TOKEN };

struct rule {
	unsigned     when;              /* enum when bits */
	int          code;              /* 0: any; 4, 5: the class */
	char        *dsn;               /* NULL: any */
	char       **contains;          /* one of these is in the text, without regard to case and
	                                   runs of blanks; NULL-ended; NULL or none: any text */
	enum verdict verdict;
	int          pause_s;           /* of a relay's rest */
	char        *hint;              /* or NULL */
	enum with    with;              /* WITH_NONE: whatever it was */
	int          pause_max_s;       /* these two as in struct status */
	enum verdict then;
	bool         crowded;           /* as in struct status, too */
	bool         names_recipient;   /* the text names one of the message's, and not its sender */
};

/* Owned by whoever read them; immutable in use. */
struct rules {
	struct rule *rule;
	size_t       n;
};

void rules_done(struct rules *r);       /* frees what is inside */

struct judged {
	enum when when;
	bool      some_accepted;        /* RCPT: the transaction has an accepted recipient */
	enum with with;                 /* what we log in with; WITH_NONE: we cannot */
	bool    (*names)(const void *arg, struct span text);    /* for names_recipient; NULL: it does not */
	const void *arg;
};

/* A refused login without a rule of its own waits this long, and is told of in these words. */
#define RULES_LOGIN_PAUSE_S 300
#define RULES_LOGIN_HINT \
	"the user name or the password is wrong or no longer valid: correct it, then reload posternd"
#define RULES_TOKEN_HINT \
	"a token just made is refused: look whether user is the account that agreed, and the account may use SMTP"

/* A server that wants a login in a session that had one. */
#define RULES_AGAIN_HINT \
	"the server forgets the login, or wants another: look at user, and whether host is a server for submission"

/*
 * rules may be NULL.  Fills *ret: verdict, scope, code, dsn (X.0.0 when the
 * reply has none), text, hint.  A yes is VERDICT_NONE, at WHEN_END
 * VERDICT_SENT; rules are for refusals.  Held whatever the rules say: at a
 * phase that is not about a message no message is settled, a refusal is never
 * a success, SPLIT at RCPT only beside an accepted recipient.  SPLIT at DATA
 * or END with one recipient left is the session's to turn into something else.
 * A REJECT at MAIL by the table, or by a rule that goes by the code alone, is
 * marked unsure.
 */
void rules_judge(const struct rules *rules, const struct judged *at, const struct reply *r,
    struct status *ret);

#endif
