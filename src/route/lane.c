/* lane.c - by which relays; see route.h. */
#include <string.h>

#include "mail/pattern.h"
#include "route/route.h"

/*
 * A pattern without a domain is for names of this host; on the wire these
 * have the domain already.
 */
static bool
fits(const struct config *c, const char *host, const char *pattern, const struct addr *a)
{
	bool local = route_is_local(c, host, a) || span_ieq(addr_domain(a), span_of(c->domain));

	return pattern == NULL || pattern_fits(span_of(pattern), a, local, span_of(c->domain));
}

size_t
route_lane(const struct config *c, const char *host, const char *user, const struct addr *sender,
    const struct addr *to)
{
	for (size_t i = 0; i < c->nroutes; i++) {
		const struct route_conf *r = &c->routes[i];

		if ((r->user == NULL || (user != NULL && strcmp(r->user, user) == 0)) &&
		    fits(c, host, r->sender, sender) && fits(c, host, r->recipient, to))
			return r->lane;
	}
	return 0;
}
