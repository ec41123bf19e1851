/* pool.c - threads that wait for the disk; see pool.h. */
#include "posternd/pool.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/loop.h"

struct line {
	struct task *first, **last;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t  more;
	struct line     todo, done;     /* under the lock */
	unsigned        idle;           /* threads that wait; under the lock */
	size_t          waiting;        /* tasks in todo */
	bool            stop;
	int             bell;           /* eventfd: something is in done */
	struct watch   *watch;
	unsigned        max, n;
	pthread_t       threads[];
};

static void
line_init(struct line *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void
line_put(struct line *l, struct task *t)
{
	t->next = NULL;
	*l->last = t;
	l->last = &t->next;
}

static struct task *
line_take(struct line *l)
{
	struct task *t = l->first;

	if (t != NULL && (l->first = t->next) == NULL)
		l->last = &l->first;
	return t;
}

/* ---- in a thread ---- */

static struct task *
next_task(struct pool *p)
{
	p->idle++;
	while (p->todo.first == NULL && !p->stop)
		pthread_cond_wait(&p->more, &p->lock);
	p->idle--;
	if (p->todo.first != NULL)
		p->waiting--;
	return line_take(&p->todo);
}

static void *
run(void *arg)
{
	static const uint64_t one = 1;
	struct pool          *p = arg;
	struct task          *t;

	pthread_mutex_lock(&p->lock);
	while ((t = next_task(p)) != NULL) {
		pthread_mutex_unlock(&p->lock);
		t->work(t->arg);
		pthread_mutex_lock(&p->lock);
		line_put(&p->done, t);
		(void)!write(p->bell, &one, sizeof(one));
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---- in the loop ---- */

/* Signals are the main thread's: the new one is born with all blocked. */
static bool
start_thread(struct pool *p)
{
	sigset_t all, old;
	int      e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	e = pthread_create(&p->threads[p->n], NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	p->n += e == 0;
	return e == 0;
}

static void
hand_back(struct pool *p)
{
	struct task *t;

	for (;;) {
		pthread_mutex_lock(&p->lock);
		t = line_take(&p->done);
		pthread_mutex_unlock(&p->lock);
		if (t == NULL)
			return;
		t->done(t->arg);
	}
}

static void
on_bell(void *arg)
{
	struct pool *p = arg;
	uint64_t     count;

	(void)!read(p->bell, &count, sizeof(count));
	hand_back(p);
}

struct pool *
pool_new(struct event_base *base, unsigned threads, int *ret_err)
{
	struct pool *p = xcalloc(1, sizeof(*p) + threads * sizeof(p->threads[0]));

	p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->bell < 0) {
		*ret_err = -errno;
		free(p);
		return NULL;
	}
	p->max = threads;
	line_init(&p->todo);
	line_init(&p->done);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->watch = watch_fd(base, p->bell, on_bell, p);
	return p;
}

/*
 * A machine that gives us no thread at all still has the loop: slow, but no
 * message waits for ever.  done() comes from the next turn all the same.
 */
static void
work_here(struct pool *p)
{
	static const uint64_t one = 1;
	struct task          *t;

	while ((t = line_take(&p->todo)) != NULL) {
		p->waiting--;
		t->work(t->arg);
		line_put(&p->done, t);
	}
	(void)!write(p->bell, &one, sizeof(one));
}

void
pool_put(struct pool *p, struct task *t)
{
	bool wanted;

	pthread_mutex_lock(&p->lock);
	line_put(&p->todo, t);
	p->waiting++;
	wanted = p->waiting > p->idle && p->n < p->max;
	pthread_cond_signal(&p->more);
	pthread_mutex_unlock(&p->lock);
	if (wanted && !start_thread(p) && p->n == 0)
		work_here(p);
}

void
pool_free(struct pool *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->more);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++)
		pthread_join(p->threads[i], NULL);
	hand_back(p);
	watch_free(p->watch);
	close(p->bell);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
