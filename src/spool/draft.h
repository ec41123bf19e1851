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
 * orphan in tmp/ is reaped by age, never sent.  No signal handlers here: an
 * orphan is cheaper than a handler that is wrong.  A small message goes out
 * in one write, head and all; only a large one has a head of zeros first.
 *
 * new/ must be readable to the writer: a directory is synced through a
 * descriptor that was opened for reading, and there is no other way to it.
 */
#ifndef SPOOL_DRAFT_H
#define SPOOL_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "spool/envelope.h"
#include "spool/form.h"
#include "spool/msgid.h"

/* Input is gathered up to here before anything is written. */
#define DRAFT_BUFFER (64u << 10)

/* Orphans are younger than this while their writer lives: it writes what it
   has at least every DRAFT_QUIET_MS in which input came. */
#define DRAFT_ORPHAN_S 3600
#define DRAFT_QUIET_MS (300 * 1000)

/* limits when the daemon has never said any */
#define DRAFT_MAX_MESSAGE (35u << 20)
#define DRAFT_MIN_FREE    (64u << 20)

struct draft;

/* What the daemon wrote into the spool's file `limits`, or the compiled defaults. */
struct draft_limits {
	uint64_t max_message;   /* bytes as stored; 0: no limit */
	uint64_t min_free;      /* refuse when the file system would have less */
};

/* The limits in force.  No file, or one that makes no sense: the defaults. */
void draft_limits_read(int spool, struct draft_limits *ret);

/*
 * The daemon's; 0 or -errno.  Rewrites the file in place: the daemon's user
 * may not make files in the spool's root, so installing makes an empty one.
 */
int  draft_limits_write(int spool, const struct draft_limits *l);

/*
 * Start a draft in tmp/ of the spool directory `spool` (borrowed until the
 * end).  *env is only read.  0, or -errno and *ret alone; -ENOSPC also when
 * less than min_free bytes are free; -E2BIG: an envelope beyond its limit;
 * -EDQUOT, -EACCES, -EROFS, -ENOENT as they come.  tmp/ and new/ are opened
 * here, so that what the caller's rights forbid shows before any input is lost.
 */
int  draft_begin(int spool, const struct envelope *env, const struct draft_limits *l, struct draft **ret);

/*
 * Add input, in pieces of any size cut anywhere.  Line ends become CRLF:
 * lines end at LF, one CR before it goes; any other CR, and NUL, becomes a
 * blank.  Errors stick: 0 or -errno (-EFBIG: longer than max_message;
 * -EDQUOT also for a file size limit of the process), and the same again for
 * every later call.
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
