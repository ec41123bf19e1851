/*
 * retry.h - when to try again.  Pure arithmetic, all in seconds.
 */
#ifndef RELAY_RETRY_H
#define RELAY_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The next attempt of a message that arrived at arrival_s and was last tried
 * at last_s: clamp(age at the last attempt, 5 min, 1 h) later, ±10 % by seed
 * (the ID), so the same message always computes the same moment.
 */
int64_t retry_at(int64_t arrival_s, int64_t last_s, uint64_t seed);

bool    retry_expired(int64_t arrival_s, int64_t now_s, int64_t expire_s);

/*
 * The breaker's wait after the n-th failure in a row (n ≥ 1): 2 s doubling
 * to 60 s, ±20 % by seed.  Milliseconds.
 */
int64_t retry_backoff_ms(unsigned n, uint64_t seed);

/* How long a stated pause is, said for the again-th time after the first: doubling up to max_s; 0: it stays. */
int64_t retry_pause_s(int64_t pause_s, int64_t max_s, unsigned again);

#endif
