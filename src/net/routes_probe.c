/* routes_probe.c - is there a network, asked without rtnetlink; see routes.h. */
#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "net/routes.h"

/* Of documentation (RFC 5737, RFC 3849): nobody's, so only a default route leads there. */
#define FAR_4 "192.0.2.1"
#define FAR_6 "2001:db8::1"
#define DISCARD 9

static bool
leads(int family, const struct sockaddr *to, socklen_t n)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool way;

	if (fd < 0)
		return false;
	way = connect(fd, to, n) == 0;
	close(fd);
	return way;
}

static bool
has_default(void)
{
	struct sockaddr_in  in = { .sin_family = AF_INET, .sin_port = htons(DISCARD) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(DISCARD) };

	inet_pton(AF_INET, FAR_4, &in.sin_addr);
	inet_pton(AF_INET6, FAR_6, &in6.sin6_addr);
	return leads(AF_INET, (struct sockaddr *)&in, sizeof(in)) ||
	    leads(AF_INET6, (struct sockaddr *)&in6, sizeof(in6));
}

static bool
is_of_the_world(const struct sockaddr *a)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (a == NULL)
		return false;
	if (a->sa_family == AF_INET) {
		memcpy(&in, a, sizeof(in));
		return ntohl(in.sin_addr.s_addr) >> 16 != 0xa9fe;       /* 169.254.0.0/16 */
	}
	if (a->sa_family != AF_INET6)
		return false;
	memcpy(&in6, a, sizeof(in6));
	return !IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr);
}

enum reach
routes_probe(void)
{
	const unsigned up = IFF_UP | IFF_RUNNING;
	enum reach now = REACH_NONE;
	struct ifaddrs *all;

	if (has_default())
		return REACH_FAR;
	if (getifaddrs(&all) != 0)
		return REACH_UNKNOWN;
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next)
		if ((i->ifa_flags & up) == up && (i->ifa_flags & IFF_LOOPBACK) == 0 && is_of_the_world(i->ifa_addr))
			now = REACH_NEAR;
	freeifaddrs(all);
	return now;
}
