/*
 * draft.h - the write side of the spool, shared by the setgid shim and the
 * daemon (its reports).  begin, write, commit or abort.
 *
 * A draft is a file in tmp/; commit makes it a message in new/:
 *
 *   openat(tmp/ID) write… pwrite(head) fsync  renameat2(→ new/ID)  fsync(new/)  poke wake
 *
 * Before the rename nothing is queued, after it the message will be
 * delivered or its sender told.  The process may be killed at any point: an
 * orphan in tmp/ has a head of zeros and is reaped by age, never sent.  No
 * signal handlers here: an orphan is cheaper than a handler that is wrong.
 */
#ifndef SPOOL_DRAFT_H
#define SPOOL_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "spool/envelope.h"

#define ID_LEN 16

/* The file's fixed-width first line: "postern 1 %014u %014u\n" (envelope bytes, message bytes). */
#define HEAD_MAGIC "postern 1 "
#define HEAD_LEN   (sizeof(HEAD_MAGIC) - 1 + 14 + 1 + 14 + 1)

struct draft;

/* What the daemon wrote into the spool's file `limits`, or the compiled defaults. */
struct draft_limits {
	uint64_t max_message;   /* bytes as stored; 0: no limit */
	uint64_t min_free;      /* refuse when the file system would have less */
};

void draft_limits_read(int spool, struct draft_limits *ret);
int  draft_limits_write(int spool, const struct draft_limits *l);       /* the daemon's; 0 or -errno */

/*
 * Start a draft in tmp/ of the spool directory `spool` (borrowed until the
 * end).  *env is only read.  0, or -errno and *ret alone; -ENOSPC also when
 * less than min_free bytes are free; -EDQUOT, -EACCES, -ENOENT as they come.
 */
int  draft_begin(int spool, const struct envelope *env, const struct draft_limits *l, struct draft **ret);

/*
 * Add input, in pieces of any size cut anywhere.  Line ends become CRLF:
 * lines end at LF, one CR before it goes; any other CR, and NUL, becomes a
 * blank.  Errors stick: 0 or -errno (-EFBIG: longer than max_message), and
 * the same again for every later call.
 */
int  draft_write(struct draft *d, struct span bytes);

/*
 * Make it durable and visible.  Consumes the draft in every case.
 * 0:        on stable storage, file and name; ret_id (ID_LEN + 1) is its name.
 * <0:       -errno; nothing is queued, unless *ret_maybe is true: the error
 *           came after the rename, so the message may be queued all the same
 *           (report a temporary failure; a duplicate is possible).
 */
int  draft_commit(struct draft *d, char ret_id[static ID_LEN + 1], bool *ret_maybe);

void draft_abort(struct draft *d);      /* removes it; NULL is fine */

#endif
