/*
 * handover.h - --from-smtp: the messages that postern-stdio took over in an
 * SMTP session, handed to this program one after the other as a user would.
 *
 * Standard input says of each who and to whom, in the spool's own form (no
 * argument list has room for 10,000 recipients, nor a place for each one's
 * NOTIFY and ORCPT), then the content in pieces, then how it ended:
 *
 *   time 1764000000.123456        the envelope, up to its blank line
 *   …
 *
 *   data 2048                     that many octets follow, any number of times
 *   …
 *   end                           the message's end was seen; or `reset`: forget it
 *
 * Standard output answers each `end` with one line, "0 ID" or "SYSEXITS WHY";
 * a `reset` has no answer.  The end of the input inside a message is the
 * death of the one who was writing, and never the message's end.
 *
 * None of it is believed more than an argument: an envelope goes through the
 * parser that reads spool files, lengths have their limit, and who submits is
 * still for the kernel to say.
 */
#ifndef SENDMAIL_HANDOVER_H
#define SENDMAIL_HANDOVER_H

#include <sys/types.h>

#include "base/buf.h"
#include "spool/envelope.h"

#define HANDOVER_DATA  "data "
#define HANDOVER_END   "end"
#define HANDOVER_RESET "reset"
#define HANDOVER_PIECE_MAX (1u << 20)

struct handover {
	int        fd;
	struct buf in;          /* read and not yet taken */
	size_t     left;        /* octets of the present piece that are not taken */
	int        error;       /* the input is of no more use: why, -errno, for ever */
	enum { HANDOVER_BETWEEN, HANDOVER_INSIDE, HANDOVER_ENDED, HANDOVER_DROPPED } at;
};

void handover_init(struct handover *h, int fd);
void handover_done(struct handover *h);

/* Wait for the next message.  1; 0: the session is over; -errno. */
int  handover_wait(struct handover *h);

/*
 * The message's sender, recipients and options into e, which has none yet.
 * 0, or an exit code and one line in *why: -errno of the input, or a bad
 * envelope, behind which the message's content still comes.
 */
int  handover_begin(struct handover *h, struct envelope *e, struct buf *why);

/* Content, n octets or fewer; 0 at the end; -ECANCELED: `reset`; -EPIPE: the
   input ended first; -EPROTO; -errno. */
ssize_t handover_read(struct handover *h, char *p, size_t n);

/* Read and forget what is left of the message.  0 at its end, else as above. */
int  handover_skip(struct handover *h);

/* rc 0: the text is the message's name.  0 or -errno. */
int  handover_answer(int rc, struct span text);

#endif
