/* client.c - the control socket, from the asker's side. */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "postern/client.h"
#include "postern/told.h"
#include "spool/place.h"

#define SILENCE_S 30            /* the daemon answers between two events of its loop */

static int
connect_to(const char *path, struct buf *why)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = SILENCE_S };
	int fd, error;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		buf_printf(why, "%s: path of a socket is longer than %zu bytes", path,
		    sizeof(sun.sun_path) - 1);
		return -EX_UNAVAILABLE;
	}
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		buf_printf(why, "socket: %s", strerror(errno));
		return -EX_OSERR;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));        /* for connect(2) */
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	error = errno;
	close(fd);
	if (error == ENOENT || error == ECONNREFUSED)
		buf_printf(why, "posternd is not running (%s: %s); start it: systemctl start postern", path,
		    strerror(error));
	else
		buf_printf(why, "%s: %s", path, strerror(error));
	if (error == EACCES || error == EPERM)
		return -EX_NOPERM;
	return error == EAGAIN ? -EX_TEMPFAIL : -EX_UNAVAILABLE;
}

struct answer {
	void      (*each)(void *arg, struct span line);
	void       *arg;
	struct buf *why;
	struct buf  in;
	bool        done;
	int         rc;
};

/* The kinds of "error KIND text=…". */
static const struct {
	const char *kind;
	int         rc;
} kinds[] = {
	{ "unknown", EX_PROTOCOL },
	{ "denied", EX_NOPERM },
	{ "usage", EX_USAGE },
	{ "notfound", EX_DATAERR },
	{ "failed", EX_TEMPFAIL },
};

static void
take_error(struct answer *a, struct span error)
{
	struct span fields = error, kind = told_kind(&fields);
	struct buf text;

	buf_init(&text, CLIENT_LINE_MAX);
	a->rc = EX_TEMPFAIL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_eq(kind, span_of(kinds[i].kind)))
			a->rc = kinds[i].rc;
	if (!told_text(fields, "text", &text))
		buf_span(&text, error);
	if (a->rc == EX_PROTOCOL)
		buf_str(a->why, "the daemon does not know this command; it is of another version than "
		    "this program: systemctl restart postern");
	else
		buf_printf(a->why, "the daemon says: %s", buf_cstr(&text));
	buf_done(&text);
}

static void
take_line(struct answer *a, struct span line)
{
	static const struct span error = SPAN("error ");

	if (span_eq(line, SPAN("end"))) {
		a->done = true;
	} else if (span_starts(line, error)) {
		a->done = true;
		take_error(a, (struct span){ line.p + error.n, line.n - error.n });
	} else {
		a->each(a->arg, line);
	}
}

static void
take_lines(struct answer *a)
{
	struct span rest = buf_view(&a->in), line;
	size_t used = 0;

	while (!a->done && memchr(rest.p + used, '\n', rest.n - used) != NULL) {
		struct span from = { rest.p + used, rest.n - used };

		span_cut(&from, '\n', &line);
		used += line.n + 1;
		take_line(a, line);
	}
	buf_drop(&a->in, used);
}

/* 0, or an exit status. */
static int
hear(int fd, struct answer *a)
{
	char *room = buf_room(&a->in, 65536);
	ssize_t n;

	if (room == NULL) {
		buf_str(a->why, "the daemon sends a line that is too long");
		return EX_PROTOCOL;
	}
	n = recv(fd, room, 65536, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0) {
		buf_str(a->why, "the daemon's answer was cut off; the list is not whole");
		return EX_TEMPFAIL;
	}
	buf_took(&a->in, (size_t)n);
	take_lines(a);
	return 0;
}

/* A peer that wants no more of it may still say why: that is hear()'s to find. */
static void
say(int fd, struct span *left)
{
	ssize_t n = send(fd, left->p, left->n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
		n = (ssize_t)left->n;
	if (n > 0) {
		left->p += n;
		left->n -= (size_t)n;
	}
}

/*
 * Both ways at once: a daemon that answers while a long list is still being
 * said would else wait for us, and we for it.
 */
static int
converse(int fd, struct span left, struct answer *a)
{
	int rc = 0, n;

	while (!a->done && rc == 0) {
		struct pollfd p = { .fd = fd, .events = left.n > 0 ? POLLIN | POLLOUT : POLLIN };

		n = poll(&p, 1, SILENCE_S * 1000);
		if (n == 0) {
			buf_printf(a->why, "the daemon is silent for %d seconds", SILENCE_S);
			return EX_TEMPFAIL;
		}
		if (n > 0 && (p.revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			rc = hear(fd, a);
		if (n > 0 && (p.revents & POLLOUT) != 0 && left.n > 0)
			say(fd, &left);
	}
	return rc != 0 ? rc : a->rc;
}

int
client_ask(const char *socket_path, const char *command, const struct span *list,
    void (*each)(void *arg, struct span line), void *arg, struct buf *why)
{
	struct answer a = { .each = each, .arg = arg, .why = why };
	int fd = connect_to(socket_path, why), rc;
	struct buf said;

	if (fd < 0)
		return -fd;
	buf_init(&a.in, CLIENT_LINE_MAX + 65536);
	buf_init(&said, strlen(command) + 8 + (list != NULL ? list->n : 0));
	buf_printf(&said, "%s\n", command);
	if (list != NULL) {
		buf_span(&said, *list);
		buf_str(&said, ".\n");
	}
	rc = converse(fd, buf_view(&said), &a);
	buf_done(&said);
	buf_done(&a.in);
	close(fd);
	return rc;
}

int
client_daemon(const char *command, const struct span *list,
    void (*each)(void *arg, struct span line), void *arg, struct buf *why)
{
	struct buf path;
	int rc;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/control", place_run());
	rc = client_ask(buf_cstr(&path), command, list, each, arg, why);
	buf_done(&path);
	return rc;
}

void
client_put_word(struct buf *command, const char *word)
{
	if (command->n > 0)
		buf_char(command, ' ');
	text_put_percent(command, span_of(word));
}

void
client_nothing(void *arg, struct span line)
{
	(void)arg;
	(void)line;
}
