/*
 * permit.h - files that root sees and the daemon may not: can its user read
 * them, and who else could change them?  By the bits, since the daemon is in
 * no other group that matters here; lists of access rights are not looked at.
 * Who the daemon is, the owner of the spool says, as posternd itself has it.
 * Only root can tell; for all others everything is right.
 */
#ifndef POSTERN_PERMIT_H
#define POSTERN_PERMIT_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Can the daemon read this file, through all the folders on its way?  cure is
 * what would let it, such as "chmod 0644".  False: *why has the line.
 */
bool permit_daemon_reads(const char *path, const char *cure, struct buf *why);

/* Is it root's, the daemon's or one's own?  False: *why has the line, which says what its owner could do. */
bool permit_is_ours(const char *path, const char *could, struct buf *why);

#endif
