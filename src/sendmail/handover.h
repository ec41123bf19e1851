/*
 * handover.h - --from-smtp: a message that postern-stdio took over in an SMTP
 * session, and hands to this program as a user would.
 *
 * Descriptor 3 says who and to whom, in the spool's own form: no argument
 * list has room for 10,000 recipients, nor a place for each one's NOTIFY and
 * ORCPT.  Behind the envelope comes the word "end", once the message's end
 * was seen: standard input alone cannot tell that end from the death of the
 * one who was writing.
 *
 * None of it is believed more than an argument: it goes through the parser
 * that reads spool files, and who submits is still for the kernel to say.
 */
#ifndef SENDMAIL_HANDOVER_H
#define SENDMAIL_HANDOVER_H

#include "base/buf.h"
#include "spool/envelope.h"

#define HANDOVER_FD  3
#define HANDOVER_END "end\n"

/*
 * Sender, recipients and options into e, which has none yet; *rest: what came
 * behind, for handover_end; to be buf_done'd in any case.  0, or an exit code
 * and one line in *why.
 */
int handover_begin(struct envelope *e, struct buf *rest, struct buf *why);

/* The word, or an exit code and *why. */
int handover_end(struct buf *rest, struct buf *why);

#endif
