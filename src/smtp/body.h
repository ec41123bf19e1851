/*
 * body.h - a message's content as it goes on the wire: header block from
 * memory, the rest from the file; raw for BDAT, dot-stuffed and ended by
 * CRLF.CRLF for DATA (RFC 5321 §4.5.2).  Streams: memory is one chunk.
 */
#ifndef SMTP_BODY_H
#define SMTP_BODY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Where the bytes come from: read(arg, at, p, n) as pread, but -errno. */
struct body_source {
	struct span head;       /* borrowed; CRLF line ends, with the closing blank line */
	ssize_t   (*read)(void *arg, uint64_t at, void *p, size_t n);
	void       *arg;
	uint64_t    at;         /* first byte of the rest */
	uint64_t    n;          /* how many: whole CRLF lines */
};

struct body {
	struct body_source src;
	bool     dots;          /* DATA framing */
	uint64_t done;          /* source bytes taken so far, head and rest */
	char     tail[2];       /* the last two of them: does a line begin, how does it end */
	bool     ended;
};

uint64_t body_size(const struct body_source *src);      /* octets as SIZE and BDAT count them */
void     body_start(struct body *b, const struct body_source *src, bool dots);

/*
 * Append up to about max bytes to *out (its max must leave room for half as
 * many again: stuffed dots).  1: there is more; 0: that was all, the ending
 * included; -errno: the file could not be read, or is shorter than it said
 * (-EIO), or *out is full (-EMSGSIZE): the transaction must be broken off.
 *
 * DATA: a dot at the start of a line is doubled wherever one is found.  No
 * note about the file is believed here: a content that claims to have no
 * such line, and has one, would end the data early and speak commands of
 * its own under our login.
 */
int      body_fill(struct body *b, size_t max, struct buf *out);

#endif
