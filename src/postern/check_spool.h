/*
 * check_spool.h - is the spool as the installation makes it (contrib/make-spool)?
 * Each folder's owner and mode, with the command that repairs it.
 */
#ifndef POSTERN_CHECK_SPOOL_H
#define POSTERN_CHECK_SPOOL_H

#include "postern/findings.h"

/*
 * One that POSTERN_SPOOL moved belongs to whoever tries something there: then
 * only what everybody has to keep is looked at.
 */
void check_spool(struct findings *f);

#endif
