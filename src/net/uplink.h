/*
 * uplink.h - is there a network?  On Linux the kernel says when to look
 * (rtnetlink), elsewhere there is a look now and then, each second while
 * there is none.  Where the kernel may not be asked, that is not known, and
 * it is for the owner to go on as if there were one.
 */
#ifndef NET_UPLINK_H
#define NET_UPLINK_H

struct event_base;
struct uplink;

enum network {
	NETWORK_UNKNOWN,
	NETWORK_DOWN,   /* nothing but loopback, and what every link has by itself */
	NETWORK_NEAR,   /* a neighbourhood: a route, and none of them the default */
	NETWORK_UP,     /* a default route, of IPv4 or IPv6 */
};

/* changed() comes from the loop, when it is another than before. */
struct uplink *uplink_new(struct event_base *base, void (*changed)(void *arg, enum network now), void *arg);
enum network   uplink_network(const struct uplink *u);  /* from the start */
void           uplink_free(struct uplink *u);           /* NULL is fine */

#endif
