/*
 * idlist.h - IDs of messages that something is to be done with, and what the
 * daemon says of it.
 */
#ifndef POSTERN_IDLIST_H
#define POSTERN_IDLIST_H

#include <stdint.h>

#include "base/buf.h"

#define IDLIST_BATCH 50000      /* IDs in one request: the daemon holds them in memory */

struct idlist {
	struct buf lines;       /* an ID and its line end each */
	size_t     n;
};

struct idlist_result {
	uint64_t   done, gone, denied, refused;
	struct buf why;         /* "ID: why" of the refused, a line each */
};

void idlist_init(struct idlist *l);
void idlist_done(struct idlist *l);
void idlist_add(struct idlist *l, const char *id);

void idlist_result_init(struct idlist_result *r);
void idlist_result_done(struct idlist_result *r);

/*
 * `command` for all of them, in batches.  As client_daemon(); after a
 * failure *ret has what was done before it.
 */
int  idlist_send(const struct idlist *l, const char *command, struct idlist_result *ret, struct buf *why);

#endif
