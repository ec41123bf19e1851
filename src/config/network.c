#include "config/network.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const unsigned char v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* Larger ones are not networks of anybody's: 10.0.0.0/8 and fc00::/7 are the largest private ones. */
#define V4_MIN_BITS 8
#define V6_MIN_BITS 7

bool
address_parse(struct span s, struct address *ret)
{
	char           *text = span_dup(s);
	struct address  a;
	bool            ok;

	memcpy(a.octet, v4_prefix, sizeof(v4_prefix));
	ok = strlen(text) == s.n && (inet_pton(AF_INET, text, a.octet + 12) == 1 ||
	    inet_pton(AF_INET6, text, a.octet) == 1);
	free(text);
	if (ok)
		*ret = a;
	return ok;
}

bool
address_is_v4(const struct address *a)
{
	return memcmp(a->octet, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool
address_is_loopback(const struct address *a)
{
	static const unsigned char one[16] = { [15] = 1 };

	return address_is_v4(a) ? a->octet[12] == 127 : memcmp(a->octet, one, sizeof(one)) == 0;
}

void
address_put(struct buf *b, const struct address *a, bool tag)
{
	char text[INET6_ADDRSTRLEN] = "";
	bool v4 = address_is_v4(a);

	inet_ntop(v4 ? AF_INET : AF_INET6, a->octet + (v4 ? 12 : 0), text, sizeof(text));
	buf_printf(b, "%s%s", tag && !v4 ? "IPv6:" : "", text);
}

static bool
bit(const struct address *a, unsigned i)
{
	return (a->octet[i / 8] >> (7 - i % 8) & 1) != 0;
}

static bool
is_base(const struct network *n)
{
	for (unsigned i = n->bits; i < 128; i++)
		if (bit(&n->base, i))
			return false;
	return true;
}

bool
network_parse(struct span s, struct network *ret, const char **ret_why)
{
	struct span    rest = s, text;
	struct network n;
	unsigned       shift, min;
	uint64_t       bits;

	*ret_why = "no address and no network";
	if (!span_cut(&rest, '/', &text) || !address_parse(text, &n.base))
		return false;
	shift = address_is_v4(&n.base) ? 96 : 0;
	min = shift > 0 ? V4_MIN_BITS : V6_MIN_BITS;
	bits = 128 - shift;
	if (text.n < s.n && text_number(rest, 128 - shift, &bits) < 0)
		return false;
	n.bits = (unsigned)bits + shift;
	if (bits < min) {
		*ret_why = "that is a part of the Internet and no network of yours";
		return false;
	}
	if (!is_base(&n)) {
		*ret_why = "the address has bits behind the network's";
		return false;
	}
	*ret = n;
	return true;
}

bool
network_has(const struct network *n, const struct address *a)
{
	for (unsigned i = 0; i < n->bits; i++)
		if (bit(&n->base, i) != bit(a, i))
			return false;
	return true;
}
