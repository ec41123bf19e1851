#include "relay/quota.h"

#include <errno.h>

#include "base/text.h"

static const struct kind {
	const char *name;
	int64_t     width_s;
	int64_t     buckets;            /* whole ones that make the window, and one that has begun */
} kinds[NQUOTAS] = {
	[QUOTA_MINUTE]     = { "minute",     1,   60 + 1 },
	[QUOTA_HOUR]       = { "hour",       60,  60 + 1 },
	[QUOTA_DAY]        = { "day",        900, 96 + 1 },
	[QUOTA_RECIPIENTS] = { "recipients", 900, 96 + 1 },
};

#define RESERVE_PART 20
#define RESERVE_MOST 100

/* The bucket of a time; the newest when time went back. */
static int64_t
present(const struct quota_window *w, enum quota_kind k, int64_t now_s)
{
	int64_t b = now_s / kinds[k].width_s;

	return b > w->newest ? b : w->newest;
}

/* The oldest bucket that still counts. */
static int64_t
oldest(enum quota_kind k, int64_t newest)
{
	int64_t b = newest - kinds[k].buckets + 1;

	return b > 0 ? b : 0;
}

static uint32_t *
slot(struct quota_window *w, enum quota_kind k, int64_t bucket)
{
	return &w->count[bucket % kinds[k].buckets];
}

static uint32_t
count(const struct quota_window *w, enum quota_kind k, int64_t bucket)
{
	return bucket > w->newest ? 0 : w->count[bucket % kinds[k].buckets];
}

/* Empties what the window has left behind on its way to now. */
static void
advance(struct quota_window *w, enum quota_kind k, int64_t now_s)
{
	int64_t b = present(w, k, now_s);
	int64_t from = w->newest + 1 > oldest(k, b) ? w->newest + 1 : oldest(k, b);

	for (int64_t i = from; i <= b; i++)
		*slot(w, k, i) = 0;
	w->newest = b;
}

static void
add(uint32_t *to, uint32_t n)
{
	*to = n > UINT32_MAX - *to ? UINT32_MAX : *to + n;
}

void
quota_add(struct quota *q, int64_t now_s, uint32_t messages, uint32_t recipients)
{
	for (int k = 0; k < NQUOTAS; k++) {
		struct quota_window *w = &q->window[k];

		advance(w, k, now_s);
		add(slot(w, k, w->newest), k == QUOTA_RECIPIENTS ? recipients : messages);
	}
}

uint64_t
quota_used(const struct quota *q, enum quota_kind k, int64_t now_s)
{
	const struct quota_window *w = &q->window[k];
	int64_t b = present(w, k, now_s);
	uint64_t n = 0;

	for (int64_t i = oldest(k, b); i <= b; i++)
		n += count(w, k, i);
	return n;
}

int64_t
quota_room_at(const struct quota *q, enum quota_kind k, uint64_t max, uint64_t want, int64_t now_s)
{
	const struct quota_window *w = &q->window[k];
	uint64_t used = quota_used(q, k, now_s);
	int64_t b = present(w, k, now_s);

	if (want > max)
		return INT64_MAX;
	if (used + want <= max)
		return now_s;
	for (int64_t i = oldest(k, b); i <= b; i++) {
		used -= count(w, k, i);
		if (used + want <= max)
			return (i + kinds[k].buckets) * kinds[k].width_s;
	}
	return INT64_MAX;
}

uint64_t
quota_reserve(enum quota_kind k, uint64_t max)
{
	if (k != QUOTA_DAY && k != QUOTA_RECIPIENTS)
		return 0;
	return max / RESERVE_PART < RESERVE_MOST ? max / RESERVE_PART : RESERVE_MOST;
}

/* ---- as text ---- */

static void
put_window(const struct quota_window *w, enum quota_kind k, int64_t now_s, struct buf *b)
{
	int64_t newest = present(w, k, now_s);
	bool any = false;

	for (int64_t i = oldest(k, newest); i <= newest; i++) {
		if (count(w, k, i) == 0)
			continue;
		if (!any)
			buf_printf(b, " %s=", kinds[k].name);
		buf_printf(b, "%s%lld:%lu", any ? "," : "", (long long)i, (unsigned long)count(w, k, i));
		any = true;
	}
}

void
quota_put(const struct quota *q, int64_t now_s, struct buf *b)
{
	for (int k = 0; k < NQUOTAS; k++)
		put_window(&q->window[k], k, now_s, b);
}

static int
read_window(struct quota_window *w, enum quota_kind k, int64_t now_s, struct span list)
{
	struct span item, number;
	uint64_t b, n;

	advance(w, k, now_s);
	while (span_cut(&list, ',', &item)) {
		if (!span_cut(&item, ':', &number) || text_number(number, INT64_MAX, &b) != 0 ||
		    text_number(item, UINT32_MAX, &n) != 0)
			return -EINVAL;
		if ((int64_t)b > w->newest)
			b = (uint64_t)w->newest;
		if ((int64_t)b >= oldest(k, w->newest))
			add(slot(w, k, (int64_t)b), (uint32_t)n);
	}
	return 0;
}

int
quota_read(struct quota *q, int64_t now_s, struct span word)
{
	struct span name;

	if (!span_cut(&word, '=', &name) || word.n == 0)
		return -EINVAL;
	for (int k = 0; k < NQUOTAS; k++)
		if (span_eq(name, span_of(kinds[k].name)))
			return read_window(&q->window[k], k, now_s, word);
	return -EINVAL;
}
