/*
 * bounce.h - a report to the sender (RFC 3464, RFC 6522): which recipients
 * failed, why in plain words, the original's headers or all of it.
 */
#ifndef RELAY_BOUNCE_H
#define RELAY_BOUNCE_H

#include "config/config.h"
#include "spool/store.h"

/* One recipient that failed. */
struct bounced {
	size_t      index;              /* in message->env.rcpts */
	const char *dsn;
	int         code;               /* 0: our own finding */
	const char *text;
	const char *remote;             /* host that said so, or NULL */
	const char *hint;               /* or NULL */
	bool        expired;
};

/*
 * Write the report into the spool, durably (draft_commit), from the null
 * sender to the message's.  ret_id is the report's.
 * 0; -ENOMSG: nothing is to be sent (null sender, or NOTIFY excludes
 * failure for all of them); other -errno: not written, keep the original.
 */
int bounce_write(const struct config *c, struct store *s, struct message *m,
                 const struct bounced *b, size_t n, char ret_id[static ID_LEN + 1]);

#endif
