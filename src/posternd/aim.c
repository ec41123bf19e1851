/* aim.c - see aim.h. */
#include "posternd/aim.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "relay/aliasfile.h"

static int
take_address(const char *what, const char *text, struct addr **ret, struct buf *why)
{
	const char *wrong;

	if ((*ret = addr_parse(span_of(text), &wrong)) != NULL)
		return 0;
	buf_printf(why, "%s %s is no address: %s", what, text, wrong);
	return EX_USAGE;
}

static int
find_way(struct aim *a, const struct config *c, struct buf *why)
{
	const struct origin from = { .host = c->hostname, .user = "root" };

	a->aliases = aliasfile_new();
	if (route_recipient(c, aliasfile_get(a->aliases, c->aliases), &from, a->asked, NULL, &a->route) != 0 ||
	    a->route.to.n == 0) {
		buf_printf(why, "mail to %s goes nowhere: %s", a->asked->text, buf_cstr(&a->route.why));
		return EX_NOUSER;
	}
	if (a->route.to.n <= AIM_ADDRESSES_MAX)
		return 0;
	buf_printf(why, "%s stands for %zu addresses; a test is for %d at most: name one of them", a->asked->text,
	    a->route.to.n, AIM_ADDRESSES_MAX);
	return EX_USAGE;
}

/* The one that mail to this address would go by first. */
static const struct relay_conf *
usual_relay(const struct aim *a, const struct config *c)
{
	const struct origin from = { .host = c->hostname, .user = "root" };
	struct addr *root, *seen;
	size_t lane;

	if (a->asked == NULL)
		return &c->relays[0];
	root = addr_of_user(SPAN("root"), NULL);
	seen = route_sender(c, &from, a->sender != NULL ? a->sender : root);
	lane = route_lane(c, from.host, from.user, seen, a->route.to.addr[0]);
	addr_free(seen);
	addr_free(root);
	return &c->relays[c->lanes[lane].relay[0]];
}

int
aim_take(struct aim *a, const struct config *c, const char *to, const char *from, const char *relay,
    struct buf *why)
{
	int rc;

	*a = (struct aim){ .asked = NULL };
	if (from != NULL && (rc = take_address("the sender", from, &a->sender, why)) != 0)
		return rc;
	if (to != NULL && ((rc = take_address("the recipient", to, &a->asked, why)) != 0 ||
	    (rc = find_way(a, c, why)) != 0))
		return rc;
	a->relay = relay != NULL ? config_find_relay(c, relay, why) : usual_relay(a, c);
	return a->relay != NULL ? 0 : EX_DATAERR;
}

void
aim_done(struct aim *a)
{
	if (a->aliases != NULL) {
		route_done(&a->route);
		aliasfile_free(a->aliases);
	}
	addr_free(a->asked);
	addr_free(a->sender);
}
