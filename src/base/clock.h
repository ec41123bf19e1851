/*
 * clock.h - the only reader of time.  Tests set it; nobody else asks the
 * kernel.  Wall time names moments (logs, IDs, files), monotonic time
 * measures waits; neither is ever computed from the other.  The time since
 * boot runs on while the machine sleeps, and nobody can set it: it measures
 * what the world goes on counting meanwhile.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_us(void);            /* microseconds since the epoch */
int64_t clock_wall_s(void);
int64_t clock_mono_ms(void);
int64_t clock_boot_s(void);

/* Tests: stop the clocks at these values (boot with mono), move them on, let them run again. */
void    clock_set(int64_t wall_us, int64_t mono_ms);
void    clock_move_ms(int64_t ms);
void    clock_release(void);

#endif
