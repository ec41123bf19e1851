/*
 * submit.h - the second door: the socket by which a program that cannot
 * write into the spool (no setgid bit, a read-only file system, another root)
 * hands over what its file would have been.  The form is spool/wrap.h's, to
 * the end of the stream; the answer is one line:
 *
 *   ok ID              on stable storage, as if sendmail had put it there
 *   no SYSEXITS TEXT   not queued; the exit code and the words for the user
 *
 * No answer: it may have been queued all the same.
 *
 * Who sends is what the kernel says of the socket, also for a client in
 * another user namespace.  The loop moves octets and looks at none of them:
 * checking and writing, which waits for the disk, is done in threads, one
 * piece of at most SUBMIT_PIECE at a time, and a client is not read from
 * while its piece is there.  So a client costs that much memory twice,
 * whatever its message, and no delivery waits for its fsync.
 */
#ifndef POSTERND_SUBMIT_H
#define POSTERND_SUBMIT_H

#include "base/buf.h"
#include "relay/queue.h"

#define SUBMIT_PIECE       (64u << 10)

#define SUBMIT_CLIENTS     400  /* beyond it: "no 75" */
#define SUBMIT_OF_ONE_USER 300  /* so that there is room for another */
#define SUBMIT_THREADS     4    /* syncs beside each other are one commit of the journal */
#define SUBMIT_ENVELOPES   (32u << 20)  /* octets of envelopes that are not whole, of all clients */

/* Until the first piece is there: sendmail has it ready before it connects. */
#define SUBMIT_FIRST_MS    (30 * 1000)
/* Silence behind it: sendmail's own patience with its input (sendmail/submit.c). */
#define SUBMIT_QUIET_MS    (30 * 60 * 1000)

struct submit;

/* Listen at place_run()/submit.  NULL: one line in *why. */
struct submit *submit_start(struct event_base *base, struct queue *q, struct buf *why);

/* Answers what is being written, lets the others go, removes the socket; NULL is fine. */
void           submit_stop(struct submit *s);

#endif
