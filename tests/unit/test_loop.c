/* test_loop.c - how long a turn of the loop took, and that waiting is not part of it. */
#include <check.h>
#include <event2/event.h>

#include "base/clock.h"
#include "net/loop.h"

#define START_S 1764000000

static struct {
	struct event_base *base;
	struct timer      *first, *second, *third;
} r;

static void
setup(void)
{
	clock_set(START_S * INT64_C(1000000), 5000);
	r.base = loop_new();
}

static void
teardown(void)
{
	timer_free(r.first);
	timer_free(r.second);
	timer_free(r.third);
	loop_free(r.base);
	clock_release();
}

static void
work_30(void *arg)
{
	(void)arg;
	clock_move_ms(30);
}

static void
work_40(void *arg)
{
	(void)arg;
	clock_move_ms(40);
	timer_set(r.third, 0);
}

static void
work_60_and_stop(void *arg)
{
	(void)arg;
	clock_move_ms(60);
	loop_stop(r.base);
}

/* Two in one turn are one wait for a third; the turn behind it is another. */
START_TEST(longest_turn)
{
	r.first = timer_new(r.base, work_30, NULL);
	r.second = timer_new(r.base, work_40, NULL);
	r.third = timer_new(r.base, work_60_and_stop, NULL);
	ck_assert_int_eq(loop_longest().ms, 0);
	ck_assert_int_eq(loop_longest().at_s, 0);
	timer_set(r.first, 0);
	timer_set(r.second, 0);
	clock_move_ms(1000);            /* before it runs it keeps nobody waiting */
	loop_run(r.base);
	ck_assert_int_eq(loop_longest().ms, 70);
	ck_assert_int_eq(loop_longest().at_s, START_S + 1);
}
END_TEST

static void
waits(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	clock_move_ms(5000);
}

static void
work_20_and_stop(void *arg)
{
	(void)arg;
	clock_move_ms(20);
	loop_stop(r.base);
}

/* What stands for the wait is an event of the library's own, in front of the first of ours. */
START_TEST(waiting_is_none)
{
	struct event *wait = evtimer_new(r.base, waits, NULL);

	r.first = timer_new(r.base, work_20_and_stop, NULL);
	event_active(wait, EV_TIMEOUT, 1);
	timer_set(r.first, 0);
	loop_run(r.base);
	event_free(wait);
	ck_assert_int_eq(clock_mono_ms(), 5000 + 5000 + 20);
	ck_assert_int_eq(loop_longest().ms, 20);
}
END_TEST

Suite *suite_loop(void);

Suite *
suite_loop(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, longest_turn);
	tcase_add_test(t, waiting_is_none);
	suite_add_tcase(s, t);
	return s;
}
