/*
 * recipients.h - whom a message is for: the arguments, and with -t the
 * header.  Each returns 0 or a sysexits code with one line in *why.
 */
#ifndef SENDMAIL_RECIPIENTS_H
#define SENDMAIL_RECIPIENTS_H

#include "base/buf.h"
#include "spool/envelope.h"

/* An argument is an address list of its own, as in Sendmail: "a@x, b@y". */
int  recipients_from_arg(struct envelope *e, const char *arg, struct buf *why);

/*
 * To, Cc and Bcc; or, when there is a Resent-To, -Cc or -Bcc, those of the
 * newest resending alone (RFC 5322 §3.6.6): the first block of them.
 */
int  recipients_from_header(struct envelope *e, struct span header, struct buf *why);

/* -f's: one address, or nothing for the null path. */
int  recipients_sender(struct envelope *e, const char *arg, struct buf *why);

#endif
