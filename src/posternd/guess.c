#include "posternd/guess.h"

#include <string.h>

static bool
same(const struct address *a, const struct address *b)
{
	return memcmp(a->octet, b->octet, address_is_v4(a) ? 16 : 8) == 0;
}

/* Its place, or -1. */
static int
find(const struct guess *g, const struct address *a)
{
	for (int i = 0; i < GUESS_ADDRESSES; i++)
		if (g->of[i].failed > 0 && same(a, &g->of[i].who))
			return i;
	return -1;
}

static int
oldest(const struct guess *g)
{
	int old = 0;

	for (int i = 0; i < GUESS_ADDRESSES; i++) {
		if (g->of[i].failed == 0)
			return i;
		if (g->of[i].since_ms < g->of[old].since_ms)
			old = i;
	}
	return old;
}

bool
guess_is_shut(const struct guess *g, const struct address *a, int64_t now_ms)
{
	int i = find(g, a);

	return i >= 0 && g->of[i].failed >= GUESS_MAX && now_ms - g->of[i].since_ms < GUESS_WINDOW_MS;
}

void
guess_failed(struct guess *g, const struct address *a, int64_t now_ms)
{
	int i = find(g, a);

	if (i < 0) {
		i = oldest(g);
		g->of[i].failed = 0;
	}
	if (g->of[i].failed == 0 || now_ms - g->of[i].since_ms >= GUESS_WINDOW_MS) {
		g->of[i].who = *a;
		g->of[i].failed = 0;
		g->of[i].since_ms = now_ms;
	}
	g->of[i].failed++;
}

void
guess_came_in(struct guess *g, const struct address *a)
{
	int i = find(g, a);

	if (i >= 0)
		g->of[i].failed = 0;
}
