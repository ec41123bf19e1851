#include "relay/flood.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define PARTS  12                       /* of the period … */
#define SLOTS  (PARTS + 1)              /* … and the one that is not over */
#define CHAINS 64

struct name {
	char         text[FLOOD_NAME_MAX + 1];
	int64_t      newest;            /* the slot that count[0] is of */
	unsigned     count[SLOTS];      /* backwards in time */
	struct name *next;
};

struct flood {
	int64_t      slot_s;
	struct name *chain[CHAINS];
	size_t       n;
};

struct flood *
flood_new(int64_t period_s)
{
	struct flood *f = xcalloc(1, sizeof(*f));

	f->slot_s = (period_s + PARTS - 1) / PARTS;
	return f;
}

void
flood_free(struct flood *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++) {
		struct name *n;

		while ((n = f->chain[i]) != NULL) {
			f->chain[i] = n->next;
			free(n);
		}
	}
	free(f);
}

size_t
flood_names(const struct flood *f)
{
	return f->n;
}

/* ---- names ---- */

static struct span
cut(const char *name)
{
	struct span s = span_of(name);

	if (s.n > FLOOD_NAME_MAX)
		s.n = FLOOD_NAME_MAX;
	return s;
}

static size_t
chain_of(struct span name)
{
	uint32_t h = 2166136261u;       /* FNV-1a */

	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * 16777619u;
	return h % CHAINS;
}

static struct name *
find(const struct flood *f, struct span name)
{
	struct name *n = f->chain[chain_of(name)];

	while (n != NULL && !span_eq(span_of(n->text), name))
		n = n->next;
	return n;
}

static unsigned
sum(const struct name *n, int64_t slot)
{
	int64_t  gone = slot - n->newest;
	unsigned all = 0;

	for (int i = 0; i < SLOTS; i++)
		if (gone <= 0 || i + gone < SLOTS)
			all += n->count[i];
	return all;
}

static void
drop(struct flood *f, struct name **at)
{
	struct name *n = *at;

	*at = n->next;
	free(n);
	f->n--;
}

/* The one with the least goes; of equals the one that was quiet for longest. */
static void
make_room(struct flood *f, int64_t slot)
{
	struct name **least = NULL;
	unsigned      least_n = 0;

	for (size_t i = 0; i < CHAINS; i++) {
		for (struct name **at = &f->chain[i]; *at != NULL; at = &(*at)->next) {
			unsigned n = sum(*at, slot);

			if (least == NULL || n < least_n || (n == least_n && (*at)->newest < (*least)->newest)) {
				least = at;
				least_n = n;
			}
		}
	}
	if (least != NULL)
		drop(f, least);
}

static struct name *
make(struct flood *f, struct span name, int64_t slot)
{
	struct name **chain = &f->chain[chain_of(name)], *n;

	if (f->n == FLOOD_NAMES)
		make_room(f, slot);
	n = xcalloc(1, sizeof(*n));
	memcpy(n->text, name.p, name.n);
	n->newest = slot;
	n->next = *chain;
	*chain = n;
	f->n++;
	return n;
}

/* ---- time ---- */

static void
turn(struct name *n, int64_t slot)
{
	int64_t by = slot - n->newest;

	if (by >= SLOTS) {
		memset(n->count, 0, sizeof(n->count));
	} else if (by > 0) {
		memmove(&n->count[by], n->count, (size_t)(SLOTS - by) * sizeof(n->count[0]));
		memset(n->count, 0, (size_t)by * sizeof(n->count[0]));
	}
	if (by > 0 || by <= -SLOTS)
		n->newest = slot;
}

static unsigned
add(struct flood *f, struct span name, int64_t slot, unsigned many)
{
	struct name *n = find(f, name);

	if (n == NULL)
		n = make(f, name, slot);
	turn(n, slot);
	n->count[n->newest - slot] += many;
	return sum(n, n->newest);
}

unsigned
flood_add(struct flood *f, const char *name, int64_t when_s)
{
	return add(f, cut(name), when_s / f->slot_s, 1);
}

unsigned
flood_count(const struct flood *f, const char *name, int64_t now_s)
{
	const struct name *n = find(f, cut(name));

	return n != NULL ? sum(n, now_s / f->slot_s) : 0;
}

int64_t
flood_room_at(const struct flood *f, const char *name, unsigned most, int64_t now_s)
{
	const struct name *n = find(f, cut(name));
	int64_t            slot = now_s / f->slot_s;

	if (n == NULL || sum(n, slot) < most)
		return now_s;
	slot = slot > n->newest ? slot : n->newest;
	for (int i = 0; i < SLOTS && sum(n, slot) >= most; i++)
		slot++;
	return slot * f->slot_s;
}

/* ---- as text ---- */

void
flood_put(const struct flood *f, const char *word, struct buf *b)
{
	for (size_t c = 0; c < CHAINS; c++) {
		for (const struct name *n = f->chain[c]; n != NULL; n = n->next) {
			for (int i = 0; i < SLOTS; i++) {
				if (n->count[i] == 0)
					continue;
				buf_printf(b, "%s ", word);
				text_put_percent(b, span_of(n->text));
				buf_printf(b, " %lld %u\n", (long long)((n->newest - i) * f->slot_s), n->count[i]);
			}
		}
	}
}

void
flood_take(struct flood *f, struct span line, int64_t now_s)
{
	struct span word[3];
	struct buf  name;
	uint64_t    when_s, many;

	for (size_t i = 0; i < 3; i++)
		if (!span_cut(&line, ' ', &word[i]))
			return;
	if (line.n > 0 || text_number(word[1], (uint64_t)now_s, &when_s) != 0 ||
	    text_number(word[2], 1000000000, &many) != 0 ||
	    (int64_t)when_s / f->slot_s <= now_s / f->slot_s - SLOTS)
		return;
	buf_init(&name, FLOOD_NAME_MAX);
	if (text_percent(word[0], &name) == 0 && !name.over && name.n > 0)
		(void)add(f, buf_view(&name), (int64_t)when_s / f->slot_s, (unsigned)many);
	buf_done(&name);
}
