/*
 * addrset.h - addresses, each once (addr_eq), in the order they came.
 */
#ifndef MAIL_ADDRSET_H
#define MAIL_ADDRSET_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/addr.h"

/* Empty when all zero. */
struct addrset {
	struct addr **addr;     /* owned */
	size_t        n;
	size_t       *table;    /* open-addressed: index + 1, 0: free */
	size_t        cap;      /* of the table; a power of two, at least twice n */
};

/* Its place; takes the address, which is freed when it is there already (*ret_new, may be NULL). */
size_t addrset_add(struct addrset *s, struct addr *a, bool *ret_new);
bool   addrset_has(const struct addrset *s, const struct addr *a);
void   addrset_done(struct addrset *s);

#endif
