/*
 * local.h - a Unix socket in the run directory, for everybody on this
 * machine.
 */
#ifndef POSTERND_LOCAL_H
#define POSTERND_LOCAL_H

#include "base/buf.h"

#define LOCAL_PATH_MAX 108              /* struct sockaddr_un's */

/* Listen at place_run()/name, its path into ret_path.  A descriptor; -1: one line in *why. */
int  local_listen(const char *name, char ret_path[static LOCAL_PATH_MAX], struct buf *why);

/* At a path of its own, what stands there removed.  A descriptor or -errno (-EADDRINUSE: somebody listens there). */
int  local_listen_at(const char *path);

#endif
