/*
 * mime_code.h - the content transfer encodings (RFC 2045 §6), as streams:
 * text and line ends in, encoded text out.  What a decoder makes of it is
 * what went in, octet by octet.  Knows no parts and no fields.
 */
#ifndef MAIL_MIME_CODE_H
#define MAIL_MIME_CODE_H

#include <stdbool.h>

#include "base/buf.h"

enum mime_coding {
	MIME_CODE_COPY,
	MIME_CODE_QP,
	MIME_CODE_BASE64,
	MIME_CODE_MEND_QP,      /* quoted-printable already, but 8-bit or with overlong lines */
	MIME_CODE_MEND_BASE64,  /* the same of base64 */
	MIME_CODE_MASK,         /* text that nobody is shown: '?' for each octet above 127 */
};

#define MIME_LINE_MAX 998       /* RFC 5322 §2.1.1 */

struct mime_coder {
	enum mime_coding coding;
	size_t           column;
	bool             soft;          /* this line began behind a soft line break of ours */
	unsigned char    rest[3];       /* octets that wait for more */
	size_t           rest_n;
	size_t           blanks;        /* of a mended soft line break: blanks behind its '=' */
};

void mime_code_begin(struct mime_coder *c, enum mime_coding coding);
void mime_code_text(struct mime_coder *c, struct span text, struct buf *out);   /* no LF in it */
void mime_code_eol(struct mime_coder *c, struct span eol, struct buf *out);     /* CRLF or LF */

/* last: the message ends here, not with a delimiter that begins with a line end. */
void mime_code_end(struct mime_coder *c, bool last, struct buf *out);

/* Octets of a text that QP has to escape: what to choose by. */
size_t mime_code_escapes(struct span text);

#endif
