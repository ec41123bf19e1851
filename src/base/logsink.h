/*
 * logsink.h - where log lines end: stderr, or syslog's socket.  A reader that
 * is slow is waited for, since a line is not to be lost for that; one that
 * has stopped (a disk that is full, a logger that hangs) costs one wait of a
 * second, and from then on nothing waits for him until he reads again: mail
 * must not stop for its log.
 *
 * Not syslog(3): what it writes to is its own, and it waits for ever.  Knows
 * descriptors; knows nothing of levels, or of what a line may contain.
 */
#ifndef BASE_LOGSINK_H
#define BASE_LOGSINK_H

#include <stdbool.h>
#include <stddef.h>

#define LOGSINK_LINE_MAX 4096           /* PIPE_BUF: one write is never mixed with another process's */

/* A whole line with its end, at most LOGSINK_LINE_MAX.  False: it is lost. */
bool logsink_stderr(const char *line, size_t n);

/*
 * A line without its end, with the facility and severity of syslog(3) and the
 * ident of openlog(3).  Connects by itself, again where the logger was started
 * anew.  False: it is lost.
 */
bool logsink_syslog(int priority, const char *ident, const char *line, size_t n);

/* Another socket than /dev/log; lent.  NULL: that one.  For tests. */
void logsink_set_socket(const char *path);

#endif
