/* client.c - the control socket, from the asker's side. */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "postern/client.h"

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
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
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

static int
say(int fd, const char *command, struct buf *why)
{
	struct buf line;
	size_t sent = 0;
	ssize_t n = 0;

	buf_init(&line, 4096);
	buf_printf(&line, "%s\n", command);
	while (sent < line.n && n >= 0) {
		n = send(fd, line.p + sent, line.n - sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n > 0)
			sent += (size_t)n;
	}
	buf_done(&line);
	if (n >= 0)
		return 0;
	buf_printf(why, "the daemon does not take the request: %s", strerror(errno));
	return EX_TEMPFAIL;
}

struct answer {
	void      (*each)(void *arg, struct span line);
	void       *arg;
	struct buf *why;
	struct buf  in;
	bool        done;
	int         rc;
};

static void
take_line(struct answer *a, struct span line)
{
	static const struct span error = SPAN("error ");

	if (span_eq(line, SPAN("end"))) {
		a->done = true;
	} else if (span_starts(line, error)) {
		a->done = true;
		a->rc = EX_TEMPFAIL;
		buf_printf(a->why, "the daemon says: %.*s", (int)(line.n - error.n), line.p + error.n);
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

static int
listen_for(int fd, struct answer *a)
{
	char *room;
	ssize_t n;

	while (!a->done) {
		room = buf_room(&a->in, 65536);
		if (room == NULL) {
			buf_str(a->why, "the daemon sends a line that is too long");
			return EX_PROTOCOL;
		}
		n = recv(fd, room, 65536, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			buf_printf(a->why, "the daemon is silent for %d seconds", SILENCE_S);
			return EX_TEMPFAIL;
		}
		if (n <= 0) {
			buf_str(a->why, "the daemon's answer was cut off; the list is not whole");
			return EX_TEMPFAIL;
		}
		buf_took(&a->in, (size_t)n);
		take_lines(a);
	}
	return a->rc;
}

int
client_ask(const char *socket_path, const char *command, void (*each)(void *arg, struct span line),
    void *arg, struct buf *why)
{
	struct answer a = { .each = each, .arg = arg, .why = why };
	int fd = connect_to(socket_path, why), rc;

	if (fd < 0)
		return -fd;
	buf_init(&a.in, CLIENT_LINE_MAX + 65536);
	rc = say(fd, command, why);
	if (rc == 0)
		rc = listen_for(fd, &a);
	buf_done(&a.in);
	close(fd);
	return rc;
}
