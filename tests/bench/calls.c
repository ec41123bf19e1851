/*
 * calls - run a program COUNT times with INPUT as its standard input, and
 * tell how long a call takes from before the fork to after the wait: what
 * the caller of sendmail waits for.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "bench.h"

extern char **environ;

static int
call(const char *input, char **argv)
{
	posix_spawn_file_actions_t actions;
	int status = -1, r;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0);
	r = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r != 0) {
		fprintf(stderr, "bench: %s: %s\n", argv[0], strerror(r));
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Fill us[0..n) in; false when a call failed. */
static bool
measure(int64_t *us, unsigned long n, const char *input, char **argv)
{
	for (unsigned long i = 0; i < n; i++) {
		int64_t began = bench_now_us();
		int status = call(input, argv);

		us[i] = bench_now_us() - began;
		if (status != 0) {
			fprintf(stderr, "bench: %s: wait status %d\n", argv[0], status);
			return false;
		}
	}
	return true;
}

static int
by_size(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool
wait_workers(unsigned long n)
{
	bool ok = true;
	int status;

	while (n-- > 0) {
		if (wait(&status) < 0 || status != 0)
			ok = false;
	}
	return ok;
}

int
bench_calls(int argc, char **argv)
{
	unsigned long count, parallel, share;
	int64_t *us, began, took;

	if (argc < 5)
		return EX_USAGE;
	count = bench_number(argv[1]);
	parallel = bench_number(argv[2]);
	share = (count + parallel - 1) / parallel;
	count = share * parallel;
	us = mmap(NULL, count * sizeof(*us), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (us == MAP_FAILED)
		return EX_OSERR;
	began = bench_now_us();
	for (unsigned long w = 0; w < parallel; w++) {
		pid_t pid = fork();

		if (pid < 0)
			return EX_OSERR;
		if (pid == 0)
			_exit(measure(us + w * share, share, argv[3], argv + 4) ? 0 : EX_SOFTWARE);
	}
	if (!wait_workers(parallel))
		return EX_SOFTWARE;
	took = bench_now_us() - began;
	qsort(us, count, sizeof(*us), by_size);
	printf("median_us %" PRId64 " p90_us %" PRId64 " per_s %.0f\n",
	    us[count / 2], us[count * 9 / 10], (double)count * 1e6 / (double)took);
	return EX_OK;
}
