#include "base/watch.h"

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"

#define LOOK_MS 1000

bool
watch_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	    a->st_mode == b->st_mode &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

enum watched
watch_look(struct watch *w, const char *path)
{
	int64_t     now_ms = clock_mono_ms();
	struct stat st = { 0 };
	bool        changed;

	if (w->asked && now_ms - w->asked_ms < LOOK_MS)
		return WATCH_NOT_ASKED;
	if (fs.fstatat(AT_FDCWD, path, &st, 0) != 0)
		memset(&st, 0, sizeof(st));
	changed = !w->asked || !watch_is_same(&st, &w->st);
	w->asked = true;
	w->asked_ms = now_ms;
	w->st = st;
	return changed ? WATCH_CHANGED : WATCH_SAME;
}
