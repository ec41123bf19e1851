#include "relay/idset.h"

#include <stdlib.h>

#include "base/buf.h"

/* IDs are times with three digits of chance: neighbours differ in few bits, so all are spread. */
static size_t
slot_of(const struct idset *s, msgid id)
{
	size_t mask = 2 * s->cap - 1, at = (size_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & mask;

	while (s->table[at] != 0 && s->id[s->table[at] - 1] != id)
		at = (at + 1) & mask;
	return at;
}

static void
grow(struct idset *s)
{
	s->cap = s->cap > 0 ? 2 * s->cap : 16;
	s->id = xrealloc(s->id, s->cap * sizeof(*s->id));
	free(s->table);
	s->table = xcalloc(2 * s->cap, sizeof(*s->table));
	for (size_t i = 0; i < s->n; i++)
		s->table[slot_of(s, s->id[i])] = (uint32_t)i + 1;
}

bool
idset_add(struct idset *s, msgid id)
{
	size_t at;

	if (s->n == s->cap)
		grow(s);
	at = slot_of(s, id);
	if (s->table[at] != 0)
		return false;
	s->id[s->n++] = id;
	s->table[at] = (uint32_t)s->n;
	return true;
}

size_t
idset_find(const struct idset *s, msgid id)
{
	uint32_t at = s->n > 0 ? s->table[slot_of(s, id)] : 0;

	return at > 0 ? at - 1 : IDSET_NONE;
}

void
idset_done(struct idset *s)
{
	free(s->id);
	free(s->table);
	*s = (struct idset){ 0 };
}
