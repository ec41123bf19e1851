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

/*
 * Once for each composed mail.  True: m->content is in a form that the server
 * takes, with ->eightbit and ->utf8 saying what it still needs.  False: *ret
 * says why it cannot be.
 */
bool adapt(struct mail *m, const struct adapt_server *server, struct status *ret);

#endif
