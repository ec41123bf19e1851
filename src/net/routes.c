#include "net/routes.h"

#ifdef __linux__

#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <netinet/in.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define LOOPBACK_INDEX 1        /* the kernel's LOOPBACK_IFINDEX, in every name space */
#define ENOUGH         4096     /* a table this long is a router's: it has a network */
#define DRAIN_READS    64

static int
open_netlink(unsigned groups)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&self, sizeof(self)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int
routes_watch(void)
{
	return open_netlink(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
	    RTMGRP_IPV6_ROUTE);
}

/* What it says does not matter, only that it says something.  ENOBUFS: it said more than there was room for. */
void
routes_drain(int fd)
{
	char b[8192];

	for (int i = 0; i < DRAIN_READS; i++)
		if (recv(fd, b, sizeof(b), MSG_DONTWAIT) < 0 && errno != EINTR && errno != ENOBUFS)
			return;
}

/* Where every host has a route by itself, network or not: fe80::/10, 169.254.0.0/16. */
static bool
is_link_local(const struct rtmsg *m, const unsigned char *to, size_t n)
{
	if (m->rtm_family == AF_INET6)
		return m->rtm_dst_len >= 10 && n >= 2 && to[0] == 0xfe && (to[1] & 0xc0) == 0x80;
	return m->rtm_dst_len >= 16 && n >= 2 && to[0] == 169 && to[1] == 254;
}

/* A default route is also one that is cut in two halves, as VPNs do to stand before the real one. */
static enum reach
judge(const struct nlmsghdr *h)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	int left = (int)RTM_PAYLOAD(h);

	if ((m->rtm_family != AF_INET && m->rtm_family != AF_INET6) || m->rtm_type != RTN_UNICAST ||
	    m->rtm_table == RT_TABLE_LOCAL || (m->rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) != 0)
		return REACH_NONE;
	for (const struct rtattr *a = RTM_RTA(m); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		int index;

		if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == sizeof(index)) {
			memcpy(&index, RTA_DATA(a), sizeof(index));
			if (index == LOOPBACK_INDEX)
				return REACH_NONE;
		} else if (a->rta_type == RTA_DST && is_link_local(m, RTA_DATA(a), RTA_PAYLOAD(a))) {
			return REACH_NONE;
		}
	}
	return m->rtm_dst_len <= 1 ? REACH_FAR : REACH_NEAR;
}

static bool
ask(int fd)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg    m;
	} q = {
		.h = { .nlmsg_len = sizeof(q), .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.m = { .rtm_family = AF_UNSPEC },
	};

	return send(fd, &q, sizeof(q), 0) == (ssize_t)sizeof(q);
}

/* The kernel makes a dump as it is read: there is nothing to wait for. */
static enum reach
read_answer(int fd)
{
	_Alignas(struct nlmsghdr) char b[32768];
	enum reach best = REACH_NONE;
	unsigned seen = 0;

	for (;;) {
		ssize_t n = recv(fd, b, sizeof(b), MSG_DONTWAIT);
		const struct nlmsghdr *h = (const struct nlmsghdr *)b;
		size_t left = (size_t)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return best == REACH_NONE ? REACH_UNKNOWN : best;
		for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return best;
			if (h->nlmsg_type == NLMSG_ERROR)
				return REACH_UNKNOWN;
			if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg)))
				continue;
			if (judge(h) > best)
				best = judge(h);
			if (best == REACH_FAR || (++seen > ENOUGH && best == REACH_NEAR))
				return REACH_FAR;
		}
	}
}

/*
 * "Nothing" is what stops all mail, so it is asked for twice: a kernel that
 * is another program's imitation answers a dump with an empty list.
 */
enum reach
routes_look(void)
{
	int fd = open_netlink(0);
	enum reach now;

	if (fd < 0)
		return REACH_UNKNOWN;
	now = ask(fd) ? read_answer(fd) : REACH_UNKNOWN;
	close(fd);
	return now == REACH_NONE ? routes_probe() : now;
}

#else

#include <errno.h>

int
routes_watch(void)
{
	return -ENOSYS;
}

void
routes_drain(int fd)
{
	(void)fd;
}

enum reach
routes_look(void)
{
	return routes_probe();
}

#endif
