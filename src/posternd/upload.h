/*
 * upload.h - one message on its way into the spool, in pieces, written by
 * the pool's threads so that the loop waits for no disk.
 */
#ifndef POSTERND_UPLOAD_H
#define POSTERND_UPLOAD_H

#include <stdbool.h>

#include "base/buf.h"
#include "posternd/pool.h"
#include "spool/draft.h"

#define UPLOAD_PIECE (64u << 10)

struct upload;

/*
 * *e is copied, as its lines.  Nothing is written before the first piece is
 * handed over, so a small message is one task.  *pool may become NULL, when
 * the pool is gone: what is dropped then is removed at once.
 */
struct upload *upload_new(struct pool **pool, int spool, const struct draft_limits *l,
    const struct envelope *e, void (*done)(void *arg), void *arg);

/* Not while it is busy.  A piece is UPLOAD_PIECE, and what came with its end. */
void upload_add(struct upload *u, struct span bytes);
bool upload_is_full(const struct upload *u);

/* Write what is there; last: and make it a message.  done() comes from the loop. */
void upload_push(struct upload *u, bool last);
bool upload_is_busy(const struct upload *u);

/* Errors stick; 0 and the ID after the last push. */
int         upload_error(const struct upload *u, bool *ret_maybe);
const char *upload_id(const struct upload *u);

/* Nobody waits for it any more.  What is not a message yet is removed, but one
   whose last piece was pushed may become one.  No done() comes.  NULL is fine. */
void upload_drop(struct upload *u);

#endif
