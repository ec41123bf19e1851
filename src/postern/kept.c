/* kept.c - see kept.h. */
#include "postern/kept.h"

#include <stdlib.h>

void
kept_init(struct kept *k, size_t max_bytes)
{
	*k = (struct kept){ .n = 0 };
	buf_init(&k->text, max_bytes);
}

void
kept_done(struct kept *k)
{
	buf_done(&k->text);
	free(k->end);
	*k = (struct kept){ .n = 0 };
}

void
kept_add(struct kept *k, struct span line)
{
	buf_span(&k->text, line);
	if (k->text.over)
		return;
	if (k->n == k->cap) {
		k->cap = k->cap * 2 + 16;
		k->end = xrealloc(k->end, k->cap * sizeof(*k->end));
	}
	k->end[k->n++] = k->text.n;
}

struct span
kept_at(const struct kept *k, size_t i)
{
	size_t start = i > 0 ? k->end[i - 1] : 0;

	return k->end[i] > start ? (struct span){ k->text.p + start, k->end[i] - start } : SPAN("");
}
