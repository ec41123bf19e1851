/*
 * flight.h - what is in flight on one connection: the mails between pull
 * and verdict, in order, and a FIFO of the replies that are owed.  Replies
 * come in the order of the commands (RFC 5321 §4.1.4, RFC 2920 §3.1), so only
 * the first mail can be complete.  Pure.
 */
#ifndef RELAY_FLIGHT_H
#define RELAY_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "relay/mail.h"

#define FLIGHT_MAX_OWED 512             /* the writer rests at that */

/* What a command that was written is owed. */
struct expect {
	int          phase;     /* the session's */
	struct mail *mail;      /* NULL: of no mail */
	size_t       rcpt;      /* RCPT: which */
	bool         ahead;     /* written before the reply to the command before it was read */
};

struct flight {
	struct expect owed[FLIGHT_MAX_OWED];
	unsigned      head, tail;
	struct mail  *first;
	unsigned      n;        /* mails */
};

unsigned             flight_owed(const struct flight *f);
const struct expect *flight_head(const struct flight *f);       /* the oldest; only when something is owed */
void                 flight_expect(struct flight *f, int phase, struct mail *m, size_t rcpt);
bool                 flight_reply(struct flight *f, struct expect *ret);        /* pop; false: nothing was owed */
void                 flight_forget(struct flight *f);           /* nothing will be answered any more */

void                 flight_add(struct flight *f, struct mail *m);

/* Remove and return the first mail if all of it is written and answered; else NULL. */
struct mail         *flight_landed(struct flight *f);

#endif
