/*
 * test_uplink.c - a network that comes and goes, in a name space of its own:
 * two ends of a virtual cable.  Needs root and ip(8); elsewhere only what
 * must hold anywhere is tested.
 */
#include <check.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/loop.h"
#include "net/routes.h"
#include "net/uplink.h"

#define LIMIT_MS 3000

static bool
run(const char *command)
{
	return system(command) == 0;
}

/* The test is a process of its own, so the name space goes with it. */
static bool
in_a_world_of_its_own(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0 ||
	    !run("ip link set lo up && ip link add v0 type veth peer name v1 2>/dev/null")) {
		fprintf(stderr, "uplink: no root, no name space or no ip(8): skipped\n");
		return false;
	}
	return true;
}

/* Both ways of asking, step by step. */
START_TEST(sees_what_there_is)
{
	static const struct {
		const char  *command;
		enum reach by_routes, by_probe;
	} steps[] = {
		{ "true", REACH_NONE, REACH_NONE },
		{ "ip link set v0 up && ip link set v1 up", REACH_NONE, REACH_NONE },
		{ "ip addr add 169.254.7.7/16 dev v0", REACH_NONE, REACH_NONE },
		{ "ip addr add 198.51.100.1/24 dev v0", REACH_NEAR, REACH_NEAR },
		{ "ip route add default via 198.51.100.2", REACH_FAR, REACH_FAR },
		{ "ip route del default", REACH_NEAR, REACH_NEAR },
		{ "ip route add 0.0.0.0/1 via 198.51.100.2", REACH_FAR, REACH_NEAR },
		{ "ip route del 0.0.0.0/1", REACH_NEAR, REACH_NEAR },
		{ "ip route add unreachable default metric 9", REACH_NEAR, REACH_NEAR },
		{ "ip link set v1 down", REACH_NONE, REACH_NONE },
		{ "ip link set v1 up", REACH_NEAR, REACH_NEAR },
		{ "ip link set v0 down", REACH_NONE, REACH_NONE },
	};

	if (!in_a_world_of_its_own())
		return;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum reach now = REACH_UNKNOWN;

		ck_assert_msg(run(steps[i].command), "%s", steps[i].command);
		/* A link's flags follow its peer's by a work queue. */
		for (int n = 0; n < LIMIT_MS && (now = routes_look()) != steps[i].by_routes; n++)
			usleep(1000);
		ck_assert_msg(now == steps[i].by_routes, "routes, after %s: %d", steps[i].command, now);
		now = routes_probe();
		ck_assert_msg(now == steps[i].by_probe, "probe, after %s: %d", steps[i].command, now);
	}
}
END_TEST

struct heard {
	struct event_base *base;
	enum reach       now;
	unsigned           n;
};

static void
on_changed(void *arg, enum reach now)
{
	struct heard *h = arg;

	h->now = now;
	h->n++;
	loop_stop(h->base);
}

static void
on_late(void *arg)
{
	struct heard *h = arg;

	loop_stop(h->base);
}

START_TEST(hears_of_changes)
{
	struct heard h = { .base = loop_new() };
	struct timer *late = timer_new(h.base, on_late, &h);
	struct uplink *u;

	if (!in_a_world_of_its_own())
		goto end;
	u = uplink_new(h.base, on_changed, &h);
	ck_assert_int_eq(uplink_reach(u), REACH_NONE);
	timer_set(late, LIMIT_MS);
	ck_assert(run("ip link set v0 up && ip link set v1 up && ip addr add 198.51.100.1/24 dev v0 &&"
	    " ip route add default via 198.51.100.2"));
	while (h.now != REACH_FAR && timer_is_set(late))
		loop_run(h.base);
	ck_assert_int_eq(h.now, REACH_FAR);
	timer_set(late, LIMIT_MS);
	ck_assert(run("ip link set v0 down"));
	while (h.now != REACH_NONE && timer_is_set(late))
		loop_run(h.base);
	ck_assert_int_eq(h.now, REACH_NONE);
	ck_assert_int_eq(uplink_reach(u), REACH_NONE);
	/* A dozen changes, and hardly more news than there were states. */
	ck_assert_uint_le(h.n, 4);
	uplink_free(u);
end:
	timer_free(late);
	loop_free(h.base);
}
END_TEST

START_TEST(says_something_anywhere)
{
	struct event_base *base = loop_new();
	struct uplink *u = uplink_new(base, on_changed, NULL);

	ck_assert_int_eq(uplink_reach(u), routes_look());
	uplink_free(u);
	uplink_free(NULL);
	loop_free(base);
}
END_TEST

Suite *suite_uplink(void);

Suite *
suite_uplink(void)
{
	Suite *s = suite_create("uplink");
	TCase *t = tcase_create("uplink");

	tcase_set_timeout(t, 20);
	tcase_add_test(t, sees_what_there_is);
	tcase_add_test(t, hears_of_changes);
	tcase_add_test(t, says_something_anywhere);
	suite_add_tcase(s, t);
	return s;
}
