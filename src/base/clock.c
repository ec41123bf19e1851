/* clock.c - the only reader of time; see clock.h. */
#include "base/clock.h"

#include <stdbool.h>
#include <time.h>

static bool stopped;
static int64_t stopped_wall_us;
static int64_t stopped_mono_us;

static int64_t
now_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_wall_us(void)
{
	return stopped ? stopped_wall_us : now_us(CLOCK_REALTIME);
}

/* Towards the past, as a calendar does, and not towards 1970. */
int64_t
clock_wall_s(void)
{
	int64_t us = clock_wall_us();

	return us / 1000000 - (us % 1000000 < 0);
}

/*
 * MONOTONIC, not BOOTTIME: a laptop that slept must not find that every
 * reply it waits for is hours late before it has read its sockets once.
 */
int64_t
clock_mono_ms(void)
{
	return (stopped ? stopped_mono_us : now_us(CLOCK_MONOTONIC)) / 1000;
}

int64_t
clock_boot_s(void)
{
#ifdef CLOCK_BOOTTIME
	return (stopped ? stopped_mono_us : now_us(CLOCK_BOOTTIME)) / 1000000;
#else
	return (stopped ? stopped_mono_us : now_us(CLOCK_MONOTONIC)) / 1000000; /* BSD's counts sleep */
#endif
}

void
clock_set(int64_t wall_us, int64_t mono_ms)
{
	stopped = true;
	stopped_wall_us = wall_us;
	stopped_mono_us = mono_ms * 1000;
}

void
clock_move_ms(int64_t ms)
{
	if (!stopped)
		clock_set(now_us(CLOCK_REALTIME), now_us(CLOCK_MONOTONIC) / 1000);
	stopped_wall_us += ms * 1000;
	stopped_mono_us += ms * 1000;
}

void
clock_release(void)
{
	stopped = false;
}
