/*
 * wrap.h - a message on its way to the daemon's socket, for a submitter that
 * cannot write into the spool.  It sends the octets that its file would have
 * had, in the order in which they are known, so the head comes last:
 *
 *   envelope, to its blank line      as envelope_put writes it
 *   message                          every line ends in CRLF
 *   the journal's first line         ends in LF alone
 *   the head                         with the lengths; then the end of the stream
 *
 * No message can look like its own end, since no line of it ends in LF
 * alone; and a stream that was cut off anywhere has no head that fits it.
 * Pieces with a length before each would need neither, but would be a second
 * form of the spool file, to be kept in step with the first.
 */
#ifndef SPOOL_WRAP_H
#define SPOOL_WRAP_H

#include "base/buf.h"
#include "spool/form.h"
#include "spool/lines.h"

#define WRAP_END_MAX (LINES_ROOM + STORED_MAX + HEAD_LEN)

struct wrap {
	struct lines lines;
	uint64_t     envelope;
	uint64_t     message;
};

/* envelope: how long envelope_put's text is, which the caller sends itself. */
void   wrap_init(struct wrap *w, uint64_t envelope);

/* As lines_put: as much of *in as fits, taken off it; how many octets of out. */
size_t wrap_put(struct wrap *w, struct span *in, char *out, size_t room);

/* What comes behind the last input; how many octets. */
size_t wrap_end(struct wrap *w, char out[static WRAP_END_MAX], int64_t time_s);

#endif
