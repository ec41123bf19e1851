/*
 * base64.h - RFC 4648 §4, without line ends.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

void base64_put(struct buf *b, struct span s);

/* The form of RFC 4648 §5, with '-' and '_' and no '=': of tokens and addresses. */
void base64_put_url(struct buf *b, struct span s);

/* Strict (RFC 4954 §4): whole groups of four, '=' only at the end, no bit
   set that is not used.  -EINVAL adds nothing. */
int  base64_get(struct span s, struct buf *ret);

#endif
