/*
 * syslogs.h - lines of the system's log that name a message: from the
 * journal where there is one, else from the usual files.
 */
#ifndef POSTERN_SYSLOGS_H
#define POSTERN_SYSLOGS_H

#include <stdint.h>

#include "base/buf.h"

/*
 * Each line (lent, without its end) that has `text` in it and is not older
 * than since_s.  What was looked at, and what of it could not be, stands in
 * *ret_looked, one a line.
 */
void syslogs_find(const char *text, int64_t since_s, void (*each)(void *arg, struct span line), void *arg,
    struct buf *ret_looked);

#endif
