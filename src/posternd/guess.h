/*
 * guess.h - how often a login failed of late, by address: who guesses waits.
 * A fixed table: an attacker with many addresses pushes out old ones, and
 * gains a few tries at each.
 */
#ifndef POSTERND_GUESS_H
#define POSTERND_GUESS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/network.h"

#define GUESS_ADDRESSES 256
#define GUESS_MAX       10              /* failures … */
#define GUESS_WINDOW_MS (10 * 60 * 1000)        /* … within this, and no login is looked at */

struct guess {
	struct {
		struct address who;     /* an IPv6 /64 counts as one */
		unsigned       failed;
		int64_t        since_ms;
	} of[GUESS_ADDRESSES];
};

bool guess_is_shut(const struct guess *g, const struct address *a, int64_t now_ms);
void guess_failed(struct guess *g, const struct address *a, int64_t now_ms);
void guess_came_in(struct guess *g, const struct address *a);   /* forgotten */

#endif
