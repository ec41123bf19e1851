/*
 * consume - what the file system can take at most: each file of new/ is
 * renamed to cur/, opened, read, unlinked and closed, as the daemon must, and
 * nothing else is done.  The close, which frees the blocks, is left to a
 * second thread, as the daemon does it too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "bench.h"

#define FILE_MAX (64 << 10)

static int closers[2];          /* a pipe of descriptors: bounded by what a pipe holds */

static void *
close_all(void *arg)
{
	int fd;

	(void)arg;
	while (read(closers[0], &fd, sizeof(fd)) == (ssize_t)sizeof(fd))
		close(fd);
	return NULL;
}

static bool
consume(int from, int to, const char *name)
{
	static char bytes[FILE_MAX];
	struct stat st;
	int fd;

	if (fs_rename_new(from, name, to, name) < 0)
		return false;
	fd = fs_open(to, name, O_RDWR, 0);
	if (fd < 0 || fs_stat(fd, &st) < 0 || pread(fd, bytes, sizeof(bytes), 0) <= 0 ||
	    fs_unlink(to, name) < 0)
		return false;
	return write(closers[1], &fd, sizeof(fd)) == (ssize_t)sizeof(fd);
}

int
bench_consume(int argc, char **argv)
{
	unsigned long n = 0;
	struct dirent *e;
	pthread_t thread;
	int64_t began;
	int spool, from, to;
	DIR *dir;

	if (argc != 2)
		return EX_USAGE;
	spool = fs_open_dir(AT_FDCWD, argv[1]);
	from = fs_open_dir(spool, "new");
	to = fs_open_dir(spool, "cur");
	dir = fdopendir(from);
	if (to < 0 || dir == NULL || pipe(closers) < 0 ||
	    pthread_create(&thread, NULL, close_all, NULL) != 0)
		return EX_OSERR;
	began = bench_now_us();
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (!consume(from, to, e->d_name)) {
			fprintf(stderr, "bench: consume: %s\n", e->d_name);
			return EX_IOERR;
		}
		n++;
	}
	close(closers[1]);
	pthread_join(thread, NULL);
	printf("per_s %.0f\n", (double)n * 1e6 / (double)(bench_now_us() - began));
	return EX_OK;
}
