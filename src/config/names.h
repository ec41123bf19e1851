/*
 * names.h - the options about local names and the rewriting of addresses:
 * aliases, map, masquerade, trusted-users.
 */
#ifndef CONFIG_NAMES_H
#define CONFIG_NAMES_H

#include "config/config.h"
#include "config/source.h"

#define NAMES_DEFAULT_ALIASES "/etc/aliases"

/* The options of a map, for CFG_SEC("map", names_map_schema, …). */
extern cfg_opt_t names_map_schema[];

/* 0 and c filled (names_done()'s), or a sysexits code with one line in *why. */
int  names_take(const struct source *s, struct config *c, struct buf *why);
void names_done(struct config *c);

#endif
