/*
 * roll.h - the roll of the queue: from the daemon or, while it is down and
 * for who may read the spool, from there.
 */
#ifndef POSTERN_ROLL_H
#define POSTERN_ROLL_H

#include "postern/queued.h"

struct roll_ear {
	void (*message)(void *arg, struct queued *q);           /* as queued_reader's */
	void (*record)(void *arg, struct span line);            /* relays and others; NULL: not wanted */
};

/*
 * Call it.  who: before the lines on standard error ("mailq").  0;
 * EX_UNAVAILABLE: the daemon is down, which was told, and the messages, if
 * *ret_whole, are the spool's; other exit statuses: told, not whole.
 */
int roll_call(const char *who, const struct roll_ear *ear, void *arg, bool *ret_whole);

#endif
