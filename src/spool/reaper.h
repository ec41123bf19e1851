/*
 * reaper.h - the store's helper thread.  It does the two things that block
 * and that nobody waits for: the close that frees a removed file's blocks,
 * and the sync of the directories it was removed from or moved to.
 */
#ifndef SPOOL_REAPER_H
#define SPOOL_REAPER_H

#include <stddef.h>

struct reaper;

#define REAPER_DIRS 8

/* dirs: those to sync within a second of their reaper_take or reaper_touch; borrowed. */
int  reaper_start(const int *dirs, size_t ndirs, struct reaper **ret);

/* Finishes all that is waiting, then ends the thread.  NULL is fine. */
void reaper_stop(struct reaper *r);

/* A file removed from dirs[dir], its descriptor.  When too many wait, it is closed at once. */
void reaper_take(struct reaper *r, size_t dir, int fd);

/* Something was moved into dirs[dir]. */
void reaper_touch(struct reaper *r, size_t dir);

/* The first failed sync since the last call, -errno, or 0. */
int  reaper_trouble(struct reaper *r);

#endif
