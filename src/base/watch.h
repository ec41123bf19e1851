/*
 * watch.h - was a file changed?  For files that an admin edits while the
 * process runs.  No inotify: the file is asked after when somebody needs it,
 * at most once a second, which costs a system call and cannot miss a rename.
 */
#ifndef BASE_WATCH_H
#define BASE_WATCH_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stdint.h>

/* Nothing was asked yet when all zero. */
struct watch {
	bool        asked;
	int64_t     asked_ms;
	struct stat st;         /* as it was; all zero: there was none */
};

enum watched {
	WATCH_NOT_ASKED,        /* it is not a second since the last time */
	WATCH_SAME,
	WATCH_CHANGED,          /* and so the first time */
};

/* Two looks of one's own: is it the same file with the same rights, and was it written meanwhile? */
bool watch_is_same(const struct stat *a, const struct stat *b);

/* Asked before the file is read: a change between the two is found the next time. */
enum watched watch_look(struct watch *w, const char *path);

#endif
