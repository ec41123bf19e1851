/*
 * offline.h - look into the spool without the daemon.
 */
#ifndef POSTERN_OFFLINE_H
#define POSTERN_OFFLINE_H

#include "postern/listing.h"

/* List what waits.  0, or -errno with the folder that cannot be read in *why. */
int offline_list(const char *spool, struct listing *l, struct buf *why);

#endif
