/*
 * sockets.h - sockets to listen on: made here, or passed by a supervisor
 * (sd_listen_fds(3), without libsystemd).
 */
#ifndef POSTERND_SOCKETS_H
#define POSTERND_SOCKETS_H

#include "base/buf.h"
#include "config/config.h"

/* Of one listener: several only when a supervisor passes several by one name. */
#define SOCKETS_MAX 16

/* Read LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES; once, before anything else
   is opened.  No child gets what was passed. */
void sockets_take_passed(void);

/*
 * Listening, non-blocking descriptors into ret_fd.  How many; -1: one line
 * in *why.
 */
int  sockets_open(const struct listen_conf *l, int ret_fd[static SOCKETS_MAX], struct buf *why);

/* at: listen_conf's.  Passed ones stay open, for a reload that wants them again. */
void sockets_close(const char *at, enum listen_kind kind, const int *fd, int n);

#endif
