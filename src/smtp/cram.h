/*
 * cram.h - CRAM-MD5's one answer (RFC 2195).  libgsasl has it too, and leaves
 * copies of the password in freed memory.
 */
#ifndef SMTP_CRAM_H
#define SMTP_CRAM_H

#include "base/buf.h"

/* Append the answer.  -EINVAL: no password can be like that; -ENOTSUP: no MD5 here (FIPS 140). */
int cram_answer(const char *user, struct span password, struct span challenge, struct buf *ret);

#endif
