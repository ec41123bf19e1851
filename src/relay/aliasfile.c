/*
 * aliasfile.c - no inotify: the file is asked after when there is mail, at
 * most once a second, which costs a system call and cannot miss a rename.
 */
#include "relay/aliasfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"

#define LOOK_MS 1000

struct aliasfile {
	char           *path;
	struct aliases *table;
	bool            asked;
	int64_t         asked_ms;
	int             result;         /* of the last look */
	struct stat     st;
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

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mode == b->st_mode &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The stat comes before the reading: a change between the two is found at the next look. */
static void
look(struct aliasfile *f)
{
	struct stat st = { 0 };
	bool        changed;

	if (fs.fstatat(AT_FDCWD, f->path, &st, 0) != 0)
		memset(&st, 0, sizeof(st));
	changed = !f->asked || !is_same(&st, &f->st) || (f->result != 0 && f->result != -ENOENT);
	f->st = st;
	f->asked = true;
	if (changed)
		read_it(f);
}

const struct aliases *
aliasfile_get(struct aliasfile *f, const char *path)
{
	int64_t now_ms = clock_mono_ms();

	if (f->path == NULL || strcmp(f->path, path) != 0) {
		aliases_free(f->table);
		free(f->path);
		*f = (struct aliasfile){ .path = xstrdup(path) };
	}
	if (!f->asked || now_ms - f->asked_ms >= LOOK_MS) {
		f->asked_ms = now_ms;
		look(f);
	}
	return f->table;
}
