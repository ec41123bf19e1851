/*
 * fields.h - header fields as they leave: where a submitted header ends,
 * fields copied, rewritten and folded.  Line ends are CRLF whatever came in.
 * Knows the syntax of fields; which ones are wanted is compose's to say.
 */
#ifndef RELAY_FIELDS_H
#define RELAY_FIELDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/header.h"

/* Where the parts of a submitted message are, as offsets into it. */
struct fields_layout {
	size_t first;           /* the first field: behind an mbox line, see header_mbox_line() */
	size_t end;             /* behind the last field */
	size_t body;            /* behind the blank line; == end when there is none */
};

/*
 * Find them.  text: the message's first bytes; whole: it is all of it.  The
 * header ends at the first line that is no field, as programs expect that
 * send text without any.  0; -EMSGSIZE: the end is not within text.
 */
int  fields_find(struct span text, bool whole, struct fields_layout *ret);

/* Signed by its author or another host (DKIM, ARC)?  A change to what was signed would break that. */
bool fields_are_sealed(struct span fields);

/* Append a field as it is, but for blanks before its colon. */
void fields_copy(struct buf *out, const struct field *f);

/*
 * Append an address field with every address in it as change() has it
 * (NULL: it stays as it is; else to be freed), folded; or, if none became
 * another, as it is.
 */
void fields_rewrite(struct buf *out, const struct field *f,
         struct addr *(*change)(void *arg, const struct addr *a), void *arg);

/*
 * Append a field, given as "Name: body" without the last line end, unfolded
 * and folded anew: no line over 78 columns where there is a place to fold
 * (RFC 5322 §2.1.1), preferably behind a comma.
 */
void fields_fold(struct buf *out, struct span text);

#endif
