/* door.c - a submission through the daemon's socket; see door.h. */
#include "sendmail/door.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "spool/place.h"
#include "spool/refusal.h"
#include "spool/wrap.h"

#define OUT_BYTES   (64u << 10)
#define ANSWER_MAX  2048
/* Without a step forward: a disk that syncs so long is about to be given up by its kernel. */
#define PATIENCE_MS (60 * 1000)

struct door {
	int         fd;
	struct wrap wrap;
	char       *out;        /* OUT_BYTES + WRAP_END_MAX */
	size_t      n;
	int         error;      /* sending failed, or must not go on: why, -errno; 0: it goes */
	bool        whole;      /* the last octet was sent: the daemon may have accepted */
	struct buf  answer;     /* what came of it */
};

/*
 * No right to the spool (EACCES, EPERM), no way to write (EROFS), no spool in
 * this root (ENOENT), no number for this user on that file system (EOVERFLOW:
 * a user namespace).  Anything else, a full disk first of all, the daemon
 * would meet as well.
 */
bool
door_may_help(int e)
{
	return e == -EACCES || e == -EPERM || e == -EROFS || e == -ENOENT || e == -EOVERFLOW;
}

const char *
door_path(void)
{
	static char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int         n = snprintf(path, sizeof(path), "%s/submit", place_run());

	return n < (int)sizeof(path) ? path : "";
}

/* ---- connect ---- */

/* Not in the place of a standard descriptor that the caller closed: a line
   for stderr would go to the daemon. */
static int
make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), up, e;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd < 0 ? -errno : fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	e = errno;
	close(fd);
	return up < 0 ? -e : up;
}

static int
connect_to(const char *path)
{
	const struct timeval limit = { .tv_sec = DOOR_KNOCK_S };
	struct sockaddr_un   sun = { .sun_family = AF_UNIX };
	int                  fd, e = 0;

	if (path[0] == '\0')
		return -ENAMETOOLONG;
	fd = make_socket();
	if (fd < 0)
		return fd;
	/* poll(2) knows nothing of a full backlog; the send timeout is connect's too (unix(7)). */
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		e = errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (e == 0)
		return fd;
	close(fd);
	return e;
}

int
door_open(struct door **ret)
{
	struct door *d;
	int          fd = connect_to(door_path());

	if (fd < 0)
		return fd;
	d = xcalloc(1, sizeof(*d));
	d->fd = fd;
	d->out = xrealloc(NULL, OUT_BYTES + WRAP_END_MAX);
	buf_init(&d->answer, ANSWER_MAX);
	*ret = d;
	return 0;
}

void
door_abort(struct door *d)
{
	if (d == NULL)
		return;
	close(d->fd);
	free(d->out);
	buf_done(&d->answer);
	free(d);
}

/* ---- send ---- */

/* What can be done now; 0 at the deadline. */
static short
await(const struct door *d, short events, int64_t deadline_ms)
{
	struct pollfd p = { .fd = d->fd, .events = events };
	int64_t       left;
	int           n;

	do {
		left = deadline_ms - clock_mono_ms();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? p.revents : 0;
}

/*
 * Something to read while we write is a refusal, or the daemon's end: either
 * way it takes no more, and door_finish reads why.
 */
static void
send_all(struct door *d, struct span s)
{
	int64_t deadline = clock_mono_ms() + PATIENCE_MS;

	while (s.n > 0 && d->error == 0) {
		short   can = await(d, POLLIN | POLLOUT, deadline);
		ssize_t n;

		if ((can & ~POLLOUT) != 0 || can == 0) {
			d->error = can == 0 ? -ETIMEDOUT : -EPIPE;
			return;
		}
		n = send(d->fd, s.p, s.n, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			d->error = -errno;
		if (n <= 0)
			continue;
		s.p += n;
		s.n -= (size_t)n;
		deadline = clock_mono_ms() + PATIENCE_MS;
	}
}

static void
flush(struct door *d)
{
	send_all(d, (struct span){ d->out, d->n });
	d->n = 0;
}

int
door_begin(struct door *d, const struct envelope *e)
{
	struct buf b;
	bool       over;

	buf_init(&b, ENVELOPE_MAX_BYTES);
	envelope_put(&b, e);
	over = b.over;
	wrap_init(&d->wrap, b.n);
	if (!over)
		send_all(d, buf_view(&b));
	buf_done(&b);
	return over ? -E2BIG : 0;
}

/*
 * What is there goes out at once when input is slow: the daemon's deadline
 * is for silence.
 */
bool
door_write(struct door *d, struct span bytes)
{
	while (bytes.n > 0 && d->error == 0) {
		d->n += wrap_put(&d->wrap, &bytes, d->out + d->n, OUT_BYTES - d->n);
		if (OUT_BYTES - d->n < LINES_ROOM || bytes.n == 0)
			flush(d);
	}
	return d->error == 0;
}

/* ---- the answer ---- */

static bool
has_line(const struct door *d)
{
	return d->answer.n > 0 && d->answer.p[d->answer.n - 1] == '\n';
}

static void
read_answer(struct door *d)
{
	int64_t deadline = clock_mono_ms() + PATIENCE_MS;

	while (!has_line(d)) {
		char   *p = buf_room(&d->answer, ANSWER_MAX / 2);
		ssize_t n;

		if (p == NULL || await(d, POLLIN, deadline) == 0) {
			d->error = p == NULL ? -EMSGSIZE : -ETIMEDOUT;
			return;
		}
		n = recv(d->fd, p, ANSWER_MAX / 2, 0);
		if (n > 0) {
			buf_took(&d->answer, (size_t)n);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			d->error = n == 0 ? -ECONNRESET : -errno;
			return;
		}
	}
}

static int
no_answer(struct door *d, struct buf *why)
{
	buf_printf(why, "the daemon at %s did not answer: %s", door_path(),
	    d->error == 0 ? "not in words we know" : strerror(-d->error));
	if (d->whole)
		buf_str(why, REFUSAL_MAYBE);
	return EX_TEMPFAIL;
}

/* "ok ID", or "no SYSEXITS TEXT"; only the codes of sysexits.h are believed. */
static int
verdict(struct door *d, char ret_id[static ID_LEN + 1], struct buf *why)
{
	struct span line = buf_view(&d->answer), word, code;
	uint64_t    rc;
	msgid       id;

	if (!has_line(d))
		return no_answer(d, why);
	d->answer.p[--line.n] = '\0';
	if (!span_cut(&line, ' ', &word))
		return no_answer(d, why);
	if (span_eq(word, SPAN("ok")) && d->whole && msgid_parse(line.p, &id)) {
		msgid_format(id, ret_id);
		return EX_OK;
	}
	if (!span_eq(word, SPAN("no")) || !span_cut(&line, ' ', &code) ||
	    text_number(code, EX__MAX, &rc) < 0 || rc < EX__BASE)
		return no_answer(d, why);
	text_put_printable(why, line);
	return (int)rc;
}

int
door_finish(struct door *d, char ret_id[static ID_LEN + 1], struct buf *why)
{
	int rc;

	if (d->error == 0) {
		d->n += wrap_end(&d->wrap, d->out + d->n, clock_wall_s());
		flush(d);
	}
	d->whole = d->error == 0;
	if (d->whole)
		shutdown(d->fd, SHUT_WR);
	if (d->error != -ETIMEDOUT)
		read_answer(d);
	rc = verdict(d, ret_id, why);
	door_abort(d);
	return rc;
}
