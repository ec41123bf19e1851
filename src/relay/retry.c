#include "relay/retry.h"

#include <assert.h>

#define WAIT_MIN_S       300
#define WAIT_MAX_S       3600
#define BACKOFF_FIRST_MS 2000
#define BACKOFF_MAX_MS   60000

/* Neighbouring IDs differ in few bits; the splitmix64 finalizer spreads them over all. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* wait, moved by up to a 1/part of it either way. */
static int64_t
jitter(int64_t wait, int64_t part, uint64_t seed)
{
	int64_t  spread = wait / part;
	uint64_t steps = (uint64_t)(2 * spread + 1);

	return wait - spread + (int64_t)(mix(seed) % steps);
}

/* a - b, at the ends of the range when it does not fit: both come from files anyone may have touched. */
static int64_t
minus(int64_t a, int64_t b)
{
	int64_t r;

	if (__builtin_sub_overflow(a, b, &r))
		return b < 0 ? INT64_MAX : INT64_MIN;
	return r;
}

int64_t
retry_at(int64_t arrival_s, int64_t last_s, uint64_t seed)
{
	int64_t wait = minus(last_s, arrival_s);
	int64_t at;

	/* An age below nothing (the clock was set back) waits the least, like a fresh message. */
	if (wait < WAIT_MIN_S)
		wait = WAIT_MIN_S;
	if (wait > WAIT_MAX_S)
		wait = WAIT_MAX_S;
	return __builtin_add_overflow(last_s, jitter(wait, 10, seed), &at) ? INT64_MAX : at;
}

bool
retry_expired(int64_t arrival_s, int64_t now_s, int64_t expire_s)
{
	return minus(now_s, arrival_s) >= expire_s;
}

int64_t
retry_backoff_ms(unsigned n, uint64_t seed)
{
	int64_t wait = BACKOFF_MAX_MS;

	assert(n >= 1);
	if (n <= 5)
		wait = (int64_t)BACKOFF_FIRST_MS << (n - 1);

	/* n goes into the seed, or one relay's waits would all be long or all be short. */
	return jitter(wait, 5, seed + n);
}

int64_t
retry_pause_s(int64_t pause_s, int64_t max_s, unsigned again)
{
	for (; again > 0 && pause_s < max_s; again--)
		pause_s *= 2;
	return max_s > 0 && pause_s > max_s ? max_s : pause_s;
}
