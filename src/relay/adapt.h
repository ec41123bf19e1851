/*
 * adapt.h - a mail as one server can take it.  What a server lacks is known
 * in its session only: 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531), room.  A
 * mail that fits is not looked at: what its header and the spool's note about
 * it say decides that, and then its body stays a range of the file.
 */
#ifndef RELAY_ADAPT_H
#define RELAY_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/mail.h"

struct adapt_server {
	const char *name;       /* for the status */
	uint64_t    size;       /* 0: unknown */
	bool        eightbit, utf8;
};

enum adapt {
	ADAPT_MORE,             /* a slice of the work is done: ask again, after what else is to be done */
	ADAPT_READY,            /* m->content is as the server takes it; ->eightbit and ->utf8: what it needs still */
	ADAPT_REFUSED,          /* it cannot be; *ret says why */
};

/*
 * Asked until it is READY or REFUSED, with the same answer of the server each
 * time; then no more for this composed mail.  A slice is some milliseconds:
 * one large message must not keep the daemon from all the others.
 */
enum adapt adapt(struct mail *m, const struct adapt_server *server, struct status *ret);

#endif
