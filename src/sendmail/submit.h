/*
 * submit.h - one message from standard input into the spool.
 */
#ifndef SENDMAIL_SUBMIT_H
#define SENDMAIL_SUBMIT_H

#include "base/buf.h"
#include "sendmail/options.h"

/* A header block that -t has to look through may be this long (RFC 5322
   has no limit; the relay's own is the same). */
#define SUBMIT_HEADER_MAX (1u << 20)

/* The exit code.  What went wrong is said in one line, then the input is
   read to its end. */
int  submit(const struct options *o);

/* The same for each message of an SMTP session (handover.h).  EX_OK, or
   EX_IOERR when the session broke off inside a message. */
int  submit_session(const struct options *o);

/* "sendmail: WHY" on standard error. */
void submit_complain(const struct buf *why);

#endif
