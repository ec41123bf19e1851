/*
 * reload.h - read the configuration and put it to work, at start and at
 * SIGHUP.  A bad one changes nothing and is said.
 */
#ifndef POSTERND_RELOAD_H
#define POSTERND_RELOAD_H

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "posternd/listen.h"
#include "relay/queue.h"
#include "spool/store.h"

/* The configuration and the files of its maps.  As config_read(); what is wrong with a map leaves *ret NULL. */
int  reload_read(const char *path, struct config **ret, struct buf *why);

/* What is of the daemon as a whole: the log, and what the shim must know. */
void reload_apply(const struct config *c, struct store *store);

/* SIGHUP, or an admin's word; logged.  False: nothing has changed, one line in *why. */
bool reload(struct queue *q, struct listen *l, const char *path, struct buf *why);

#endif
