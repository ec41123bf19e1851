/*
 * listen.h - listen "ADDRESS:PORT" { } sections.  What would make an open
 * relay of this machine, or send a password in the clear, is refused here.
 */
#ifndef CONFIG_LISTEN_H
#define CONFIG_LISTEN_H

#include "config/config.h"
#include "config/source.h"

/* The options of a listener, for CFG_SEC("listen", listen_schema, …). */
extern cfg_opt_t listen_schema[];

/* 0 and c filled (listens_done()'s), or a sysexits code with one line in *why. */
int  listens_take(const struct source *s, struct config *c, struct buf *why);
void listens_done(struct config *c);

#endif
