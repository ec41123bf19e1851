/*
 * submitted.h - a stored message as header and body, whatever it begins
 * with: fields, an mbox line, or no header at all.  Knows where the header
 * ends; changes nothing.
 */
#ifndef RELAY_SUBMITTED_H
#define RELAY_SUBMITTED_H

#include "spool/store.h"

struct submitted {
	struct span fields;     /* valid until submitted_done and message_close */
	uint64_t    body;       /* where the body begins, behind the blank line */
	struct buf  own;        /* the bytes, when the message does not lend them */
};

/*
 * 0; -EMSGSIZE: the header passes LIMIT_HEADER_BLOCK; -errno of reading.
 * submitted_done() in every case.
 */
int  submitted_read(struct message *m, struct submitted *ret);
void submitted_done(struct submitted *s);

#endif
