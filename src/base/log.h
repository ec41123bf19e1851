/*
 * log.h - one line to syslog or stderr.  Called by programs and by the
 * modules that own an object's fate; a library function returns its error
 * instead (log or return, never both).  A line break or control byte in a
 * line is written as '?', whoever sent it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/buf.h"

enum log_level { LOG_LEVEL_ALERT, LOG_LEVEL_ERR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

enum log_target { LOG_TO_STDERR, LOG_TO_SYSLOG };

/*
 * From here on lines of `level` and graver go to `target`.  facility: a
 * syslog(3) LOG_ constant.  ident must outlive the program.  Without this
 * call: stderr, info.  Under systemd stderr lines carry the <N> priority
 * prefix (JOURNAL_STREAM names the stream that stderr is).  A line longer
 * than 4095 bytes, with what stands before it on stderr, ends in "...".  Of a
 * log that nobody reads lines get lost, and the next that is read says how many.
 */
void log_open(const char *ident, enum log_target target, int facility, enum log_level level);

/* "mail", "daemon", "local0" … and "info" …; -EINVAL for an unknown name. */
int  log_facility(const char *name, int *ret);
int  log_level(const char *name, enum log_level *ret);

/* Tests: lines go to *b ("level text\n") instead; NULL ends it. */
void log_capture(struct buf *b);

bool log_wants(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_alert(...) log_write(LOG_LEVEL_ALERT, __VA_ARGS__)
#define log_err(...)   log_write(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) do { \
	if (log_wants(LOG_LEVEL_DEBUG)) \
		log_write(LOG_LEVEL_DEBUG, __VA_ARGS__); \
} while (0)

#endif
