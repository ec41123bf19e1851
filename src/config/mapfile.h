/*
 * mapfile.h - the files that maps name: read with the configuration, and
 * again when they are changed.  A configuration is immutable but for this:
 * a map's table is the newest that could be read.
 */
#ifndef CONFIG_MAPFILE_H
#define CONFIG_MAPFILE_H

#include "base/buf.h"
#include "mail/maptable.h"

struct config;
struct mapfile;

struct mapfile *mapfile_new(const char *path, enum maptable_key key);
void            mapfile_free(struct mapfile *f);        /* NULL is fine */
const char     *mapfile_path(const struct mapfile *f);

/* The table in use; NULL until the first was read.  Lent until the next mapfiles_look(). */
const struct maptable *mapfile_table(const struct mapfile *f);

/*
 * Read them all.  0, or a sysexits code with one line in *why: the file is
 * not there, cannot be read, every user could write it, or "FILE:LINE: ...".
 * Apart from config_read(), for whoever asks about other things, and may not
 * read what stands in them.
 */
int  mapfiles_read(const struct config *c, struct buf *why);

/*
 * Read again what was changed; each is asked after at most once a second.
 * What is wrong is logged, once, and the last table stays in use.
 */
void mapfiles_look(const struct config *c);

#endif
