/*
 * eol.h - the line end of a message (RFC 5322 §2.1), for those below the
 * protocol who write header fields and encoded text.
 */
#ifndef MAIL_EOL_H
#define MAIL_EOL_H

#include "base/buf.h"

static inline void
eol_put(struct buf *b)
{
	buf_char(b, '\r');
	buf_char(b, '\n');
}

#endif
