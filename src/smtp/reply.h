/*
 * reply.h - assemble a reply from lines (RFC 5321 §4.2).  The one ear:
 * nobody else looks at what a server says.  Knows no sockets.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>

#include "base/buf.h"

struct reply {
	int        code;        /* 200…599 */
	char       dsn[12];     /* "5.1.1" when its class is the code's (RFC 2034 §4), else "" */
	struct buf text;        /* what is said: code and enhanced code off each line, runs of
	                           blanks made one, printable; the lines joined by one blank */
	struct buf lines;       /* the raw texts behind the code, one a line ("\n"): EHLO, AUTH */
	unsigned   nlines;
};

void reply_init(struct reply *r);
void reply_done(struct reply *r);

enum reply_more { REPLY_MORE, REPLY_DONE, REPLY_BAD };

/*
 * Take one line (no line end).  DONE: *r is whole until the next call of
 * reply_clear().  BAD: unreadable, other code than the first line, or beyond
 * the limits; *ret_why is a constant text.  "250", "250 text", "250-text".
 */
enum reply_more reply_line(struct reply *r, struct span line, const char **ret_why);
void            reply_clear(struct reply *r);

#endif
