/*
 * aliasfile.h - the aliases file of a daemon that runs for months: read when
 * it was changed.  Logs what is wrong with it, once a version.
 */
#ifndef RELAY_ALIASFILE_H
#define RELAY_ALIASFILE_H

#include "mail/alias.h"

struct aliasfile;

struct aliasfile *aliasfile_new(void);
void              aliasfile_free(struct aliasfile *f);

/*
 * The table as it is now, looked at no more than once a second; NULL: there
 * is no file.  A file that cannot be read any more leaves the last table in
 * use; without one its names wait (aliases_unknown): mail that went another
 * way could not be called back.  Borrowed until the next call.
 */
const struct aliases *aliasfile_get(struct aliasfile *f, const char *path);

#endif
