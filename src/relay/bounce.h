/*
 * bounce.h - a report to the sender (RFC 3464, RFC 6522): what became of
 * which recipients, why in plain words, the original's headers or all of it.
 */
#ifndef RELAY_BOUNCE_H
#define RELAY_BOUNCE_H

#include "config/config.h"
#include "spool/store.h"

/* RFC 3464 §2.3.3 */
enum report_action {
	REPORT_FAILED,
	REPORT_DELAYED,
	REPORT_RELAYED,                 /* NOTIFY=SUCCESS, to a server without DSN (RFC 3461 §5.2.2) */
};

/* One recipient to report. */
struct bounced {
	size_t      index;              /* in message->env.rcpts */
	const struct addr *to;          /* where it went on the wire; NULL: nowhere */
	enum report_action action;      /* the same for all of one report */
	const char *dsn;
	int         code;               /* 0: our own finding */
	const char *text;
	const char *remote;             /* host that said so, or NULL */
	const char *hint;               /* or NULL */
	bool        expired;
	const struct addr *owner;       /* told in the sender's place, a list's; the same for all of one report */
};

/*
 * Write the report into the spool, durably (draft_commit), from the null
 * sender to the message's, or a list's owner, to whom what the submitter asked
 * of his report means nothing.  ret_id is the report's.
 * 0; -ENOMSG: nothing is to be sent (null sender, or NOTIFY excludes
 * it for all of them); other -errno: not written, keep the original.
 */
int bounce_write(const struct config *c, struct store *s, struct message *m,
                 const struct bounced *b, size_t n, char ret_id[static ID_LEN + 1]);

#endif
