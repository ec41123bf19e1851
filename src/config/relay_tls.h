/*
 * relay_tls.h - of one relay, what its TLS is to be: whom it trusts, who it
 * is itself, how old a version it puts up with.  The words; the files are
 * read by whoever makes the context (net/tls.h).
 */
#ifndef CONFIG_RELAY_TLS_H
#define CONFIG_RELAY_TLS_H

#include "config/config.h"
#include "config/source.h"

void relay_tls_take(cfg_t *sec, struct relay_conf *r);
int  relay_tls_check(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why);
void relay_tls_done(struct relay_conf *r);

#endif
