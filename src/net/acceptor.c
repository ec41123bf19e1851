#include "net/acceptor.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "net/loop.h"

#define A_TURN  16
#define REST_MS 200

struct acceptor {
	struct event_base *base;
	int                fd;
	void             (*take)(void *arg, int fd);
	void              *arg;
	struct watch      *watch;       /* NULL: resting */
	struct timer      *rested;
};

static void
on_ready(void *arg)
{
	struct acceptor *a = arg;

	for (int n = 0; n < A_TURN; n++) {
		int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			a->take(a->arg, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			watch_free(a->watch);
			a->watch = NULL;
			timer_set(a->rested, REST_MS);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

static void
on_rested(void *arg)
{
	struct acceptor *a = arg;

	a->watch = watch_fd(a->base, a->fd, on_ready, a);
}

struct acceptor *
acceptor_new(struct event_base *base, int fd, void (*take)(void *arg, int fd), void *arg)
{
	struct acceptor *a = xcalloc(1, sizeof(*a));

	a->base = base;
	a->fd = fd;
	a->take = take;
	a->arg = arg;
	a->rested = timer_new(base, on_rested, a);
	a->watch = watch_fd(base, fd, on_ready, a);
	return a;
}

void
acceptor_free(struct acceptor *a)
{
	if (a == NULL)
		return;
	watch_free(a->watch);
	timer_free(a->rested);
	free(a);
}
