/*
 * hash.h - a hash table of nodes that lie in their owner's structs.  It grows
 * by one chain with each node (linear hashing), so no single addition is long
 * however many there are.  Knows no keys: whoever looks compares the nodes of
 * one hash.  Pure.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct hash_node {
	struct hash_node *next;         /* in its chain */
	uint32_t          hash;
	uint32_t          n;            /* its owner's, in what were else padding */
};

struct hash {
	struct hash_node **chain;       /* owned; begin with zeros */
	size_t             nchains, n;
};

void hash_add(struct hash *h, struct hash_node *x);     /* x->hash is set */
void hash_remove(struct hash *h, struct hash_node *x);

/* The first of this hash, and the next of the same; NULL: no other. */
struct hash_node *hash_find(const struct hash *h, uint32_t hash);
struct hash_node *hash_next(const struct hash_node *x);

void hash_done(struct hash *h);                         /* not the nodes */

uint32_t hash_number(uint64_t n);
uint32_t hash_span(struct span s);

#endif
