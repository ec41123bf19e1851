/* wake.c - the FIFO that says "look into new/"; see wake.h. */
#include "spool/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fs.h"

static const char fifo_name[] = "wake";

/*
 * Without a daemon the open fails (ENXIO), and that is all.  The caller
 * ignores SIGPIPE, which a daemon that leaves right now would cause.
 */
void
wake_poke(int spool)
{
	int fd = fs_open(spool, fifo_name, O_WRONLY | O_NONBLOCK, 0);

	if (fd < 0)
		return;
	(void)fs.write(fd, "w", 1);
	fs_close(fd);
}

/* For reading and writing: with a writer of our own the FIFO never reports
   its end when the last submitter goes. */
static int
open_fifo(int spool)
{
	return fs_open(spool, fifo_name, O_RDWR | O_NONBLOCK, 0);
}

int
wake_open(int spool)
{
	struct stat st;
	int         fd, r;

	fd = open_fifo(spool);
	if (fd == -ENOENT) {
		if (mkfifoat(spool, fifo_name, 0620) < 0)
			return -errno;
		fd = open_fifo(spool);
	}
	if (fd < 0)
		return fd;
	r = fs_stat(fd, &st);
	if (r == 0 && !S_ISFIFO(st.st_mode))
		r = -EINVAL;
	if (r == 0)
		return fd;
	fs_close(fd);
	return r;
}

void
wake_drain(int fd)
{
	char heap[512];

	while (fs.read(fd, heap, sizeof(heap)) > 0)
		;
}
