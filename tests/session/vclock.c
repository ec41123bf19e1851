#include "vclock.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

#include <time.h>
#include <unistd.h>

/*
 * How long nothing must happen before time jumps.  Client and server share
 * one thread, so whatever was sent has arrived, except that a loaded kernel
 * may hand loopback packets to a thread of its own: give that one a turn.
 */
#define QUIET_MS 4

/* Timers this near are simply waited for. */
#define NEAR_MS  1

/* Jump a little too far: what is due shortly after, of other runs in the same loop, then needs no wait of its own. */
#define LATE_MS  50

static bool    on;
static int64_t ahead_ns;
static int64_t wall_ahead_ns;

/* As in libc: not declared by our headers under these names. */
int clock_gettime(clockid_t id, struct timespec *t);
int epoll_wait(int fd, struct epoll_event *ev, int max, int timeout_ms);

int
clock_gettime(clockid_t id, struct timespec *t)
{
	int     rc = (int)syscall(SYS_clock_gettime, id, t);
	int64_t ns;

	if (rc != 0)
		return rc;
	if (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE && id != CLOCK_BOOTTIME && id != CLOCK_REALTIME)
		return 0;
	ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + ahead_ns;
	if (id == CLOCK_REALTIME)
		ns += wall_ahead_ns;
	t->tv_sec = ns / 1000000000;
	t->tv_nsec = ns % 1000000000;
	return 0;
}

static int
kernel_wait(int fd, struct epoll_event *ev, int max, int timeout_ms)
{
	return (int)syscall(SYS_epoll_pwait, fd, ev, max, timeout_ms, NULL, 8);
}

int
epoll_wait(int fd, struct epoll_event *ev, int max, int timeout_ms)
{
	int n;

	if (!on || (timeout_ms >= 0 && timeout_ms <= NEAR_MS))
		return kernel_wait(fd, ev, max, timeout_ms);
	n = kernel_wait(fd, ev, max, 0);
	if (n != 0)
		return n;
	if (timeout_ms < 0 || timeout_ms <= QUIET_MS)
		return kernel_wait(fd, ev, max, timeout_ms);
	n = kernel_wait(fd, ev, max, QUIET_MS);
	if (n == 0)
		ahead_ns += (int64_t)(timeout_ms - QUIET_MS + LATE_MS) * 1000000;
	return n;
}

void
vclock_on(bool value)
{
	on = value;
}

void
vclock_jump_ms(int64_t ms)
{
	ahead_ns += ms * 1000000;
}

void
vclock_set_wall_ms(int64_t ms)
{
	wall_ahead_ns += ms * 1000000;
}

void
vclock_return(void)
{
	ahead_ns = 0;
	wall_ahead_ns = 0;
}

int64_t
vclock_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
