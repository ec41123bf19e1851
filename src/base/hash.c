#include "base/hash.h"

#include <stdlib.h>

#define FIRST 16

/* The power of two at or below the number of chains. */
static size_t
level(const struct hash *h)
{
	return (size_t)1 << (63 - __builtin_clzll(h->nchains));
}

static struct hash_node **
chain_of(const struct hash *h, uint32_t hash)
{
	size_t half = level(h), at = hash & (2 * half - 1);

	return &h->chain[at < h->nchains ? at : at - half];
}

/* One chain more: of those of an older one, whose turn it is, whoever belongs to it. */
static void
split(struct hash *h)
{
	size_t half = level(h);
	struct hash_node **from = &h->chain[h->nchains - half], **to;

	if (half == h->nchains) {
		h->chain = xrealloc(h->chain, 2 * half * sizeof(*h->chain));
		from = &h->chain[0];
	}
	to = &h->chain[h->nchains++];
	*to = NULL;
	while (*from != NULL) {
		struct hash_node *x = *from;

		if ((x->hash & half) == 0) {
			from = &x->next;
			continue;
		}
		*from = x->next;
		x->next = *to;
		*to = x;
	}
}

void
hash_add(struct hash *h, struct hash_node *x)
{
	struct hash_node **chain;

	if (h->nchains == 0) {
		h->chain = xcalloc(FIRST, sizeof(*h->chain));
		h->nchains = FIRST;
	} else if (h->n >= h->nchains) {
		split(h);
	}
	chain = chain_of(h, x->hash);
	x->next = *chain;
	*chain = x;
	h->n++;
}

void
hash_remove(struct hash *h, struct hash_node *x)
{
	struct hash_node **at = chain_of(h, x->hash);

	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	if (--h->n == 0)
		hash_done(h);
}

static struct hash_node *
same(struct hash_node *x, uint32_t hash)
{
	while (x != NULL && x->hash != hash)
		x = x->next;
	return x;
}

struct hash_node *
hash_find(const struct hash *h, uint32_t hash)
{
	return h->nchains == 0 ? NULL : same(*chain_of(h, hash), hash);
}

struct hash_node *
hash_next(const struct hash_node *x)
{
	return same(x->next, x->hash);
}

void
hash_done(struct hash *h)
{
	free(h->chain);
	*h = (struct hash){ 0 };
}

/* Message IDs are times with three digits of chance: neighbours differ in few bits, so all are spread. */
uint32_t
hash_number(uint64_t n)
{
	n *= UINT64_C(0x9E3779B97F4A7C15);
	return (uint32_t)(n ^ n >> 32) ^ (uint32_t)(n >> 47);
}

/* FNV-1a: short texts of local origin. */
uint32_t
hash_span(struct span s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h ^ h >> 15;
}
