/*
 * hold.h - the moments at which this program must not end.  A provider that
 * rotates takes the old refresh token back with the answer that has the new
 * one: from the request's leaving until that one is on disk, TERM, INT and
 * HUP wait.  They ended it before, and they do afterwards.
 */
#ifndef OAUTH_HOLD_H
#define OAUTH_HOLD_H

void hold_arm(void);            /* the next form that leaves is such a request */
void hold_begin(void);          /* a form leaves now; nothing where that was not said of it */
void hold_end(void);            /* the answer is kept, or there is none: what waited comes now */

#endif
