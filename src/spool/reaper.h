/*
 * reaper.h - the store's helper thread.  It does the two things that block
 * and that nobody waits for: the close that frees a removed file's blocks,
 * and the sync of the directory it was removed from.
 */
#ifndef SPOOL_REAPER_H
#define SPOOL_REAPER_H

struct reaper;

/* dir: the directory to sync within a second of a reaper_take; borrowed. */
int  reaper_start(int dir, struct reaper **ret);

/* Finishes all that is waiting, then ends the thread.  NULL is fine. */
void reaper_stop(struct reaper *r);

/* A removed file's descriptor.  When too many wait, it is closed at once. */
void reaper_take(struct reaper *r, int fd);

/* The first failed sync since the last call, -errno, or 0. */
int  reaper_trouble(struct reaper *r);

#endif
