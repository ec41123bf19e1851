#include "relay/waiting.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/buf.h"

static bool
before(const struct entry *a, const struct entry *b)
{
	return a->due_s != b->due_s ? a->due_s < b->due_s : a->id < b->id;
}

static void
put(struct waiting *w, size_t at, struct entry *e)
{
	w->e[at] = e;
	e->slot = (uint32_t)at;
}

static void
rise(struct waiting *w, size_t at, struct entry *e)
{
	for (; at > 0 && before(e, w->e[(at - 1) / 2]); at = (at - 1) / 2)
		put(w, at, w->e[(at - 1) / 2]);
	put(w, at, e);
}

static void
sink(struct waiting *w, size_t at, struct entry *e)
{
	size_t child;

	while ((child = 2 * at + 1) < w->n) {
		if (child + 1 < w->n && before(w->e[child + 1], w->e[child]))
			child++;
		if (!before(w->e[child], e))
			break;
		put(w, at, w->e[child]);
		at = child;
	}
	put(w, at, e);
}

void
waiting_add(struct waiting *w, struct entry *e)
{
	if (w->n == w->cap) {
		w->cap = w->cap > 0 ? w->cap + w->cap / 2 : 64;
		w->e = xrealloc(w->e, w->cap * sizeof(*w->e));
	}
	rise(w, w->n++, e);
}

struct entry *
waiting_first(const struct waiting *w)
{
	return w->n > 0 ? w->e[0] : NULL;
}

void
waiting_remove(struct waiting *w, struct entry *e)
{
	size_t at = e->slot;
	struct entry *last = w->e[--w->n];

	assert(at <= w->n && (at == w->n || w->e[at] == e));
	if (at == w->n)
		return;
	if (at > 0 && before(last, w->e[(at - 1) / 2]))
		rise(w, at, last);
	else
		sink(w, at, last);
}

static void
pile(struct waiting *w)
{
	for (size_t i = w->n / 2; i-- > 0;)
		sink(w, i, w->e[i]);
}

static uint32_t
shifted(uint32_t at, int64_t seconds)
{
	int64_t ret = at + seconds;

	return ret < 0 ? 0 : ret > UINT32_MAX ? UINT32_MAX : (uint32_t)ret;
}

/* At an end of the range seconds become equal, and then the IDs count: the heap is made anew. */
void
waiting_shift(struct waiting *w, int64_t seconds)
{
	for (size_t i = 0; i < w->n; i++) {
		w->e[i]->due_s = shifted(w->e[i]->due_s, seconds);
		w->e[i]->last_s = shifted(w->e[i]->last_s, seconds);
	}
	pile(w);
}

/* Many go at once: one walk, and a heap made anew, not a way up or down for each. */
struct entry *
waiting_take_those(struct waiting *w, bool (*which)(void *arg, const struct entry *e), void *arg, size_t most)
{
	struct entry *taken = NULL, **end = &taken;
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++) {
		struct entry *e = w->e[i];

		if (most > 0 && which(arg, e)) {
			e->next = NULL;
			*end = e;
			end = &e->next;
			most--;
		} else {
			put(w, kept++, e);
		}
	}
	w->n = kept;
	if (taken != NULL)
		pile(w);
	return taken;
}

void
waiting_done(struct waiting *w)
{
	free(w->e);
	*w = (struct waiting){ 0 };
}
