/*
 * vclock.h - virtual time: the loop never waits.  When nothing has happened
 * for a moment, all clocks jump to the next timer, so the real
 * deadlines of RFC 5321 §4.5.3.2 are tested at their real length, in no time.
 *
 * It works by defining clock_gettime() and epoll_wait() in the test program:
 * libevent and base/clock find these instead of libc's.  Linux alone.
 */
#ifndef SESSION_VCLOCK_H
#define SESSION_VCLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Off: time runs as usual (what has been jumped over stays so). */
void    vclock_on(bool on);

/* Days at once.  Not from a callback: what was due meanwhile comes in the loop's next turn. */
void    vclock_jump_ms(int64_t ms);

/* Somebody sets the wall clock (or the machine slept: ms > 0), and only that one moves. */
void    vclock_set_wall_ms(int64_t ms);

/* To the present, when nothing that looked at the clock is left.  Check cannot count an hour. */
void    vclock_return(void);

int64_t vclock_ms(void);

#endif
