/*
 * offline.h - look into the spool without the daemon.  Whoever may read its
 * folders may see all that is in them: root.
 */
#ifndef POSTERN_OFFLINE_H
#define POSTERN_OFFLINE_H

#include "postern/queued.h"
#include "spool/msgid.h"

/*
 * Each message that waits; it may be kept, as queued_reader's may.  0, or
 * -errno with the folder that cannot be read in *why.
 */
int offline_read(const char *spool, void (*message)(void *arg, struct queued *q), void *arg, struct buf *why);

/*
 * One message, as "show ID" would answer: first it, in *ret (the caller's,
 * empty before), then what is in it, a record of spool/view.h a line (lent).
 * ret NULL: as "body ID" would.  0, or -errno with one line in *why: -ENOENT,
 * no folder has it; -EBADMSG, it cannot be read as a message.
 */
int offline_find(const char *spool, msgid id, struct queued *ret, void (*each)(void *arg, struct span line), void *arg,
    struct buf *why);

#endif
