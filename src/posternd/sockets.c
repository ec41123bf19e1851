#include "posternd/sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "posternd/local.h"

#define FIRST_PASSED 3                  /* SD_LISTEN_FDS_START */
#define PASSED_MAX   64
#define UNNAMED      "unknown"          /* sd_listen_fds_with_names(3) */

static struct {
	int   n;
	char *names;            /* colons between; NULL: none were said */
} passed;

/* ---- passed ---- */

static bool
is_for_us(void)
{
	const char *pid = getenv("LISTEN_PID");
	uint64_t    n;

	return pid != NULL && text_number(span_of(pid), INT32_MAX, &n) == 0 && (pid_t)n == getpid();
}

void
sockets_take_passed(void)
{
	const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	uint64_t    n;

	if (!is_for_us() || count == NULL || text_number(span_of(count), PASSED_MAX, &n) < 0)
		return;
	passed.n = (int)n;
	passed.names = names != NULL ? xstrdup(names) : NULL;
	for (int fd = FIRST_PASSED; fd < FIRST_PASSED + passed.n; fd++) {
		int old = fcntl(fd, F_GETFL);

		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (old >= 0)
			fcntl(fd, F_SETFL, old | O_NONBLOCK);
	}
}

static struct span
name_of(int i)
{
	struct span rest = span_of(passed.names), name = { NULL, 0 };

	for (int at = 0; at <= i; at++)
		if (!span_cut(&rest, ':', &name))
			return SPAN(UNNAMED);
	return name;
}

static bool
does_listen(int fd)
{
	int       yes = 0;
	socklen_t n = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes != 0;
}

static int
find_passed(const char *at, int ret_fd[static SOCKETS_MAX], struct buf *why)
{
	struct span wanted = span_of(at + sizeof("fd:") - 1);
	int         n = 0;

	for (int i = 0; i < passed.n && n < SOCKETS_MAX; i++) {
		if (!span_eq(name_of(i), wanted))
			continue;
		ret_fd[n++] = FIRST_PASSED + i;
		if (!does_listen(FIRST_PASSED + i)) {
			buf_printf(why, "listen \"%s\": what was passed is no socket that listens", at);
			return -1;
		}
	}
	if (n > 0)
		return n;
	buf_printf(why, "listen \"%s\": no such socket was passed (LISTEN_FDNAMES is \"%s\"); "
	    "add FileDescriptorName=%s to the socket unit", at,
	    passed.names != NULL ? passed.names : "", at + sizeof("fd:") - 1);
	return -1;
}

/* ---- made here ---- */

static int
bind_unix(const char *path)
{
	struct stat st;

	/* A dead daemon's; anything else at that name is somebody's file. */
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST;
	return local_listen_at(path);
}

static socklen_t
fill(const struct listen_conf *l, struct sockaddr_storage *ret)
{
	struct sockaddr_in  *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (address_is_v4(&l->address)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)l->port);
		memcpy(&v4->sin_addr, l->address.octet + 12, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)l->port);
	memcpy(&v6->sin6_addr, l->address.octet, 16);
	return sizeof(*v6);
}

static int
bind_address(const struct listen_conf *l)
{
	struct sockaddr_storage to;
	socklen_t               n = fill(l, &to);
	int                     one = 1, err;
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (to.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&to, n) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int
sockets_open(const struct listen_conf *l, int ret_fd[static SOCKETS_MAX], struct buf *why)
{
	int fd;

	if (l->kind == LISTEN_PASSED)
		return find_passed(l->at, ret_fd, why);
	fd = l->kind == LISTEN_UNIX ? bind_unix(l->at) : bind_address(l);
	if (fd >= 0) {
		ret_fd[0] = fd;
		return 1;
	}
	buf_printf(why, "listen \"%s\": %s", l->at, strerror(-fd));
	if (fd == -EACCES && l->kind == LISTEN_ADDRESS)
		buf_str(why, "; a port below 1024 needs CAP_NET_BIND_SERVICE, which root and the unit give");
	return -1;
}

void
sockets_close(const char *at, enum listen_kind kind, const int *fd, int n)
{
	if (kind == LISTEN_PASSED)
		return;
	if (kind == LISTEN_UNIX)
		unlink(at);
	for (int i = 0; i < n; i++)
		close(fd[i]);
}
