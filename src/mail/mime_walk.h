/*
 * mime_walk.h - walk the parts of a message, streaming: what stands in the
 * body comes as events in order, and the bytes of all of them, put one behind
 * the other, are the body again.  Knows where parts begin and end; changes
 * nothing and judges nothing.
 *
 * A delimiter is a whole line: "--", an open multipart's boundary, perhaps
 * "--", blanks (the grammar of RFC 2046 §5.1.1).  Its text also allows a
 * boundary with something behind it; but then the boundary "x" of the outer
 * multipart would end at each "--x1" of an inner one, and mailers do number
 * their boundaries so.  The line end before a delimiter belongs to it.
 *
 * The work is linear in the message: a line is looked at once, one that
 * begins with "--" once for each open multipart.
 */
#ifndef MAIL_MIME_WALK_H
#define MAIL_MIME_WALK_H

#include <sys/types.h>

#include <stdint.h>

#include "mail/mime_entity.h"

#define MIME_DEPTH_MAX  64              /* far above what is sent: forwarding of forwarding */
#define MIME_HEADER_MAX 65536           /* the header block of a part */

/* Where a body comes from: read as pread, but -errno; it may give less than asked for. */
struct mime_source {
	ssize_t (*read)(void *arg, uint64_t at, void *p, size_t n);
	void     *arg;
	uint64_t  at;
	uint64_t  n;
};

enum mime_what {
	MIME_HEADER,            /* a header block, its closing blank line included if there is one */
	MIME_TEXT,              /* a line's text, or some of it */
	MIME_EOL,               /* a line end */
	MIME_END,               /* no bytes: a leaf's last text was given */
	MIME_DELIMITER,         /* line end, delimiter, line end */
};

struct mime_event {
	enum mime_what            what;
	struct span               bytes;        /* lent until the next call */
	const struct mime_entity *entity;       /* lent; TEXT, EOL outside of leaves: NULL */
	size_t                    index;        /* of the entity: they are counted from 0 */
	bool                      epilogue;     /* entity NULL: behind a multipart's last part */
	bool                      last;         /* END: no delimiter follows, the body is over */
	bool                      partless;     /* DELIMITER: of an outer multipart; the inner one had no part */
};

struct mime_walk;

/*
 * Walk the body of a message whose header block is `head`; the first event
 * is that block, with its entity changed to a frozen one when `frozen` says
 * why.
 */
struct mime_walk *mime_walk_new(struct span head, const struct mime_source *src, const char *frozen);

/*
 * 1: *ret is the next event; 0: that was all; -EIO: the body is shorter than
 * it said; other -errno of reading; -ELOOP: parts nested too deeply, or two
 * open multiparts with one boundary, of which nobody can say what ends where.
 */
int               mime_walk_next(struct mime_walk *w, struct mime_event *ret);

void              mime_walk_free(struct mime_walk *w);

#endif
