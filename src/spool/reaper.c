/* reaper.c - closing and syncing behind the daemon's back; see reaper.h. */
#include "spool/reaper.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/fs.h"
#include "base/thread.h"

#define QUEUE_MAX 256           /* descriptors: each holds the blocks of a removed message */
#define DELAY_S   1             /* the promised window; see store.h */

struct reaper {
	pthread_t       thread;
	pthread_mutex_t lock;
	pthread_cond_t  more;
	int             dir[REAPER_DIRS];
	size_t          ndirs;
	int             fds[QUEUE_MAX];
	size_t          n;
	unsigned        dirty;          /* directories that changed since their last sync, a bit each */
	bool            timed;          /* sync_at is set */
	struct timespec sync_at;
	bool            stop;
	int             error;
};

/*
 * Real time, not base/clock: a test that stops the clock must not stop the
 * thread.
 */
static struct timespec
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t;
}

static bool
passed(struct timespec t)
{
	struct timespec n = now();

	return n.tv_sec > t.tv_sec || (n.tv_sec == t.tv_sec && n.tv_nsec >= t.tv_nsec);
}

/*
 * Until there is enough to close, or the sync is due; true: it is.  A burst
 * so costs one wake-up and one sync, not one each.
 */
static bool
await_work(struct reaper *r)
{
	while (!r->stop && r->dirty == 0)
		pthread_cond_wait(&r->more, &r->lock);
	if (!r->timed) {
		r->sync_at = now();
		r->sync_at.tv_sec += DELAY_S;
		r->timed = true;
	}
	while (!r->stop && r->n < QUEUE_MAX / 2 && !passed(r->sync_at))
		pthread_cond_timedwait(&r->more, &r->lock, &r->sync_at);
	return r->stop || passed(r->sync_at);
}

static int
sync_dirs(const struct reaper *r, unsigned dirty)
{
	int first = 0;

	for (size_t i = 0; i < r->ndirs; i++) {
		int e = (dirty & (1u << i)) != 0 ? fs_sync(r->dir[i]) : 0;

		if (first == 0)
			first = e;
	}
	return first;
}

/* Called and returning with the lock held; works without it. */
static void
work(struct reaper *r, bool sync)
{
	int      fds[QUEUE_MAX];
	unsigned dirty = sync ? r->dirty : 0;
	size_t   n = r->n;
	int      e;

	memcpy(fds, r->fds, n * sizeof(fds[0]));
	r->n = 0;
	if (sync) {
		r->dirty = 0;
		r->timed = false;
	}
	pthread_mutex_unlock(&r->lock);
	e = sync_dirs(r, dirty);
	for (size_t i = 0; i < n; i++)
		fs_close(fds[i]);
	pthread_mutex_lock(&r->lock);
	if (e < 0 && r->error == 0)
		r->error = e;
}

static void *
run(void *arg)
{
	struct reaper *r = arg;
	bool           sync;

	pthread_mutex_lock(&r->lock);
	do {
		sync = await_work(r);
		if (r->dirty != 0)
			work(r, sync);
	} while (!r->stop || r->dirty != 0);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int
reaper_start(const int *dirs, size_t ndirs, struct reaper **ret)
{
	struct reaper     *r = xcalloc(1, sizeof(*r));
	pthread_condattr_t attr;
	int                e;

	assert(ndirs <= REAPER_DIRS);
	memcpy(r->dir, dirs, ndirs * sizeof(dirs[0]));
	r->ndirs = ndirs;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->more, &attr);
	pthread_condattr_destroy(&attr);
	e = thread_start(&r->thread, run, r);
	if (e < 0) {
		free(r);
		return e;
	}
	*ret = r;
	return 0;
}

void
reaper_stop(struct reaper *r)
{
	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->stop = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	assert(r->n == 0);
	pthread_cond_destroy(&r->more);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void
reaper_touch(struct reaper *r, size_t dir)
{
	pthread_mutex_lock(&r->lock);
	if (r->dirty == 0)
		pthread_cond_signal(&r->more);
	r->dirty |= 1u << dir;
	pthread_mutex_unlock(&r->lock);
}

void
reaper_take(struct reaper *r, size_t dir, int fd)
{
	bool full, wake;

	pthread_mutex_lock(&r->lock);
	full = r->n == QUEUE_MAX;
	wake = r->dirty == 0 || r->n + 1 == QUEUE_MAX / 2;
	r->dirty |= 1u << dir;
	if (!full)
		r->fds[r->n++] = fd;
	if (wake)
		pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
	if (full)
		fs_close(fd);
}

int
reaper_trouble(struct reaper *r)
{
	int e;

	pthread_mutex_lock(&r->lock);
	e = r->error;
	r->error = 0;
	pthread_mutex_unlock(&r->lock);
	return e;
}
