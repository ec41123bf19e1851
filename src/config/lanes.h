/*
 * lanes.h - which relays carry which mail: the options relays and route.
 * Says what lists there are; who stands in them is the queue's to know.
 */
#ifndef CONFIG_LANES_H
#define CONFIG_LANES_H

#include "config/config.h"
#include "config/source.h"

/* The options of a route, for CFG_SEC("route", lanes_route_schema, …). */
extern cfg_opt_t lanes_route_schema[];

/*
 * From c->relays, all of them, as they stand in the file.  Those in use come
 * to the front, the others are freed.  0 and c filled (lanes_done()'s), or a
 * sysexits code with one line in *why.
 */
int  lanes_take(const struct source *s, struct config *c, struct buf *why);
void lanes_done(struct config *c);

#endif
