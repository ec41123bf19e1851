/*
 * command.h - the one mouth: every command line is made here, and a line
 * with CR, LF or NUL in it, or longer than LIMIT_COMMAND, is not made.  No
 * other file writes a line end of the protocol.
 *
 * All append to *b and return 0, or -EINVAL / -EMSGSIZE with *b untouched.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include <stdint.h>

#include "base/buf.h"
#include "mail/addr.h"

int command_ehlo(struct buf *b, const char *name);      /* FQDN or "[192.0.2.1]" */
int command_helo(struct buf *b, const char *name);
int command_starttls(struct buf *b);

/* initial: base64, "=" for an empty one, NULL for none.  These two go up to LIMIT_AUTH_LINE. */
int command_auth(struct buf *b, const char *mech, const char *initial);
int command_auth_line(struct buf *b, const char *base64);       /* an answer to 334; "*" cancels */

/* What MAIL and RCPT may carry; only what the server offers is to be set. */
struct mail_params {
	uint64_t    size;       /* 0: not sent */
	const char *body;       /* "8BITMIME", "7BIT" or NULL */
	bool        smtputf8;
	const char *ret;        /* "FULL", "HDRS" or NULL */
	const char *envid;      /* xtext, or NULL */
};

struct rcpt_params {
	const char *notify;     /* "NEVER", "SUCCESS,FAILURE" … or NULL */
	const char *orcpt;      /* "rfc822;…" or NULL */
};

int command_mail(struct buf *b, const struct addr *from, const struct mail_params *p);
int command_rcpt(struct buf *b, const struct addr *to, const struct rcpt_params *p);
int command_data(struct buf *b);
int command_bdat(struct buf *b, uint64_t bytes, bool last);
int command_rset(struct buf *b);
int command_quit(struct buf *b);

#endif
