/*
 * done.h - the answer of commands that the daemon does at once: nothing, or
 * why not; with --json one document that says either.
 */
#ifndef POSTERN_DONE_H
#define POSTERN_DONE_H

#include <stdbool.h>

#include "base/buf.h"
#include "postern/args.h"

/* Their only option. */
extern const struct args_option done_options[];

/* relay: NULL when it is about none.  Returns rc, or EX_IOERR. */
int done_say(const struct args *a, bool json, const char *relay, int rc, const struct buf *why);

#endif
