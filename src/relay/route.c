#include "relay/route.h"

#include <stddef.h>
#include <string.h>

/* The first label. */
static struct span
short_name(struct span host)
{
	const char *dot = host.n > 0 ? memchr(host.p, '.', host.n) : NULL;

	return (struct span){ host.p, dot != NULL ? (size_t)(dot - host.p) : host.n };
}

static bool
names_host(struct span domain, struct span host)
{
	return host.n > 0 && (span_ieq(domain, host) || span_ieq(domain, short_name(host)));
}

static bool
is_localhost(struct span domain)
{
	return span_ieq(domain, SPAN("localhost")) || span_ieq(domain, SPAN("localhost.localdomain"));
}

bool
route_is_local(const struct config *c, const char *host, const struct addr *a)
{
	struct span domain = addr_domain(a);

	if (addr_is_null(a))
		return false;
	return addr_is_bare(a) || is_localhost(domain) ||
	    names_host(domain, span_of(c->hostname)) || names_host(domain, span_of(host));
}

/* local@c->domain, whatever domain it had.  NULL: too long. */
static struct addr *
at_domain(const struct config *c, const struct addr *a)
{
	struct addr *bare = addr_parse(addr_local(a), NULL);
	struct addr *ret = bare != NULL ? addr_qualify(bare, span_of(c->domain)) : NULL;

	addr_free(bare);
	return ret;
}

struct addr *
route_recipient(const struct config *c, const char *host, const struct addr *a, const char **ret_why)
{
	struct addr *ret;

	if (!route_is_local(c, host, a))
		return addr_dup(a);
	if (c->local_mail != NULL) {
		/* local-mail itself may be a bare name: it gets the domain like any other. */
		ret = addr_qualify(c->local_mail, span_of(c->domain));
	} else
		ret = at_domain(c, a);
	if (ret == NULL && ret_why != NULL)
		*ret_why = "with the domain added it is no valid address (longer than 254 octets?)";
	return ret;
}

/*
 * A sender's full host name is kept, for making it the domain would be
 * masquerading, which nobody asked for; "localhost" and short names get the
 * domain, for nobody could ever answer them.
 */
struct addr *
route_sender(const struct config *c, const char *host, const struct addr *a)
{
	struct addr *ret = NULL;
	struct span  domain = addr_domain(a);

	if (route_is_local(c, host, a) &&
	    (is_localhost(domain) || domain.n == 0 || memchr(domain.p, '.', domain.n) == NULL))
		ret = at_domain(c, a);
	return ret != NULL ? ret : addr_dup(a);
}
