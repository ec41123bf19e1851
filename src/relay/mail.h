/*
 * mail.h - one transaction's worth: a message and those of its recipients
 * that travel together.  The queue makes it, a session carries it, the queue
 * takes it back with every recipient settled.
 */
#ifndef RELAY_MAIL_H
#define RELAY_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "mail/addr.h"
#include "smtp/body.h"
#include "smtp/status.h"
#include "spool/store.h"

struct mime;

struct mail_rcpt {
	size_t        index;            /* in message->env.rcpts; the first, when several come to this address */
	size_t        part;             /* the queue's: which address of its round */
	struct addr  *to;               /* as it goes on the wire; owned */
	struct status status;           /* VERDICT_NONE until settled */
	bool          accepted;         /* the session's: RCPT had its 2xx */
};

struct mail {
	struct message   *msg;          /* borrowed: the queue holds it until all its mails are back */
	struct addr      *from;         /* envelope sender on the wire; owned */
	const struct addr *list_owner;  /* whose list the recipients are of; lent by the queue; NULL: of none */
	struct mail_rcpt *rcpt;
	size_t            nrcpt;
	struct buf        head;         /* composed header block; owned */
	struct body_source content;
	struct mime      *adapted;      /* what content reads when it was re-encoded for this server; owned */
	bool              eightbit;     /* needs BODY=8BITMIME */
	bool              utf8;         /* needs SMTPUTF8 */

	/* The session's notes while it carries the mail. */
	unsigned          waiting;      /* replies still expected */
	size_t            accepted;     /* recipients that had their 2xx */
	bool              closed;       /* no further command of it may be written */
	bool              written;      /* nothing of it is left to write */
	bool              content_out;  /* all of its content was handed to the connection */
	bool              taken;        /* its MAIL had its 2xx */
	bool              answered;     /* some reply to a command of it was read */
	bool              dsn;          /* the server was told of NOTIFY, RET and ENVID */
	int64_t           began_ms;     /* clock_mono_ms when it was pulled */

	uint64_t          refusals;     /* the relay's: those it knew of when this was pulled (suspects.h) */
	void             *owner;        /* the queue's */
	struct mail      *next;         /* the queue's or the session's list */
};

/* Settle the recipients that have no verdict yet. */
void mail_settle_rest(struct mail *m, const struct status *s);
/* Does the text of a reply name one of the recipients, and not the sender? */
bool mail_names_recipient(const struct mail *m, struct span text);
/* Those that it names have st; the others go again, without them. */
void mail_settle_named(struct mail *m, const struct status *st, struct span text);
bool mail_is_settled(const struct mail *m);
void mail_free(struct mail *m);         /* addresses, head; not the message */

#endif
