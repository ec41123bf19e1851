/*
 * offline.h - look into the spool without the daemon.
 */
#ifndef POSTERN_OFFLINE_H
#define POSTERN_OFFLINE_H

#include "postern/queued.h"

/*
 * Each message that waits; it may be kept, as queued_reader's may.  0, or
 * -errno with the folder that cannot be read in *why.
 */
int offline_read(const char *spool, void (*message)(void *arg, struct queued *q), void *arg, struct buf *why);

#endif
