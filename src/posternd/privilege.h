/*
 * privilege.h - whom the daemon runs as: the owner of the spool's cur/.
 * Started as root it becomes that user; started as that user it stays;
 * anybody else is told.
 */
#ifndef POSTERND_PRIVILEGE_H
#define POSTERND_PRIVILEGE_H

#include "base/buf.h"

/* Forget the caller's environment but for what the daemon itself reads. */
void privilege_clean_environment(void);

/* Make the run directory if it is missing, its owner the spool's.  0, or a sysexits code and *why. */
int  privilege_run_dir(const char *spool, const char *run, struct buf *why);

/* Become the owner for good, with the supplementary groups that the group file
   gives, and of root's rights with CAP_NET_BIND_SERVICE alone. */
int  privilege_drop(const char *spool, struct buf *why);

#endif
