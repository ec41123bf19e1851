#include "mail/addrset.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"

#define FIRST_CAP 8

/* FNV-1a over what addr_eq() compares, without regard to case: equal ones collide, as they must. */
static size_t
hash(const struct addr *a)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < a->n; i++) {
		unsigned char c = (unsigned char)a->text[i];

		h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * UINT64_C(0x100000001b3);
	}
	return (size_t)(h ^ h >> 32);
}

/* The place of a, or the free one where it belongs. */
static size_t *
find(const struct addrset *s, const struct addr *a)
{
	size_t at = hash(a) & (s->cap - 1);

	while (s->table[at] != 0 && !addr_eq(s->addr[s->table[at] - 1], a))
		at = (at + 1) & (s->cap - 1);
	return &s->table[at];
}

static void
grow(struct addrset *s)
{
	s->cap = s->cap > 0 ? 2 * s->cap : FIRST_CAP;
	free(s->table);
	s->table = xcalloc(s->cap, sizeof(*s->table));
	s->addr = xrealloc(s->addr, s->cap / 2 * sizeof(struct addr *));
	for (size_t i = 0; i < s->n; i++)
		*find(s, s->addr[i]) = i + 1;
}

size_t
addrset_add(struct addrset *s, struct addr *a, bool *ret_new)
{
	size_t *place;

	if (2 * (s->n + 1) > s->cap)
		grow(s);
	place = find(s, a);
	if (ret_new != NULL)
		*ret_new = *place == 0;
	if (*place != 0) {
		addr_free(a);
		return *place - 1;
	}
	s->addr[s->n] = a;
	*place = ++s->n;
	return s->n - 1;
}

bool
addrset_has(const struct addrset *s, const struct addr *a)
{
	return s->n > 0 && *find(s, a) != 0;
}

void
addrset_done(struct addrset *s)
{
	for (size_t i = 0; i < s->n; i++)
		addr_free(s->addr[i]);
	free(s->addr);
	free(s->table);
	*s = (struct addrset){ 0 };
}
