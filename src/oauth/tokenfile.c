#include "oauth/tokenfile.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/record.h"
#include "base/text.h"

#define LOCK_POLL_MS 50
#define EARLY_S      300

static const char magic[] = "postern oauth 1";

static void
wipe(char *s)
{
	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

void
tokens_done(struct tokens *t)
{
	free(t->scope);
	wipe(t->refresh);
	wipe(t->access);
	free(t->dead);
	memset(t, 0, sizeof(*t));
}

/* ---- the text ---- */

static int
take_text(struct span value, char **into)
{
	struct buf b;
	int r;

	buf_init(&b, TOKENFILE_MAX_BYTES);
	buf_room(&b, TOKENFILE_MAX_BYTES);      /* growth would leave copies behind */
	r = *into != NULL ? -EINVAL : text_percent(value, &b);
	if (r == 0 && (b.n == 0 || memchr(b.p, '\0', b.n) != NULL))
		r = -EINVAL;
	if (r == 0)
		*into = span_dup(buf_view(&b));
	buf_wipe(&b);
	return r;
}

static int
take_number(struct span value, int64_t *into)
{
	uint64_t n;
	int r = text_number(value, INT64_MAX, &n);

	if (r == 0)
		*into = (int64_t)n;
	return r;
}

static int
take(struct tokens *t, struct span name, struct span value)
{
	int64_t serial = 0;

	if (span_eq(name, SPAN("granted")))
		return take_number(value, &t->granted_s);
	if (span_eq(name, SPAN("issued")))
		return take_number(value, &t->issued_s);
	if (span_eq(name, SPAN("expires")))
		return take_number(value, &t->expires_s);
	if (span_eq(name, SPAN("ends")))
		return take_number(value, &t->ends_s);
	if (span_eq(name, SPAN("scope")))
		return take_text(value, &t->scope);
	if (span_eq(name, SPAN("refresh")))
		return take_text(value, &t->refresh);
	if (span_eq(name, SPAN("access")))
		return take_text(value, &t->access);
	if (span_eq(name, SPAN("dead")))
		return take_text(value, &t->dead);
	if (!span_eq(name, SPAN("serial")))
		return 0;
	if (take_number(value, &serial) < 0)
		return -EINVAL;
	t->serial = (uint64_t)serial;
	return 0;
}

int
tokens_parse(struct span text, struct tokens *ret)
{
	struct tokens t = { 0 };
	struct span line, name;
	int r = 0;

	if (!span_cut(&text, '\n', &line) || !span_eq(line, span_of(magic)))
		return -EINVAL;
	while (r == 0 && span_cut(&text, '\n', &line))
		if (span_cut(&line, ' ', &name))
			r = take(&t, name, line);
	if (r == 0)
		*ret = t;
	else
		tokens_done(&t);
	return r == 0 ? 0 : -EINVAL;
}

static void
put_text(struct buf *b, const char *name, const char *value)
{
	if (value != NULL)
		record_line(b, name, span_of(value));
}

void
tokens_put(struct buf *b, const struct tokens *t)
{
	buf_printf(b, "%s\nserial %llu\ngranted %lld\nissued %lld\nexpires %lld\nends %lld\n", magic,
	    (unsigned long long)t->serial, (long long)t->granted_s, (long long)t->issued_s,
	    (long long)t->expires_s, (long long)t->ends_s);
	put_text(b, "scope", t->scope);
	put_text(b, "refresh", t->refresh);
	put_text(b, "access", t->access);
	put_text(b, "dead", t->dead);
}

/* ---- the file ---- */

static int
open_folder(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd;

	if (slash == NULL || slash[1] == '\0')
		return -EINVAL;
	*ret_name = slash + 1;
	folder = span_dup((struct span){ path, slash == path ? 1 : (size_t)(slash - path) });
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	return fd < 0 ? -errno : fd;
}

int
tokenfile_read(const char *path, struct tokens *ret)
{
	struct stat st;
	struct buf text;
	int r;

	buf_init(&text, TOKENFILE_MAX_BYTES);
	buf_room(&text, TOKENFILE_MAX_BYTES);
	r = fs_slurp_path(path, TOKENFILE_MAX_BYTES, &st, &text);
	if (r == 0 && (st.st_mode & 077) != 0)
		r = -EPERM;
	if (r == 0)
		r = tokens_parse(buf_view(&text), ret);
	buf_wipe(&text);
	return r;
}

int
tokenfile_write(const char *path, const struct tokens *t)
{
	const char *name;
	struct buf text;
	int dir = open_folder(path, &name), r;

	if (dir < 0)
		return dir;
	buf_init(&text, TOKENFILE_MAX_BYTES);
	buf_room(&text, TOKENFILE_MAX_BYTES);
	tokens_put(&text, t);
	r = text.over ? -EFBIG : fs_replace(dir, name, buf_view(&text), 0600);
	buf_wipe(&text);
	fs_close(dir);
	return r;
}

int
tokenfile_lock(const char *path, int limit_ms)
{
	const struct timespec pause = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	int64_t until = clock_mono_ms() + limit_ms;
	const char *name;
	struct buf lock;
	int dir = open_folder(path, &name), fd;

	if (dir < 0)
		return dir;
	buf_init(&lock, 512);
	buf_printf(&lock, "%s.lock", name);
	fd = fs_open(dir, buf_cstr(&lock), O_RDWR | O_CREAT, 0600);
	buf_done(&lock);
	fs_close(dir);
	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (clock_mono_ms() >= until) {
			fs_close(fd);
			return -ETIMEDOUT;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

/* ---- time ---- */

int64_t
tokens_left_s(const struct tokens *t, int64_t now_s)
{
	if (t->access == NULL || now_s < t->issued_s || now_s >= t->expires_s)
		return 0;
	return t->expires_s - now_s;
}

int64_t
tokens_due_s(const struct tokens *t, int64_t now_s)
{
	int64_t life = t->expires_s - t->issued_s, early = life / 10 < EARLY_S ? life / 10 : EARLY_S;
	int64_t left = tokens_left_s(t, now_s) - early;

	return left > 0 ? left : 0;
}
