/*
 * network.h - a network as one writes it, "192.168.1.0/24" or "fd00::/8", or
 * one address; and whether an address is in it.  Knows no sockets.
 */
#ifndef CONFIG_NETWORK_H
#define CONFIG_NETWORK_H

#include <stdbool.h>

#include "base/buf.h"

/* IPv4 as ::ffff:a.b.c.d, so that there is one kind. */
struct address {
	unsigned char octet[16];
};

struct network {
	struct address base;
	unsigned       bits;            /* 0 to 128 */
};

/* "192.0.2.1", "2001:db8::1": no brackets, no zone. */
bool address_parse(struct span s, struct address *ret);
bool address_is_loopback(const struct address *a);
bool address_is_v4(const struct address *a);

/* "192.0.2.1", or "IPv6:2001:db8::1" with the tag that RFC 5321 §4.1.3 wants. */
void address_put(struct buf *b, const struct address *a, bool tag);

/* False: *ret_why is a constant text. */
bool network_parse(struct span s, struct network *ret, const char **ret_why);
bool network_has(const struct network *n, const struct address *a);

#endif
