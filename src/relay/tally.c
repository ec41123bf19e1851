#include "relay/tally.h"

/* A ring's buckets: how long each is, and how many make its window. */
struct shape {
	int64_t  width_s;
	unsigned n;
};

static const struct shape minute = { 1, 60 }, hour = { 60, 60 }, day = { 900, 96 };

/* Time has gone on: the buckets in between are empty. */
static void
turn(struct tally_ring *r, const struct shape *s, int64_t at)
{
	int64_t steps = at - r->at;

	if (steps <= 0)
		return;
	for (int64_t i = 1; i <= steps && i <= s->n; i++)
		r->n[(r->at + i) % s->n] = 0;
	r->at = at;
}

static void
count(struct tally_ring *r, const struct shape *s, int64_t now_s, uint32_t n)
{
	turn(r, s, now_s / s->width_s);
	r->n[r->at % s->n] += n;
}

static uint64_t
sum(const struct tally_ring *r, const struct shape *s, int64_t now_s)
{
	int64_t at = now_s / s->width_s;
	uint64_t all = 0;

	for (int64_t i = at - s->n + 1; i <= at; i++)
		if (i >= 0 && i <= r->at && i > r->at - s->n)
			all += r->n[i % s->n];
	return all;
}

void
tally_add(struct tally *t, int64_t now_s, uint32_t n)
{
	count(&t->minute, &minute, now_s, n);
	count(&t->hour, &hour, now_s, n);
	count(&t->day, &day, now_s, n);
}

uint64_t
tally_minute(const struct tally *t, int64_t now_s)
{
	return sum(&t->minute, &minute, now_s);
}

uint64_t
tally_hour(const struct tally *t, int64_t now_s)
{
	return sum(&t->hour, &hour, now_s);
}

uint64_t
tally_day(const struct tally *t, int64_t now_s)
{
	return sum(&t->day, &day, now_s);
}
