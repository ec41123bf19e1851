/*
 * relay.h - one relay { } section, its provider and the defaults, as one
 * checked struct relay_conf.
 */
#ifndef CONFIG_RELAY_H
#define CONFIG_RELAY_H

#include "config/config.h"
#include "config/source.h"

/* The options of a relay, for CFG_SEC("relay", relay_schema, …). */
extern cfg_opt_t relay_schema[];

/* 0 and *ret filled (relay_conf_done()'s), or a sysexits code with one line in *why. */
int  relay_take(const struct source *s, cfg_t *sec, const char *providers, struct relay_conf *ret,
         struct buf *why);
void relay_conf_done(struct relay_conf *r);

#endif
