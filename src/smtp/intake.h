/*
 * intake.h - a message's content as a client sends it: where it ends, the
 * stuffed dots taken out, and no more of it than is allowed.  A pure stream:
 * the pieces may be cut anywhere.
 *
 * The end of DATA is CRLF . CRLF, and a line that begins behind anything else
 * is no line here (RFC 5321 §4.1.1.4): its dot stays, its lone dot ends
 * nothing.  What passes with a bare LF or CR in it is the taker's to make
 * lines of (spool/draft does, and its output is stuffed again), so a server
 * in front of us and we may see different lines, but never different ends.
 *
 * A pipe (lenient) also has writers that know no CR.  Such a one is told by
 * its own first line end, that of DATA or that of the content: then LF ends
 * lines and LF . LF the data.  One whose first line ends in CRLF is held to
 * CRLF all through: what a program puts into a message for others must not
 * end it.
 */
#ifndef SMTP_INTAKE_H
#define SMTP_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum intake_over { INTAKE_FITS, INTAKE_TOO_LONG, INTAKE_HEADER_TOO_LONG };

struct intake {
	uint64_t         n;             /* octets of content so far, those not given out too */
	uint64_t         max;           /* 0: no limit */
	uint64_t         max_header;
	enum intake_over over;

	/* the lines of DATA */
	enum { INTAKE_START, INTAKE_DOT, INTAKE_DOT_CR, INTAKE_TEXT } at;
	bool             cr;            /* in a text: the octet before was CR */
	bool             decided;       /* lf will not change any more */
	bool             lf;            /* LF alone ends a line */

	/* where the header ends */
	enum {
		HEADER_START, HEADER_NAME, HEADER_COLON, HEADER_REST, HEADER_CR, HEADER_OVER,
	}                header;
	uint64_t         header_n;
};

typedef void intake_give(void *arg, struct span bytes);

/* Limits of 0 are none.  lf_seen: the line DATA ended in LF alone. */
void intake_start(struct intake *k, uint64_t max, uint64_t max_header, bool lenient, bool lf_seen);

/*
 * DATA: take from the front of *in, give out content.  True: that was all,
 * the end is taken too.  Once a limit is passed nothing more is given out,
 * but all of it is taken.
 */
bool intake_data(struct intake *k, struct span *in, intake_give *give, void *arg);

/* BDAT: all of `bytes` is content. */
void intake_chunk(struct intake *k, struct span bytes, intake_give *give, void *arg);

#endif
