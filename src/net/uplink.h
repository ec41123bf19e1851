/*
 * uplink.h - is there a network?  On Linux the kernel says when to look
 * (rtnetlink), elsewhere there is a look now and then, each second while
 * there is none.  Where the kernel may not be asked, that is not known, and
 * it is for the owner to go on as if there were one.
 *
 * A route is a promise, not a proof: whether anybody answers is for those to
 * find out who want something of him.  Only its absence is certain.
 */
#ifndef NET_UPLINK_H
#define NET_UPLINK_H

struct event_base;
struct uplink;

enum reach {
	REACH_UNKNOWN,
	REACH_NONE,     /* nothing but loopback, and what every link has by itself */
	REACH_NEAR,     /* a neighbourhood: routes, and none of them the default */
	REACH_FAR,      /* a default route, of IPv4 or IPv6 */
};

/* changed() comes from the loop, when it is another than before. */
struct uplink *uplink_new(struct event_base *base, void (*changed)(void *arg, enum reach now), void *arg);
enum reach     uplink_reach(const struct uplink *u);    /* from the start */
void           uplink_free(struct uplink *u);           /* NULL is fine */

#endif
