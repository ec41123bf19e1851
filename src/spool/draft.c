/* draft.c - a message on its way into the spool; see draft.h. */
#include "spool/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/fs.h"
#include "spool/lines.h"
#include "spool/wake.h"

#define TAIL_ROOM   (LINES_ROOM + STORED_MAX)   /* beyond the buffer: a line end, a journal line */
#define ID_TRIES    16
#define PATH_LEN    (sizeof("tmp/") - 1 + ID_LEN)

struct draft {
	int                 spool;      /* borrowed */
	int                 newdir;     /* open, to be synced */
	int                 fd;         /* -1 once closed */
	char                temp[PATH_LEN + 1];
	struct draft_limits limits;
	struct lines        lines;
	char               *out;        /* not yet written */
	size_t              n;
	uint64_t            written;    /* octets of the file that are */
	uint64_t            envelope;
	uint64_t            message;    /* octets so far */
	int64_t             written_ms; /* when that last happened */
	int                 error;      /* the first, for ever */
};

static void
format_path(char *path, const char *dir, msgid id)
{
	memcpy(path, dir, PATH_LEN - ID_LEN);
	msgid_format(id, path + PATH_LEN - ID_LEN);
}

/* ---- writing ---- */

static int
check_free(const struct draft *d, uint64_t more)
{
	struct statvfs v;

	if (d->limits.min_free == 0)
		return 0;
	if (fstatvfs(d->newdir, &v) < 0)
		return -errno;
	return (uint64_t)v.f_bavail * v.f_frsize < d->limits.min_free + more ? -ENOSPC : 0;
}

/* The kernel's EFBIG is the caller's ulimit, which another day lifts; ours, of max_message, is for good. */
static int
flush(struct draft *d)
{
	int r = fs_write_all(d->fd, (struct span){ d->out, d->n });

	if (r < 0)
		return r == -EFBIG ? -EDQUOT : r;
	d->written += d->n;
	d->written_ms = clock_mono_ms();
	d->n = 0;
	return 0;
}

/* A large message asks again as it grows; a small one fits the first answer. */
static int
flush_early(struct draft *d)
{
	int r = check_free(d, d->n);

	return r < 0 ? r : flush(d);
}

static int
put_raw(struct draft *d, struct span s)
{
	while (s.n > 0) {
		size_t n = DRAFT_BUFFER - d->n;
		int    r;

		if (n == 0) {
			if ((r = flush_early(d)) < 0)
				return r;
			continue;
		}
		if (n > s.n)
			n = s.n;
		memcpy(d->out + d->n, s.p, n);
		d->n += n;
		s.p += n;
		s.n -= n;
	}
	return 0;
}

static int
put_message(struct draft *d, struct span s)
{
	while (s.n > 0) {
		size_t n;
		int    r;

		if (DRAFT_BUFFER - d->n < LINES_ROOM && (r = flush_early(d)) < 0)
			return r;
		n = lines_put(&d->lines, &s, d->out + d->n, DRAFT_BUFFER - d->n);
		d->n += n;
		d->message += n;
		if (d->limits.max_message > 0 && d->message > d->limits.max_message)
			return -EFBIG;
	}
	if (d->written > 0 && d->n > 0 && clock_mono_ms() - d->written_ms >= DRAFT_QUIET_MS)
		return flush(d);
	return 0;
}

int
draft_write(struct draft *d, struct span bytes)
{
	if (d->error == 0)
		d->error = put_message(d, bytes);
	return d->error;
}

/* ---- begin ---- */

static int
make_temp(struct draft *d)
{
	for (int i = 0; i < ID_TRIES; i++) {
		format_path(d->temp, "tmp/", msgid_new());
		d->fd = fs_open(d->spool, d->temp, O_WRONLY | O_CREAT | O_EXCL, 0660);
		if (d->fd != -EEXIST)
			break;
	}
	return d->fd < 0 ? d->fd : 0;
}

static int
put_head(struct draft *d, const struct envelope *env)
{
	struct buf b;
	int        r;

	buf_init(&b, ENVELOPE_MAX_BYTES);
	envelope_put(&b, env);
	d->envelope = b.n;
	head_put(d->out, 0, 0);
	d->n = HEAD_LEN;
	r = b.over ? -E2BIG : put_raw(d, buf_view(&b));
	buf_done(&b);
	return r;
}

static void
release(struct draft *d)
{
	if (d->fd >= 0)
		fs_close(d->fd);
	if (d->newdir >= 0)
		fs_close(d->newdir);
	free(d->out);
	free(d);
}

int
draft_begin(int spool, const struct envelope *env, const struct draft_limits *l, struct draft **ret)
{
	struct draft *d = xcalloc(1, sizeof(*d));
	int           r = 0;

	d->spool = spool;
	d->fd = -1;
	d->limits = *l;
	lines_init(&d->lines);
	d->out = xrealloc(NULL, DRAFT_BUFFER + TAIL_ROOM);
	d->newdir = fs_open_dir(spool, "new");
	if (d->newdir < 0)
		r = d->newdir;
	if (r == 0)
		r = check_free(d, 0);
	if (r == 0)
		r = make_temp(d);
	if (r < 0) {
		release(d);
		return r;
	}
	if ((r = put_head(d, env)) < 0) {
		draft_abort(d);
		return r;
	}
	*ret = d;
	return 0;
}

void
draft_abort(struct draft *d)
{
	if (d == NULL)
		return;
	fs_unlink(d->spool, d->temp);
	release(d);
}

/* ---- commit ---- */

static void
put_tail(struct draft *d)
{
	size_t end = lines_end(&d->lines, d->out + d->n);

	d->n += end;
	d->message += end;
	d->n += stored_put(d->out + d->n, clock_wall_s(), &d->lines);
}

/*
 * The lengths, known at last: into the buffer while it still holds the
 * file's beginning, which makes a small message one write; else over the
 * zeros that went out.
 */
static int
write_rest(struct draft *d)
{
	char head[HEAD_LEN];
	int  r;

	put_tail(d);
	head_put(head, d->envelope, d->message);
	if (d->written == 0) {
		memcpy(d->out, head, HEAD_LEN);
		return flush(d);
	}
	if ((r = flush(d)) < 0)
		return r;
	return fs_pwrite_all(d->fd, (struct span){ head, HEAD_LEN }, 0);
}

static int
make_durable(struct draft *d)
{
	int r, closed;

	if ((r = write_rest(d)) < 0)
		return r;
	if (d->limits.max_message > 0 && d->message > d->limits.max_message)
		return -EFBIG;
	if ((r = fs_sync(d->fd)) < 0)
		return r;
	closed = fs_close(d->fd);
	d->fd = -1;
	return closed;
}

/*
 * A rename that failed may have happened: a network file system loses the
 * answer, a link was made whose other name would not go.  Only "there is no
 * such file" proves that it did not.
 */
static bool
may_be_there(const struct draft *d, const char *path)
{
	struct stat st;

	return fs_stat_at(d->spool, path, &st) != -ENOENT;
}

static int
make_visible(struct draft *d, char ret_id[static ID_LEN + 1], bool *ret_maybe)
{
	const char *name = d->temp + PATH_LEN - ID_LEN;
	char        path[PATH_LEN + 1];
	int         r = -EEXIST;

	snprintf(path, sizeof(path), "new/%s", name);
	for (int i = 0; i < ID_TRIES && r == -EEXIST; i++) {
		if (i > 0)
			format_path(path, "new/", msgid_new());
		r = fs_rename_new(d->spool, d->temp, d->spool, path);
	}
	if (r < 0) {
		*ret_maybe = r != -EEXIST && may_be_there(d, path);
		return r;
	}
	d->temp[0] = '\0';
	memcpy(ret_id, path + PATH_LEN - ID_LEN, ID_LEN + 1);
	r = fs_sync(d->newdir);
	*ret_maybe = r < 0;
	return r;
}

int
draft_commit(struct draft *d, char ret_id[static ID_LEN + 1], bool *ret_maybe)
{
	int r = d->error;

	*ret_maybe = false;
	if (r == 0)
		r = make_durable(d);
	if (r == 0)
		r = make_visible(d, ret_id, ret_maybe);
	if (r == 0 || *ret_maybe)
		wake_poke(d->spool);
	if (d->temp[0] != '\0')
		draft_abort(d);
	else
		release(d);
	return r;
}
