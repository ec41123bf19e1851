/*
 * mime_head.h - a header block written anew with what the re-encoding of its
 * body asks for.  Knows which fields change; who decides is mime.c.
 */
#ifndef MAIL_MIME_HEAD_H
#define MAIL_MIME_HEAD_H

#include <stdbool.h>

#include "base/buf.h"

#define MIME_HEAD_MAX (8u << 20)        /* a block of LIMIT_HEADER_BLOCK, every octet of it encoded */

struct mime_head_change {
	bool        ascii;      /* 8-bit fields as words.h has them */
	bool        fold;       /* and fields with overlong lines */
	const char *encoding;   /* the new Content-Transfer-Encoding; NULL: as it is */
	const char *charset;    /* add a Content-Type text/plain with this; NULL: do not */
	bool        version;    /* add MIME-Version */
};

/*
 * Append the block, changed.  A new encoding stands where the old one stood;
 * what is added goes behind the last field.  What is not asked for stays as
 * it is, byte for byte.  True: something was changed.
 */
bool mime_head_put(struct buf *out, struct span block, const struct mime_head_change *c);

#endif
