#include "relay/aliasfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/watch.h"

struct aliasfile {
	char           *path;
	struct aliases *table;
	int             result;         /* of the last reading */
	struct watch    watch;
};

struct aliasfile *
aliasfile_new(void)
{
	return xcalloc(1, sizeof(struct aliasfile));
}

void
aliasfile_free(struct aliasfile *f)
{
	if (f == NULL)
		return;
	aliases_free(f->table);
	free(f->path);
	free(f);
}

static void
on_wrong(void *arg, const char *where, const char *what)
{
	(void)arg;
	log_warn("%s: %s", where, what);
}

static const char *
say(int e)
{
	switch (e) {
	case -EPERM:
		return "every user can write it; chmod o-w";
	case -EFBIG:
		return "longer than 4 MiB";
	case -EINVAL:
		return "not a regular file";
	default:
		return strerror(-e);
	}
}

static void
read_it(struct aliasfile *f)
{
	static const struct alias_ear ear = { .wrong = on_wrong };
	struct aliases *t = NULL;
	int             e = aliases_read(f->path, &ear, &t);

	if (e == 0) {
		log_info("%s: %zu aliases", f->path, t->n);
		aliases_free(f->table);
		f->table = t;
	} else if (e == -ENOENT) {
		aliases_free(f->table);
		f->table = NULL;
	} else if (e != f->result) {
		bool known = f->table != NULL && f->table->trouble == NULL;

		log_err("%s: %s; %s", f->path, say(e), known ? "what was read before stays in use" :
		    "mail for local names waits");
		if (!known) {
			aliases_free(f->table);
			f->table = aliases_unknown(f->path, say(e));
		}
	}
	f->result = e;
}

static void
look(struct aliasfile *f)
{
	enum watched w = watch_look(&f->watch, f->path);

	/* What could not be read is tried again: its reason may lie outside of the file. */
	if (w == WATCH_CHANGED || (w == WATCH_SAME && f->result != 0 && f->result != -ENOENT))
		read_it(f);
}

const struct aliases *
aliasfile_get(struct aliasfile *f, const char *path)
{
	if (f->path == NULL || strcmp(f->path, path) != 0) {
		aliases_free(f->table);
		free(f->path);
		*f = (struct aliasfile){ .path = xstrdup(path) };
	}
	look(f);
	return f->table;
}
