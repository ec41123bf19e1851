/*
 * prep.h - SASLprep (RFC 4013): the one form of a name or password that both
 * ends of an exchange count with.  Over libgsasl.
 */
#ifndef SMTP_PREP_H
#define SMTP_PREP_H

#include "base/buf.h"

/*
 * Append the prepared text, which ret, empty and with all its room from the
 * start, is long enough for or -EINVAL; so is what no name or password can
 * be.  Of printable ASCII, which is its own form, no copy is left behind;
 * what libgsasl does with the rest leaves some in freed memory.
 */
int prep(struct span text, struct buf *ret);

#endif
