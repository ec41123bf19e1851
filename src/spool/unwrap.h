/*
 * unwrap.h - the daemon's side of wrap.h: whoever can reach the socket sends
 * what he likes, so every octet is looked at before it may become a file.
 * Pure; the pieces may be cut anywhere, and the answer is the same.
 *
 * Refused: an envelope that envelope_parse refuses, a message that is not in
 * the form in which the spool keeps it, a journal that says anything but
 * what was seen here, lengths that are not those of what came, and any octet
 * too many.
 */
#ifndef SPOOL_UNWRAP_H
#define SPOOL_UNWRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "spool/envelope.h"
#include "spool/form.h"
#include "spool/lines.h"

#define UNWRAP_TAIL (STORED_MAX + HEAD_LEN)

struct unwrap {
	bool            addressed;      /* the envelope is whole, and good */
	struct envelope envelope;       /* as sent: who sent it is the caller's to set */

	/* unwrap's own */
	struct buf      text;           /* the envelope so far */
	uint64_t        envelope_n;
	uint64_t        message;        /* octets given out */
	struct lines    lines;
	char            tail[UNWRAP_TAIL];      /* perhaps no message any more */
	size_t          tail_n;
	const char     *why;
};

void   unwrap_init(struct unwrap *u);
void   unwrap_done(struct unwrap *u);

/*
 * Look at the next octets of the stream, and append to *message those that
 * are certainly message.  0 or -EBADMSG, which sticks; unwrap_why() then
 * says what is wrong in constant words.
 */
int    unwrap_put(struct unwrap *u, struct span bytes, struct buf *message);

/* The stream is over: the rest of the message, or -EBADMSG. */
int    unwrap_end(struct unwrap *u, struct buf *message);

const char *unwrap_why(const struct unwrap *u);

/* Memory an envelope takes that is not whole yet: a caller with many bounds the sum. */
size_t unwrap_held(const struct unwrap *u);

#endif
