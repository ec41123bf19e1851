/*
 * rewrite.h - what the two halves of route.h share, and nobody else includes.
 */
#ifndef ROUTE_REWRITE_H
#define ROUTE_REWRITE_H

#include "config/mapfile.h"
#include "route/route.h"

bool rewrite_is_localhost(struct span domain);

/* local@c->domain, whatever domain it had.  NULL: too long. */
struct addr *rewrite_at_domain(const struct config *c, const struct addr *a);

/* The map that fits an address. */
struct map_hit {
	const struct map_conf *map;     /* NULL: none */
	const struct map_line *line;    /* of its file; NULL: it is the map itself */
	const char            *to;
};

/* The first of this use that fits. */
struct map_hit rewrite_map(const struct config *c, const struct origin *from, const struct addr *a,
                   enum map_use use);

/* The map as one may find it again: as written, or "FILE:LINE: PATTERN TO". */
void rewrite_put_map(struct buf *b, const struct map_hit *hit);

#endif
