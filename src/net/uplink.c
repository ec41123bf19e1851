#include "net/uplink.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/loop.h"
#include "net/routes.h"

/* A link that comes up makes a dozen changes in a row: one look at them all. */
#define SETTLE_MS    50
#define LOOK_UP_MS   15000
#define LOOK_DOWN_MS 1000

struct uplink {
	int           fd;               /* the kernel's word; -1: there is none */
	struct watch *watch;
	struct timer *look;
	enum reach    now;
	void        (*changed)(void *arg, enum reach now);
	void         *arg;
};

static void
on_word(void *arg)
{
	struct uplink *u = arg;

	routes_drain(u->fd);
	if (!timer_is_set(u->look))
		timer_set(u->look, SETTLE_MS);
}

/* Without word from the kernel on a system that could give it, looking is forbidden as well: no timer. */
static void
look_again(struct uplink *u)
{
	if (u->fd < 0 && u->now != REACH_UNKNOWN)
		timer_set(u->look, u->now == REACH_NONE ? LOOK_DOWN_MS : LOOK_UP_MS);
}

static void
on_look(void *arg)
{
	struct uplink *u = arg;
	enum reach before = u->now;

	u->now = routes_look();
	look_again(u);
	if (u->now != before)
		u->changed(u->arg, u->now);
}

struct uplink *
uplink_new(struct event_base *base, void (*changed)(void *arg, enum reach now), void *arg)
{
	struct uplink *u = xcalloc(1, sizeof(*u));

	u->changed = changed;
	u->arg = arg;
	u->look = timer_new(base, on_look, u);
	u->fd = routes_watch();         /* first: what changes behind the look is heard of */
	if (u->fd >= 0)
		u->watch = watch_fd(base, u->fd, on_word, u);
	u->now = routes_look();
	look_again(u);
	return u;
}

enum reach
uplink_reach(const struct uplink *u)
{
	return u->now;
}

void
uplink_free(struct uplink *u)
{
	if (u == NULL)
		return;
	watch_free(u->watch);
	timer_free(u->look);
	if (u->fd >= 0)
		close(u->fd);
	free(u);
}
