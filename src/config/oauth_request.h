/*
 * oauth_request.h - a relay's oauth { } as the request that postern-oauth
 * reads, the client's secret read from its file and put in.
 */
#ifndef CONFIG_OAUTH_REQUEST_H
#define CONFIG_OAUTH_REQUEST_H

#include "config/config.h"

#define OAUTH_REQUEST_MAX 65536

/*
 * Append it, without the empty line at its end.  ask: "token", "authorize",
 * "device".  0, or a sysexits code with one line in *why: a file that is not
 * there, or that others can read.  *b has all its room, and is wiped by the caller.
 */
int oauth_request_put(struct buf *b, const struct relay_conf *r, const char *ask, const char *token_file,
        struct buf *why);

#endif
