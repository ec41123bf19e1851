/*
 * header.h - walk a header block and the address lists in it (RFC 5322).
 * Works on spans of the block as it stands, CRLF or LF; changes nothing,
 * allocates addresses only.  Knows fields; knows no policy.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/addr.h"

struct field {
	struct span whole;      /* with its folds and the last line end */
	struct span name;       /* without blanks and colon */
	struct span body;       /* behind the colon, folds inside, last line end off */
};

/*
 * The next field of *rest.  False at the end of the block: an empty line,
 * the end of the text, or a line that cannot be a field (*rest then starts
 * there).
 */
bool header_next(struct span *rest, struct field *ret);

/* Can this line (without its line end) start a field?  "Name:", RFC 5322 §2.2. */
bool header_starts_field(struct span line);

/*
 * Octets of the line that an mbox file puts before a message, with its end; 0
 * when text begins with none.  It is told by the time in it: a text that
 * merely begins with the word "From" keeps its first line.
 */
size_t header_mbox_line(struct span text);

bool header_is(const struct field *f, const char *name);        /* without regard to case */

/* One mailbox of an address list.  All spans point into the field's body. */
struct mailbox {
	struct span display;    /* phrase as written, trimmed; empty when none */
	struct span spec;       /* the addr-spec as written, without <> and comments' surroundings */
	struct span comment;    /* inside of its last comment, where old mailers put the name; or empty */
	struct addr *addr;      /* parsed; lent: freed after the callback.  NULL when it does not parse */
	const char *why;        /* then: why not */
};

/*
 * Call each() for every mailbox of an address list: groups are opened,
 * comments skipped, quoted strings honoured, source routes dropped, empty
 * members ignored, folds taken as blanks.  A mailbox that does not parse is
 * reported with addr NULL and the walk goes on.  each() ends the walk by
 * returning other than 0, which is returned.
 */
int  header_mailboxes(struct span body, int (*each)(void *arg, const struct mailbox *m), void *arg);

#endif
