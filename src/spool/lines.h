/*
 * lines.h - text as it comes from a pipe into the form the spool keeps:
 * every line ends in CR LF, and no CR, LF or NUL stands anywhere else.  Then
 * the size on the wire is known and nothing can smuggle in a line end.
 * Notes on the way what decides later how the message must be sent.
 */
#ifndef SPOOL_LINES_H
#define SPOOL_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define LINES_ROOM 4    /* the least room in which lines_put moves on */

struct lines {
	bool   cr;              /* a CR came last: a line end begins, or it is a blank */
	size_t column;          /* octets of the line so far */
	bool   eightbit;        /* an octet above 127 was seen */
	bool   dots;            /* a line begins with a dot */
	size_t longest;         /* octets of the longest line that ended, without its end */
};

void   lines_init(struct lines *l);

/* Convert as much of *in as fits, and take that off it.  Returns how many
   octets were written to out, at most room. */
size_t lines_put(struct lines *l, struct span *in, char *out, size_t room);

/* The input is over: end the last line if it is open.  out has LINES_ROOM. */
size_t lines_end(struct lines *l, char *out);

#endif
