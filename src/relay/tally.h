/*
 * tally.h - how many in the last minute, hour and day, in rings of buckets:
 * a kilobyte, however many there were.  Pure.
 *
 * Seconds are monotonic ones.  A window is told to within one bucket of it:
 * a second of the minute, a minute of the hour, a quarter of an hour of the day.
 */
#ifndef RELAY_TALLY_H
#define RELAY_TALLY_H

#include <stdint.h>

struct tally {
	struct tally_ring {
		int64_t  at;            /* the newest bucket's number */
		uint32_t n[96];
	} minute, hour, day;
};

void     tally_add(struct tally *t, int64_t now_s, uint32_t n);
uint64_t tally_minute(const struct tally *t, int64_t now_s);
uint64_t tally_hour(const struct tally *t, int64_t now_s);
uint64_t tally_day(const struct tally *t, int64_t now_s);

#endif
