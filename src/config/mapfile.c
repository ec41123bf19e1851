#include "config/mapfile.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/watch.h"
#include "config/config.h"
#include "idna/idna.h"

struct mapfile {
	char             *path;
	enum maptable_key key;
	struct maptable  *table;
	struct watch      watch;
	char             *trouble;      /* of the last reading, as it was logged; NULL: none */
	bool              unread;       /* it could not be read at all: tried again, changed or not */
};

struct mapfile *
mapfile_new(const char *path, enum maptable_key key)
{
	struct mapfile *f = xcalloc(1, sizeof(*f));

	f->path = xstrdup(path);
	f->key = key;
	return f;
}

void
mapfile_free(struct mapfile *f)
{
	if (f == NULL)
		return;
	maptable_free(f->table);
	free(f->trouble);
	free(f->path);
	free(f);
}

const char *
mapfile_path(const struct mapfile *f)
{
	return f->path;
}

const struct maptable *
mapfile_table(const struct mapfile *f)
{
	return f->table;
}

/* ---- reading ---- */

static int
cannot_read(const struct mapfile *f, int error, struct buf *why)
{
	const char *what = error == -EFBIG ? "longer than 4 MiB; split it into several maps" :
	    error == -EINVAL ? "not a regular file" : strerror(-error);

	buf_printf(why, "%s: %s", f->path, what);
	if (error == -EACCES)
		buf_str(why, "; chmod o+r, or chgrp " POSTERN_USER " and chmod g+r");
	else if (error == -ENOENT)
		buf_str(why, "; write it (an empty one will do), or take the map out");
	return error == -EACCES ? EX_NOPERM : EX_CONFIG;
}

static int
read_it(struct mapfile *f, struct buf *why)
{
	struct maptable *t;
	struct stat      st;
	struct buf       text;
	int              e, rc = EX_CONFIG;

	buf_init(&text, MAPTABLE_MAX_BYTES);
	e = fs_slurp_path(f->path, MAPTABLE_MAX_BYTES, &st, &text);
	f->unread = e < 0;
	if (e < 0) {
		rc = cannot_read(f, e, why);
	} else if ((st.st_mode & S_IWOTH) != 0) {
		buf_printf(why, "%s: every user can write it, and send as anybody; chmod o-w", f->path);
	} else if ((t = maptable_parse(buf_view(&text), f->path, f->key, idna_address_text, why)) != NULL) {
		maptable_free(f->table);
		f->table = t;
		rc = 0;
	}
	buf_done(&text);
	return rc;
}

static void
note_trouble(struct mapfile *f, const char *trouble)
{
	if (trouble != NULL && (f->trouble == NULL || strcmp(f->trouble, trouble) != 0))
		log_err("%s; the lines read before stay in use", trouble);
	free(f->trouble);
	f->trouble = trouble != NULL ? xstrdup(trouble) : NULL;
}

static void
look(struct mapfile *f)
{
	enum watched w = watch_look(&f->watch, f->path);
	struct buf   why;

	if (w != WATCH_CHANGED && (w != WATCH_SAME || !f->unread))
		return;
	buf_init(&why, 8192);
	if (read_it(f, &why) == 0) {
		note_trouble(f, NULL);
		log_info("%s: %zu lines", f->path, maptable_count(f->table));
	} else {
		note_trouble(f, buf_cstr(&why));
	}
	buf_done(&why);
}

/* ---- all of them ---- */

int
mapfiles_read(const struct config *c, struct buf *why)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->nmaps; i++) {
		struct mapfile *f = c->maps[i].file;

		if (f == NULL)
			continue;
		watch_look(&f->watch, f->path);
		rc = read_it(f, why);
	}
	return rc;
}

void
mapfiles_look(const struct config *c)
{
	for (size_t i = 0; i < c->nmaps; i++)
		if (c->maps[i].file != NULL)
			look(c->maps[i].file);
}
