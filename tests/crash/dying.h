/*
 * dying.h - the ways in which the queue is made to die or to fail, by
 * number: faults.h and the far end's script.h each have a "fault" and cannot
 * be seen by one file.
 */
#ifndef CRASH_DYING_H
#define CRASH_DYING_H

#include <stdbool.h>

#define DYING_NOT  0            /* no fault at all */
#define DYING_EXIT 90           /* how a death ends */

extern const unsigned ndyings;

const char *dying_name(unsigned way);
unsigned    dying_copies(unsigned way);         /* how many a recipient may get at the most */
void        dying_arm(unsigned way, int k);
bool        dying_disarm(void);                 /* true: call k was made */

#endif
