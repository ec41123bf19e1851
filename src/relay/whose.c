#include "relay/whose.h"

#include <stdio.h>
#include <string.h>

#include "config/network.h"

#define V6_OCTETS 8                     /* of an address, that are the client's network */

static bool
is_client(const struct message *m)
{
	const struct via *via = &m->env.via;

	/* Over a Unix socket the kernel says who it is. */
	return via->user != NULL || (via->address != NULL && strcmp(via->address, VIA_LOCAL) != 0);
}

static bool
address_of(const struct message *m, struct address *ret)
{
	struct span s = span_of(m->env.via.address);

	if (span_istarts(s, SPAN("IPv6:")))
		s = (struct span){ s.p + 5, s.n - 5 };
	return address_parse(s, ret);
}

static void
put_network(struct buf *b, const struct message *m)
{
	struct address a;

	if (!address_of(m, &a)) {
		buf_str(b, m->env.via.address);
		return;
	}
	if (!address_is_v4(&a))
		memset(&a.octet[V6_OCTETS], 0, sizeof(a.octet) - V6_OCTETS);
	address_put(b, &a, false);
	if (!address_is_v4(&a))
		buf_str(b, "/64");
}

void
whose_uid(uid_t uid, char key[static FLOOD_NAME_MAX + 1])
{
	snprintf(key, FLOOD_NAME_MAX + 1, "uid %lu", (unsigned long)uid);
}

void
whose(const struct message *m, struct whose *ret)
{
	struct buf network;

	ret->user = m->env.user;
	ret->shared = is_client(m);
	if (!ret->shared) {
		whose_uid(m->uid, ret->key);
		snprintf(ret->name, sizeof(ret->name), "%.*s", FLOOD_NAME_MAX, m->env.user);
	} else if (m->env.via.user != NULL) {
		snprintf(ret->key, sizeof(ret->key), "login %s", m->env.via.user);
		snprintf(ret->name, sizeof(ret->name), "listener's user %.*s", FLOOD_NAME_MAX, m->env.via.user);
	} else {
		buf_init(&network, FLOOD_NAME_MAX);
		put_network(&network, m);
		snprintf(ret->key, sizeof(ret->key), "from %s", buf_cstr(&network));
		snprintf(ret->name, sizeof(ret->name), "client %s", buf_cstr(&network));
		buf_done(&network);
	}
}

static bool
is_within(const struct message *m, const char *network)
{
	struct network n;
	struct address a;
	const char    *why;

	return m->env.via.address != NULL && network_parse(span_of(network), &n, &why) && address_of(m, &a) &&
	    network_has(&n, &a);
}

bool
whose_is_exempt(const struct message *m, char *const *exempt)
{
	const char *name = is_client(m) ? m->env.via.user : m->env.user;

	for (; exempt != NULL && *exempt != NULL; exempt++)
		if ((name != NULL && strcmp(name, *exempt) == 0) || is_within(m, *exempt))
			return true;
	return false;
}
