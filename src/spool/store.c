/* store.c - the spool's directories: opening, looking, moving; see store.h. */
#include "spool/store.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "spool/kept.h"
#include "spool/reaper.h"
#include "spool/store_private.h"

#define SCAN_BYTES (32u << 10)
#define ID_TRIES   16
#define LOCK_BYTES 32                   /* a process number and its line's end */
#define KEPT_BYTES (48u << 20)          /* of half a million messages with an address or two each */

/* from-user is the envelope's third line: behind the head, a time and a host. */
#define SUBMITTER_WITHIN 1024

static const char *const place_names[NPLACE] = {
	"tmp", "new", "cur", "later", "hold", "dead", "bad",
};

const char *
place_name(enum place p)
{
	return place_names[p];
}

/* ---- open and close ---- */

/*
 * flock and not a pid file: the kernel forgets it with the process.  The
 * number in it is for the line that a second daemon says, and no more: on a
 * full disk it is not there.
 */
static int
take_lock(struct store *s)
{
	struct buf text;
	int        r;

	s->lock = fs_open(s->spool, "state/lock", O_RDWR | O_CREAT, 0600);
	if (s->lock < 0)
		return s->lock;
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	buf_init(&text, LOCK_BYTES);
	buf_printf(&text, "%010ld\n", (long)getpid());
	r = fs_pwrite_all(s->lock, buf_view(&text), 0);
	buf_done(&text);
	return r == -ENOSPC || r == -EDQUOT ? 0 : r;
}

pid_t
store_locked_by(const char *path)
{
	char        text[LOCK_BYTES];
	struct span rest = { text, 0 }, line;
	uint64_t    pid = 0;
	int         spool = fs_open_dir(AT_FDCWD, path);
	int         fd = spool < 0 ? -1 : fs_open(spool, "state/lock", O_RDONLY, 0);
	ssize_t     n = fd < 0 ? 0 : fs_pread_full(fd, text, sizeof(text), 0);

	rest.n = n > 0 ? (size_t)n : 0;
	if (!span_cut(&rest, '\n', &line) || text_number(line, INT32_MAX, &pid) < 0)
		pid = 0;
	if (fd >= 0)
		fs_close(fd);
	if (spool >= 0)
		fs_close(spool);
	return (pid_t)pid;
}

bool
store_is_at(const struct store *s, const char *path)
{
	struct stat here, there;

	if (fs_stat(s->spool, &here) < 0)
		return true;
	if (stat(path, &there) < 0)
		return errno != ENOENT;
	return here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* Also for somebody who only looks, and may be root. */
static int
learn_owner(struct store *s, const char **ret_what)
{
	struct stat st;
	int         r = fs_stat(s->dir[PLACE_CUR], &st);

	*ret_what = place_names[PLACE_CUR];
	s->owner = st.st_uid;
	return r;
}

static int
open_places(struct store *s, const char *path, const char **ret_what)
{
	*ret_what = "the spool";
	s->spool = fs_open_dir(AT_FDCWD, path);
	if (s->spool < 0)
		return s->spool;
	for (int p = 0; p < NPLACE; p++) {
		*ret_what = place_names[p];
		s->dir[p] = fs_open_dir(s->spool, place_names[p]);
		if (s->dir[p] < 0)
			return s->dir[p];
	}
	return learn_owner(s, ret_what);
}

int
store_open(const char *path, bool write, struct store **ret, const char **ret_what)
{
	struct store *s = xcalloc(1, sizeof(*s));
	int           r;

	s->write = write;
	s->spool = s->lock = -1;
	for (int p = 0; p < NPLACE; p++)
		s->dir[p] = -1;
	r = open_places(s, path, ret_what);
	if (r == 0 && write) {
		*ret_what = "state";
		r = take_lock(s);
	}
	if (r == 0 && write)
		r = reaper_start(s->dir, NPLACE, &s->reaper);
	if (r == 0 && write)
		s->kept = kept_new(KEPT_BYTES);
	if (r < 0) {
		store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	reaper_stop(s->reaper);
	for (int p = 0; p < NPLACE; p++)
		if (s->dir[p] >= 0)
			fs_close(s->dir[p]);
	if (s->lock >= 0)
		fs_close(s->lock);
	if (s->spool >= 0)
		fs_close(s->spool);
	people_done(&s->people);
	kept_free(s->kept);
	free(s);
}

int
store_spool_fd(const struct store *s)
{
	return s->spool;
}

const char *
store_user(struct store *s, uid_t uid)
{
	return people_find(&s->people, uid)->name;
}

int
store_trouble(struct store *s)
{
	return s->reaper == NULL ? 0 : reaper_trouble(s->reaper);
}

uint64_t
store_free_bytes(const struct store *s)
{
	struct statvfs v;

	return fstatvfs(s->spool, &v) < 0 ? 0 : (uint64_t)v.f_bavail * v.f_frsize;
}

/* ---- look ---- */

bool
store_wrote(const struct store *s, const struct stat *st)
{
	return st->st_uid == s->owner && (st->st_mode & 077) == 0;
}

int64_t
store_changed_us(struct store *s, enum place p)
{
	struct stat st;

	if (fs_stat(s->dir[p], &st) < 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
}

/* from-user of a file the daemon wrote; what is not to be had is the owner's. */
static uid_t
read_submitter(struct store *s, enum place p, const char *name, uid_t owner)
{
	char        text[SUBMITTER_WITHIN];
	struct span rest = { text, 0 }, line, word;
	uint64_t    uid;
	ssize_t     n;
	int         fd = fs_open(s->dir[p], name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return owner;
	n = fs_pread_full(fd, text, sizeof(text), 0);
	fs_close(fd);
	rest.n = n > 0 ? (size_t)n : 0;
	while (span_cut(&rest, '\n', &line) && line.n > 0)
		if (span_starts(line, SPAN("from-user "))) {
			span_cut(&line, ' ', &word);
			span_cut(&line, ' ', &word);
			return text_number(word, UINT32_MAX, &uid) == 0 ? (uid_t)uid : owner;
		}
	return owner;
}

int
store_stat(struct store *s, enum place p, msgid id, struct stored *ret)
{
	char        name[ID_LEN + 1];
	struct stat st;
	int         r;

	msgid_format(id, name);
	if ((r = fs_stat_at(s->dir[p], name, &st)) < 0)
		return r;
	*ret = (struct stored){
		.id = id, .size = st.st_size, .mtime_s = st.st_mtim.tv_sec,
		.uid = store_wrote(s, &st) ? read_submitter(s, p, name, st.st_uid) : st.st_uid,
	};
	return 0;
}

/* One entry of a directory; one that went away in between is no entry. */
static int
visit(struct store *s, enum place p, const char *name, bool stat,
    int (*each)(void *arg, const struct stored *m), void *arg)
{
	struct stored m = { 0 };
	int           r;

	if (!msgid_parse(name, &m.id))
		return 0;
	if (stat && (r = store_stat(s, p, m.id, &m)) < 0)
		return r == -ENOENT ? 0 : r;
	return each(arg, &m);
}

struct batch {
	struct store *store;
	enum place    place;
	int           fd;
	bool          stat;
	int         (*each)(void *arg, const struct stored *m);
	void         *arg;
};

/* As many entries as one call gives; *ret_n 0: that was the end. */
static int
visit_some(const struct batch *b, ssize_t *ret_n)
{
	_Alignas(struct dirent64) char entries[SCAN_BYTES];
	ssize_t n = getdents64(b->fd, entries, sizeof(entries));
	int     r = n < 0 ? -errno : 0;

	for (ssize_t at = 0; at < n && r == 0;) {
		const struct dirent64 *e = (const struct dirent64 *)(entries + at);

		at += e->d_reclen;
		r = visit(b->store, b->place, e->d_name, b->stat, b->each, b->arg);
	}
	*ret_n = n;
	return r;
}

/*
 * getdents on the descriptor that is there anyway, and not opendir(3): new/
 * is looked at on every wake-up, and a DIR costs an open, a close and 32 KiB.
 * Each scan has its own offset in its loop, but the descriptor's is shared:
 * each() must not scan the same place.
 */
int
store_scan(struct store *s, enum place p, bool stat,
    int (*each)(void *arg, const struct stored *m), void *arg)
{
	const struct batch b = { .store = s, .place = p, .fd = s->dir[p], .stat = stat, .each = each, .arg = arg };
	ssize_t            n;
	int                r;

	assert(!s->scanning[p]);
	if (lseek(s->dir[p], 0, SEEK_SET) < 0)
		return -errno;
	s->scanning[p] = true;
	while ((r = visit_some(&b, &n)) == 0 && n > 0)
		;
	s->scanning[p] = false;
	return r;
}

/* ---- look, in steps ---- */

struct store_walk {
	struct store *store;
	enum place    place;
	int           fd;
};

int
store_walk_begin(struct store *s, enum place p, struct store_walk **ret)
{
	struct store_walk *w;
	int                fd = fs_open_dir(s->dir[p], ".");

	if (fd < 0)
		return fd;
	w = xcalloc(1, sizeof(*w));
	w->store = s;
	w->place = p;
	w->fd = fd;
	*ret = w;
	return 0;
}

int
store_walk_step(struct store_walk *w, int (*each)(void *arg, const struct stored *m), void *arg)
{
	const struct batch b = { .store = w->store, .place = w->place, .fd = w->fd, .each = each, .arg = arg };
	ssize_t            n;
	int                r = visit_some(&b, &n);

	return r != 0 ? r : n > 0;
}

void
store_walk_end(struct store_walk *w)
{
	if (w == NULL)
		return;
	fs_close(w->fd);
	free(w);
}

/* ---- move ---- */

static bool
same_file(struct store *s, enum place a, const char *a_name, enum place b, const char *b_name)
{
	struct stat sa, sb;

	return fs_stat_at(s->dir[a], a_name, &sa) == 0 && fs_stat_at(s->dir[b], b_name, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/*
 * A name that is there may be the message's own: where a rename is a link
 * and an unlink (fs_rename_new), a crash between the two leaves both.
 */
static int
rename_as(struct store *s, msgid id, enum place from, msgid new_id, enum place to)
{
	char name[ID_LEN + 1], new_name[ID_LEN + 1];
	int  r;

	msgid_format(id, name);
	msgid_format(new_id, new_name);
	r = fs_rename_new(s->dir[from], name, s->dir[to], new_name);
	if (r == -EEXIST && same_file(s, from, name, to, new_name))
		r = fs_unlink(s->dir[from], name);
	return r;
}

int
store_move(struct store *s, msgid id, enum place from, enum place to)
{
	return rename_as(s, id, from, id, to);
}

void
store_sync_soon(struct store *s, enum place p)
{
	reaper_touch(s->reaper, p);
}

/* Opened first only for what the close costs, so what cannot be opened is removed all the same. */
int
store_remove(struct store *s, enum place p, msgid id)
{
	char name[ID_LEN + 1];
	int  fd, r;

	msgid_format(id, name);
	fd = fs_open(s->dir[p], name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	r = fs_unlink(s->dir[p], name);
	if (r == 0)
		kept_drop(s->kept, id);
	if (r < 0 && fd >= 0)
		fs_close(fd);
	else if (fd >= 0)
		reaper_take(s->reaper, p, fd);
	else if (r == 0)
		reaper_touch(s->reaper, p);
	return r;
}

int
store_take(struct store *s, msgid id, msgid *ret_id)
{
	int r;

	*ret_id = id;
	r = store_move(s, id, PLACE_NEW, PLACE_CUR);
	for (int i = 0; i < ID_TRIES && r == -EEXIST; i++) {
		*ret_id = msgid_new();
		r = rename_as(s, id, PLACE_NEW, *ret_id, PLACE_CUR);
	}
	return r;
}

/* ---- reap ---- */

struct reaping {
	struct store *store;
	int64_t       before_s;
	int           count;
};

/*
 * A file that cannot be removed is left for the next time: one bad entry
 * must not keep the others.
 */
static int
reap_one(void *arg, const struct stored *m)
{
	struct reaping *g = arg;
	char            name[ID_LEN + 1];

	if (m->mtime_s >= g->before_s)
		return 0;
	msgid_format(m->id, name);
	if (fs_unlink(g->store->dir[PLACE_TMP], name) == 0)
		g->count++;
	return 0;
}

int
store_reap(struct store *s, int64_t age_s)
{
	struct reaping g = { .store = s, .before_s = clock_wall_s() - age_s };
	int            r = store_scan(s, PLACE_TMP, true, reap_one, &g);

	return r < 0 ? r : g.count;
}
