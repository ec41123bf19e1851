#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "keep.h"

#define BODY_MAX_BYTES (1u << 30)
#define LINE_MAX_BYTES 1000     /* RFC 5321 §4.5.3.1.6, its end counted in */

struct totals totals;

static uint64_t    mark_at;
static const char *mark_path;

void
totals_add(uint64_t *field, uint64_t n)
{
	__atomic_add_fetch(field, n, __ATOMIC_RELAXED);
}

void
totals_print(void)
{
	printf("messages %" PRIu64 " bytes %" PRIu64 " recipients %" PRIu64
	    " connections %" PRIu64 " resumed %" PRIu64 " auths %" PRIu64
	    " auth_failures %" PRIu64 " breaches %" PRIu64
	    " first_us %" PRIu64 " last_us %" PRIu64 "\n",
	    totals.messages, totals.bytes, totals.recipients, totals.connections,
	    totals.resumed, totals.auths, totals.auth_failures, totals.breaches,
	    totals.first_us, totals.last_us);
	fflush(stdout);
}

void
content_begin(struct content *c, bool keep)
{
	memset(c, 0, sizeof(*c));
	c->kept = keep;
	buf_init(&c->body, BODY_MAX_BYTES);
}

void
content_done(struct content *c)
{
	buf_done(&c->body);
}

static void
flaw(struct content *c, const char *what)
{
	if (c->flaw == NULL)
		c->flaw = what;
}

/* A stretch without LF: a CR may only be its very last byte. */
static void
check_stretch(struct content *c, const char *p, size_t n)
{
	const char *cr = memchr(p, '\r', n);

	if (n == 0)
		return;
	if (c->cr || (cr != NULL && cr != p + n - 1))
		flaw(c, "a CR without LF");
	if (memchr(p, '\0', n) != NULL)
		flaw(c, "a NUL");
	for (size_t i = 0; i < n && !c->eightbit; i++)
		c->eightbit = (unsigned char)p[i] > 127;
	c->cr = p[n - 1] == '\r';
	c->line += n;
}

static void
check(struct content *c, struct span s)
{
	while (s.n > 0) {
		const char *lf = memchr(s.p, '\n', s.n);
		size_t n = lf == NULL ? s.n : (size_t)(lf - s.p);

		check_stretch(c, s.p, n);
		if (lf == NULL)
			return;
		if (!c->cr)
			flaw(c, "an LF without CR");
		if (c->line + 1 > LINE_MAX_BYTES)
			flaw(c, "a line over 998 bytes");
		c->cr = false;
		c->line = 0;
		s.p += n + 1;
		s.n -= n + 1;
	}
}

void
content_add(struct content *c, struct span bytes)
{
	c->bytes += bytes.n;
	check(c, bytes);
	if (c->kept)
		buf_span(&c->body, bytes);
}

void
content_end(struct content *c)
{
	if (c->line > 0)
		flaw(c, "a last line without its end");
	if (c->body.over)
		flaw(c, "more bytes than can be kept");
}

/* Number on past the files that an earlier run left. */
static int
publish(int dir, const char *from)
{
	static uint64_t last;
	char name[32];
	int r;

	do {
		snprintf(name, sizeof(name), "%06" PRIu64,
		    __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED));
		r = fs_rename_new(dir, from, dir, name);
	} while (r == -EEXIST);
	return r;
}

static int
write_file(int dir, const char *name, struct span envelope, struct span body)
{
	int r, fd = fs_open(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		return fd;
	r = fs_write_all(fd, envelope);
	if (r == 0)
		r = fs_write_all(fd, SPAN("\n"));
	if (r == 0)
		r = fs_write_all(fd, body);
	fs_close(fd);
	return r;
}

int
keep_store(const char *dir_path, struct span envelope, const struct content *c)
{
	char tmp[64];
	int r, dir = fs_open_dir(AT_FDCWD, dir_path);

	if (dir < 0)
		return dir;
	snprintf(tmp, sizeof(tmp), ".part-%d-%lx", (int)getpid(), (unsigned long)pthread_self());
	r = write_file(dir, tmp, envelope, buf_view(&c->body));
	if (r == 0)
		r = publish(dir, tmp);
	fs_close(dir);
	return r;
}

void
keep_mark(uint64_t n, const char *path)
{
	mark_at = n;
	mark_path = path;
}

void
keep_accepted(uint64_t recipients, uint64_t bytes)
{
	uint64_t n;

	totals_add(&totals.recipients, recipients);
	totals_add(&totals.bytes, bytes);
	totals.last_us = (uint64_t)clock_wall_us();
	n = __atomic_add_fetch(&totals.messages, 1, __ATOMIC_RELAXED);
	if (n == mark_at) {
		int fd = open(mark_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		if (fd >= 0)
			close(fd);
	}
}
