/* local.c - sockets in the run directory; see local.h. */
#include "posternd/local.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool/place.h"

/*
 * The spool's lock says that no other daemon works there; one with another
 * spool may still listen here, and nobody would reach it any more.
 */
static bool
is_alive(const struct sockaddr_un *sun)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return alive;
}

int
local_listen_at(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, err;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (is_alive(&sun))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -errno;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 && chmod(path, 0666) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int
local_listen(const char *name, char ret_path[static LOCAL_PATH_MAX], struct buf *why)
{
	int n = snprintf(ret_path, LOCAL_PATH_MAX, "%s/%s", place_run(), name);
	int fd = n < LOCAL_PATH_MAX ? local_listen_at(ret_path) : -ENAMETOOLONG;

	if (fd >= 0)
		return fd;
	if (fd == -EADDRINUSE)
		buf_printf(why, "%s/%s: another program listens there, a posternd with another spool? Stop it, or "
		    "give this one a POSTERN_RUN of its own", place_run(), name);
	else
		buf_printf(why, "%s/%s: cannot listen: %s", place_run(), name, strerror(-fd));
	return -1;
}
