#include "base/logsink.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE_MS 1000
#define STAMP_MAX   32
#define HEAD_MAX    128                 /* priority, time, ident and process of a line */

#ifndef _PATH_LOG
#define _PATH_LOG "/dev/log"
#endif

static const char *path = _PATH_LOG;
static int         fd = -1;             /* syslog's; -1: not connected */
static bool        is_stream;           /* … and then each line has an end there, a NUL */
static bool        stuck;               /* nobody read when it was last looked */

static bool
has_room(int to)
{
	struct pollfd p = { .fd = to, .events = POLLOUT };
	int r;

	do
		r = poll(&p, 1, stuck ? 0 : PATIENCE_MS);
	while (r < 0 && errno == EINTR);
	stuck = r == 0;
	return r != 0;                  /* what is wrong with it the write will say */
}

bool
logsink_stderr(const char *line, size_t n)
{
	return has_room(STDERR_FILENO) && write(STDERR_FILENO, line, n) == (ssize_t)n;
}

/* ---- syslog ---- */

static void
disconnect(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

void
logsink_set_socket(const char *to)
{
	disconnect();
	path = to != NULL ? to : _PATH_LOG;
}

/* A datagram's, as every syslogd has it that is in use; else a stream's. */
static bool
is_connected(void)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	for (size_t i = 0; fd < 0 && i < sizeof(types) / sizeof(types[0]); i++) {
		is_stream = types[i] == SOCK_STREAM;
		fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
			disconnect();
	}
	return fd >= 0;
}

/* text has a NUL behind it.  A stream that took half a line is closed, and the line begins anew. */
static bool
send_to_syslog(const char *text, size_t n)
{
	bool first = fd >= 0;
	ssize_t sent;

	if (!is_connected() || !has_room(fd))
		return false;
	sent = send(fd, text, n + is_stream, MSG_NOSIGNAL);
	if (sent == (ssize_t)(n + is_stream))
		return true;
	if (sent < 0 && errno == EAGAIN)
		return false;
	disconnect();                   /* its reader is gone: there may be another by that name */
	return first && send_to_syslog(text, n);
}

/* RFC 3164 as syslog(3) writes it. */
bool
logsink_syslog(int priority, const char *ident, const char *line, size_t n)
{
	char text[HEAD_MAX + LOGSINK_LINE_MAX + 1], stamp[STAMP_MAX];
	time_t now = (time_t)clock_wall_s();
	struct tm tm;
	int at;

	if (localtime_r(&now, &tm) == NULL || strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm) == 0)
		stamp[0] = '\0';
	at = snprintf(text, HEAD_MAX, "<%d>%s %.40s[%ld]: ", priority, stamp, ident, (long)getpid());
	n = n < LOGSINK_LINE_MAX ? n : LOGSINK_LINE_MAX;
	memcpy(text + at, line, n);
	text[(size_t)at + n] = '\0';
	return send_to_syslog(text, (size_t)at + n);
}
