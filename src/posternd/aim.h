/*
 * aim.h - where a try goes: the address as it would be routed for anybody's
 * mail, the sender, and the relay.
 */
#ifndef POSTERND_AIM_H
#define POSTERND_AIM_H

#include "config/config.h"
#include "route/route.h"

#define AIM_ADDRESSES_MAX 20    /* what a test's address may become by aliases */

struct aim {
	struct aliasfile        *aliases;
	struct addr             *asked;         /* NULL: nothing is sent */
	struct addr             *sender;        /* NULL: root */
	struct route             route;         /* of asked: an address at least */
	const struct relay_conf *relay;         /* the configuration's */
};

/*
 * to: NULL: the relay alone.  from, relay: NULL: the usual.  0, or a sysexits
 * code with one line in *why; aim_done() in every case.
 */
int  aim_take(struct aim *a, const struct config *c, const char *to, const char *from, const char *relay,
         struct buf *why);
void aim_done(struct aim *a);

#endif
