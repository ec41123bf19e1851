/*
 * ehlo.h - what a server offers (RFC 5321 §4.1.1.1).
 */
#ifndef SMTP_EHLO_H
#define SMTP_EHLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "smtp/reply.h"

enum {
	EXT_PIPELINING = 1 << 0,
	EXT_SIZE       = 1 << 1,
	EXT_8BITMIME   = 1 << 2,
	EXT_SMTPUTF8   = 1 << 3,
	EXT_CHUNKING   = 1 << 4,
	EXT_DSN        = 1 << 5,
	EXT_STARTTLS   = 1 << 6,
	EXT_AUTH       = 1 << 7,
	EXT_ENHANCED   = 1 << 8,
	EXT_LIMITS     = 1 << 9,
};

struct ehlo {
	unsigned ext;
	uint64_t size;          /* 0: no limit stated */
	char     auth[256];     /* mechanisms, upper case, one blank between; cut at a whole word */
	unsigned mail_max;      /* LIMITS (RFC 9422); 0: none */
	unsigned rcpt_max;
};

/* From a 250 reply's lines; the first is the greeting.  Unknown words are skipped. */
void ehlo_read(struct ehlo *e, const struct reply *r);

#endif
