/*
 * words.h - a header field within RFC 5322: ASCII, in lines of an allowed
 * length.  8-bit text becomes encoded words (RFC 2047) where the grammar of
 * the field has room for them: text, phrases, comments; and the value of a
 * MIME parameter RFC 2231's form.  Overlong lines are folded at blanks, in
 * address lists also behind commas.  A reader that decodes and unfolds sees
 * what was there.
 */
#ifndef MAIL_WORDS_H
#define MAIL_WORDS_H

#include <stdbool.h>

#include "mail/header.h"

#define WORDS_LINE_MAX 998      /* RFC 5322 §2.1.1 */

/* Has the field 8-bit text; has it a line over the limit? */
bool words_is_8bit(const struct field *f);
bool words_is_long(const struct field *f);

/*
 * Append the field rewritten.  What has no other form stays: 8-bit text in
 * an address or a message identifier, a token of more than 998 octets.  Such
 * a token in a Subject, or another field that only people read, becomes
 * encoded words; elsewhere programs compare it as it is, and servers take
 * longer lines than they must.
 */
void words_put_field(struct buf *out, const struct field *f);

#endif
