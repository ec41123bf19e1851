/*
 * rewrite.h - what the two halves of route.h share, and nobody else includes.
 */
#ifndef ROUTE_REWRITE_H
#define ROUTE_REWRITE_H

#include "route/route.h"

bool rewrite_is_localhost(struct span domain);

/* local@c->domain, whatever domain it had.  NULL: too long. */
struct addr *rewrite_at_domain(const struct config *c, const struct addr *a);

/* The first map of this use that fits; NULL: none. */
const struct map_conf *rewrite_map(const struct config *c, const char *host, const struct addr *a,
                           enum map_use use);

#endif
