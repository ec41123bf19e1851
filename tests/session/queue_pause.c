/* queue_pause.c - relays that an admin pauses: nothing but the admin, or the time he gave, ends it. */
#include "queue_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "vclock.h"

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

static void
setup_two(void)
{
	rig_make(&r, 2);
}

static void
check_rests(unsigned carried)
{
	rig_pass(&r, 20);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), carried);
	ck_assert(upstream_is_paused(rig_up(&r, 0)));
	ck_assert_int_eq(upstream_well(rig_up(&r, 0)), RESTING);
	ck_assert_str_eq(upstream_trouble(rig_up(&r, 0))->text, "paused by root");
}

/* Not a submission, not a flush, not a reload, not a restart. */
START_TEST(nothing_else_ends_it)
{
	rig_start(&r);
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	rig_submit(&r, "a@example.org", "bob@example.net");
	check_rests(0);
	ck_assert_int_eq(upstream_until_s(rig_up(&r, 0)), 0);
	queue_flush(r.q);
	check_rests(0);
	ck_assert(rig_reload(&r));
	rig_submit(&r, "b@example.org", "bob@example.net");
	check_rests(0);
	rig_halt(&r);
	rig_start(&r);
	check_rests(0);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 2);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	rig_halt(&r);
	rig_start(&r);
	ck_assert(!upstream_is_paused(rig_up(&r, 0)));
	rig_end(&r);
}
END_TEST

/* What is on its way comes to its end; what is not, is not begun. */
START_TEST(finishes_what_is_in_flight)
{
	unsigned got;

	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .nth = 5 };
	rig_submit_each(&r, 40);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 5, 30);
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	rig_pass(&r, 30);
	got = rig_got(&r, 0, NULL);
	ck_assert_uint_lt(got, 40);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 40 - got);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	check_rests(got);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	UNTIL(&r, rig_is_empty(&r), 30);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 40);
	ck_assert_uint_eq(upstream_carried(rig_up(&r, 0)), 40);
	ck_assert(rig_reload(&r));
	ck_assert_uint_eq(upstream_carried(rig_up(&r, 0)), 40);
	rig_end(&r);
}
END_TEST

/* It ends by itself, whether a restart lies between or not. */
START_TEST(ends_in_time)
{
	rig_start(&r);
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 600), 0);
	rig_submit(&r, "a@example.org", "bob@example.net");
	if (_i == 1) {
		rig_halt(&r);
		rig_start(&r);
	}
	if (_i == 2) {
		rig_halt(&r);
		vclock_jump_ms(700 * 1000);
		rig_start(&r);
	} else {
		rig_pass(&r, 500);
		check_rests(0);
		ck_assert_int_gt(upstream_until_s(rig_up(&r, 0)), clock_wall_s());
		rig_pass(&r, 140);
	}
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_logged(&r, "the pause by root is over"), 1);
	rig_end(&r);
}
END_TEST

/* A relay that rests already comes out of the pause as it would have without. */
START_TEST(of_a_relay_in_trouble)
{
	r.relay[0].turn[0] = (struct turn){ .when = "greeting", .say = "421 not now", .nth = 1 };
	rig_submit(&r, "a@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, upstream_well(rig_up(&r, 0)) == RESTING, 10);
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	check_rests(0);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	UNTIL(&r, rig_is_empty(&r), 70);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	rig_end(&r);
}
END_TEST

START_TEST(the_other_takes_over)
{
	rig_start(&r);
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	rig_submit(&r, "a@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 1);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	rig_submit(&r, "b@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	rig_end(&r);
}
END_TEST

static int
refusing_fsync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

/* What the next start would not know is not done. */
START_TEST(all_or_nothing)
{
	rig_start(&r);
	ck_assert_int_eq(queue_pause(r.q, "nobody", "root", 0), -ENOENT);
	ck_assert_int_eq(queue_resume(r.q, "nobody", "root"), -ENOENT);
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), 0);
	fs.fsync = refusing_fsync;
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), -EIO);
	ck_assert(!upstream_is_paused(rig_up(&r, 0)));
	fs.fsync = fs_kernel.fsync;
	ck_assert_int_eq(queue_pause(r.q, "one", "root", 0), 0);
	fs.fsync = refusing_fsync;
	ck_assert_int_eq(queue_resume(r.q, "one", "root"), -EIO);
	ck_assert(upstream_is_paused(rig_up(&r, 0)));
	fs.fsync = fs_kernel.fsync;
	rig_end(&r);
}
END_TEST

START_TEST(what_was_sent_is_counted)
{
	struct queue_rates n;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" };
	r.relay[0].turn[1] = (struct turn){ .when = "RCPT TO:<late", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "a@example.org", "bob@example.net eve@example.net late@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1 && rig_got(&r, 0, "a@example.org") == 1, 10);
	rig_pass(&r, 2);
	queue_rates(r.q, &n);
	ck_assert_uint_eq(n.sent_minute, 2);            /* bob, and the report about eve */
	ck_assert_uint_eq(n.sent_day, 2);
	ck_assert_uint_eq(n.failed_day, 1);
	ck_assert_uint_eq(n.deferred_day, 1);
	ck_assert_uint_eq(upstream_sent_minute(rig_up(&r, 0)), 2);
	rig_pass(&r, 100);
	queue_rates(r.q, &n);
	ck_assert_uint_eq(n.sent_minute, 0);
	ck_assert_uint_eq(n.sent_hour, 2);
	rig_end(&r);
}
END_TEST

TCase *
queue_pause_case(void)
{
	TCase *t = tcase_create("pause");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, nothing_else_ends_it);
	tcase_add_test(t, finishes_what_is_in_flight);
	tcase_add_loop_test(t, ends_in_time, 0, 3);
	tcase_add_test(t, of_a_relay_in_trouble);
	tcase_add_test(t, all_or_nothing);
	tcase_add_test(t, what_was_sent_is_counted);
	return t;
}

TCase *
queue_pause_two_case(void)
{
	TCase *t = tcase_create("pause of one of two");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup_two, NULL);
	tcase_add_test(t, the_other_takes_over);
	return t;
}
