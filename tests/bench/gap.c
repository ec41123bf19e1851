/*
 * gap - run a program, and meanwhile ask the daemon, over and over on its
 * control socket, for something that it answers in no time: how long an
 * answer takes is how long its loop was busy with something else, or how
 * long this machine's processors were.  So the longest is an upper bound.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "bench.h"

#define PAUSE_US 1000
#define MAX_ASKED 200000                /* three minutes of them */

static int64_t us[MAX_ASKED];

/* There is no such request: the answer is a line that says so, and the end. */
static int
ask(const struct sockaddr_un *to)
{
	static const char request[] = "anybody-there\n";
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[512];
	ssize_t n, all = 0;

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0
	    || write(fd, request, sizeof(request) - 1) != (ssize_t)sizeof(request) - 1) {
		perror("bench: control socket");
		return -1;
	}
	while ((n = read(fd, answer, sizeof(answer))) > 0)
		all += n;
	close(fd);
	return n < 0 || all == 0 ? -1 : 0;
}

static pid_t
begin(char **argv)
{
	pid_t pid = fork();
	int null;

	if (pid != 0)
		return pid;
	null = open("/dev/null", O_WRONLY);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(EX_OSERR);
	execv(argv[0], argv);
	_exit(EX_UNAVAILABLE);
}

static int
by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
bench_gap(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct rusage used = { 0 };
	int64_t began, ended;
	int status = 0;
	size_t n = 0;
	pid_t pid;

	if (argc < 3 || strlen(argv[1]) >= sizeof(to.sun_path))
		return EX_USAGE;
	strcpy(to.sun_path, argv[1]);
	began = bench_now_us();
	pid = begin(argv + 2);
	if (pid < 0)
		return EX_OSERR;
	do {
		int64_t at = bench_now_us();

		if (ask(&to) != 0)
			return EX_UNAVAILABLE;
		ended = bench_now_us();
		us[n++] = ended - at;
		usleep(PAUSE_US);
	} while (n < MAX_ASKED && wait4(pid, &status, WNOHANG, &used) == 0);
	if (n == MAX_ASKED || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "bench: %s: wait status %d\n", argv[2], status);
		return EX_SOFTWARE;
	}
	qsort(us, n, sizeof(us[0]), by_size);
	printf("wall_ms %" PRId64 " cpu_ms %ld asked %zu median_us %" PRId64 " p99_us %" PRId64 " longest_us %" PRId64 "\n",
	    (ended - began) / 1000, (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
	    (long)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000, n, us[n / 2], us[n * 99 / 100], us[n - 1]);
	return EX_OK;
}
