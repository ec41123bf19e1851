/*
 * bare - the measure of sendmail: the fewest system calls that make standard
 * input durable under a new name, and nothing else.  Needs libc alone, and
 * nothing of Postern, so the two start at the same cost.
 *
 *   bare DIR     DIR has tmp/ and new/
 */
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static char bytes[64 << 10];
	char from[64], to[64];
	struct timespec ts;
	ssize_t n;
	int fd, dir;

	if (argc != 2 || chdir(argv[1]) < 0)
		return EX_USAGE;
	n = read(STDIN_FILENO, bytes, sizeof(bytes));
	clock_gettime(CLOCK_REALTIME, &ts);
	snprintf(from, sizeof(from), "tmp/%lx%08lx%x", (long)ts.tv_sec, ts.tv_nsec, (int)getpid());
	snprintf(to, sizeof(to), "new/%s", from + 4);
	fd = open(from, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (n <= 0 || fd < 0 || write(fd, bytes, (size_t)n) != n || fsync(fd) < 0)
		return EX_IOERR;
	if (rename(from, to) < 0)
		return EX_CANTCREAT;
	dir = open("new", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 || fsync(dir) < 0 ? EX_IOERR : EX_OK;
}
