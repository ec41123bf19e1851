/*
 * drift.h - the wall clock against the monotonic one: has somebody set it,
 * or has the machine slept?  What is due at a wall time must not wait for
 * days that the clock went back.  Pure but for the clocks.
 */
#ifndef RELAY_DRIFT_H
#define RELAY_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

struct drift {
	int64_t offset_s;       /* wall minus monotonic, when last looked */
	bool    looked;
};

/*
 * Seconds by which the wall clock went ahead since the last look, beyond the
 * time that passed (set forward, or asleep), or went back (negative).  0: less
 * than a minute either way, or the first look.
 */
int64_t drift_look(struct drift *d);

#endif
