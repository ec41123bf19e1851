/*
 * request.h - what stands behind MAIL, RCPT and BDAT on a client's line, as
 * a server reads it.  Pure: spans in, envelope or refusal out.  What these
 * accept, spool/envelope takes and smtp/command sends.
 */
#ifndef SMTP_REQUEST_H
#define SMTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "spool/envelope.h"

/* A reply that says no.  Texts are constant. */
struct refusal {
	int         code;
	const char *dsn;
	const char *text;
};

/*
 * "FROM:<path> parameters" into e: sender, body, smtputf8, ret, envid; SIZE
 * to *ret_size (0: not said; UINT64_MAX: more than a number holds).  Missing
 * brackets and a blank behind the colon are taken, as they always were;
 * source routes are dropped (RFC 5321 §4.1.1.2).  auth: the parameter AUTH
 * (RFC 4954 §5) is known, and ignored.  -EINVAL and *why; e may then be half
 * filled.
 */
int request_mail(struct span args, bool auth, struct envelope *e, uint64_t *ret_size,
    struct refusal *why);

/*
 * "TO:<path> parameters".  *ret owns what is in it.  utf8: the transaction
 * has SMTPUTF8, without which an address must be ASCII (RFC 6531 §3.1).
 */
int request_rcpt(struct span args, bool utf8, struct rcpt *ret, struct refusal *why);

/* "n" or "n LAST" (RFC 3030 §2).  -EINVAL. */
int request_bdat(struct span args, uint64_t *ret_bytes, bool *ret_last);

/* The first word of *rest, blanks before it skipped; empty: there is none. */
struct span request_word(struct span *rest);

#endif
