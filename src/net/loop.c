#include "net/loop.h"

#include <event2/event.h>

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#define WORTH_A_LINE_MS 100     /* a caller at a terminal begins to notice */

struct timer {
	struct event *ev;
	void        (*fire)(void *arg);
	void         *arg;
};

struct watch {
	struct event *ev;
	void        (*ready)(void *arg);
	void         *arg;
};

static struct {
	bool            woke;
	int64_t         began_ms;
	struct loop_gap longest;
} turn;

struct event_base *
loop_new(void)
{
	struct event_config *conf = event_config_new();
	struct event_base *base;

	/* Nothing here runs in two threads: libevent need not lock. */
	assert(conf != NULL);
	event_config_set_flag(conf, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(conf);
	event_config_free(conf);
	assert(base != NULL);
	return base;
}

void
loop_woke(void)
{
	if (turn.woke)
		return;
	turn.woke = true;
	turn.began_ms = clock_mono_ms();
}

struct loop_gap
loop_longest(void)
{
	return turn.longest;
}

static void
end_turn(void)
{
	int64_t ms = turn.woke ? clock_mono_ms() - turn.began_ms : 0;

	turn.woke = false;
	if (ms >= WORTH_A_LINE_MS)
		log_debug("loop: a turn took %lld ms", (long long)ms);
	if (ms > turn.longest.ms)
		turn.longest = (struct loop_gap){ .ms = ms, .at_s = clock_wall_s() };
}

/* Turn by turn: libevent does not tell when it comes back from waiting, but its first callback does. */
void
loop_run(struct event_base *base)
{
	int r;

	turn.woke = false;
	do {
		r = event_base_loop(base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
		end_turn();
	} while (r == 0 && !event_base_got_break(base));
}

void
loop_turn(struct event_base *base)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

void
loop_stop(struct event_base *base)
{
	event_base_loopbreak(base);
}

void
loop_free(struct event_base *base)
{
	loop_turn(base);
	event_base_free(base);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	(void)fd;
	(void)what;
	loop_woke();
	t->fire(t->arg);
}

struct timer *
timer_new(struct event_base *base, void (*fire)(void *arg), void *arg)
{
	struct timer *t = xcalloc(1, sizeof(*t));

	t->fire = fire;
	t->arg = arg;
	t->ev = evtimer_new(base, on_timer, t);
	assert(t->ev != NULL);
	return t;
}

void
timer_set(struct timer *t, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(t->ev, &tv);
}

void
timer_off(struct timer *t)
{
	event_del(t->ev);
}

bool
timer_is_set(const struct timer *t)
{
	return evtimer_pending(t->ev, NULL) != 0;
}

void
timer_free(struct timer *t)
{
	if (t == NULL)
		return;
	event_free(t->ev);
	free(t);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	(void)what;
	loop_woke();
	w->ready(w->arg);
}

static struct watch *
watch(struct event_base *base, int fd, short what, void (*ready)(void *arg), void *arg)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->ready = ready;
	w->arg = arg;
	w->ev = event_new(base, fd, what | EV_PERSIST, on_ready, w);
	assert(w->ev != NULL);
	event_add(w->ev, NULL);
	return w;
}

struct watch *
watch_fd(struct event_base *base, int fd, void (*ready)(void *arg), void *arg)
{
	return watch(base, fd, EV_READ, ready, arg);
}

struct watch *
watch_signal(struct event_base *base, int signo, void (*came)(void *arg), void *arg)
{
	return watch(base, signo, EV_SIGNAL, came, arg);
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	event_free(w->ev);
	free(w);
}
