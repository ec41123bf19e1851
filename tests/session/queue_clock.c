/* queue_clock.c - the wall clock is set, or the machine slept: no message waits for it, none expires untried. */
#include "queue_rig.h"

#include "relay/retry.h"
#include "vclock.h"

#define DAY_S 86400

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

/* One message in later/, from a clock that is right. */
static void
defer_one(void)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
}

/* The least wait is 5 minutes; a look takes its 15 seconds. */
START_TEST(set_back_by_days)
{
	defer_one();
	vclock_set_wall_ms(-3 * DAY_S * INT64_C(1000));
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 400);
	rig_end(&r);
}
END_TEST

/* Its last attempt, the file says, is in three days. */
START_TEST(set_back_and_restarted)
{
	defer_one();
	rig_halt(&r);
	vclock_set_wall_ms(-3 * DAY_S * INT64_C(1000));
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 400);
	rig_end(&r);
}
END_TEST

/*
 * Named by a clock that was years ahead, and refused for a while ever since:
 * it expires like any other, so long after the clock was put right, and a
 * restart in between does not begin that anew.
 */
START_TEST(named_in_the_future)
{
	const int64_t years_ms = INT64_C(4) * 365 * DAY_S * 1000;

	r.top = "queue { expire = 4h warn-after = 1h }";
	vclock_set_wall_ms(years_ms);
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<bob", .say = "450 4.2.1 come back" };
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	vclock_set_wall_ms(-years_ms);
	rig_pass(&r, 2 * 3600);
	rig_halt(&r);
	rig_start(&r);
	rig_pass(&r, 3600);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);      /* the notice of a delay */
	UNTIL(&r, rig_got(&r, 0, "alice@example.org") == 2, 3 * 3600);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	/* The wait grows with its age, as everybody's does: not each five minutes. */
	ck_assert_uint_lt(rig_logged(&r, "come back"), 12);
	rig_end(&r);
}
END_TEST

/* A laptop's lid: what came due in its sleep goes out when it wakes, and not hours later. */
START_TEST(slept)
{
	defer_one();
	vclock_set_wall_ms(DAY_S * INT64_C(1000));
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 20);
	rig_end(&r);
}
END_TEST

static bool
rests(void)
{
	return upstream_well(rig_up(&r, 0)) == RESTING;
}

/* Off line, asleep for longer than a message may wait, and on line a minute after it wakes. */
static void
sleep_off_line(bool restart)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rests(), 10);
	rig_pass(&r, 3600);
	if (restart)
		rig_halt(&r);
	vclock_set_wall_ms(6 * DAY_S * INT64_C(1000));
	if (restart)
		rig_start(&r);
	rig_pass(&r, 60);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 1);
	ck_assert_uint_eq(rig_logged(&r, "report to"), 0);
}

START_TEST(slept_past_its_expiry)
{
	sleep_off_line(_i == 1);
	script_listen(r.relay[0].script, true);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	rig_end(&r);
}
END_TEST

/* It had its chance. */
START_TEST(slept_and_expires_all_the_same)
{
	sleep_off_line(_i == 1);
	rig_pass(&r, 700);
	ck_assert_uint_eq(rig_logged(&r, "report to <alice@example.org>"), 1);
	rig_end(&r);
}
END_TEST

TCase *
queue_clock_case(void)
{
	TCase *tc = tcase_create("clock");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, set_back_by_days);
	tcase_add_test(tc, set_back_and_restarted);
	tcase_add_test(tc, named_in_the_future);
	tcase_add_test(tc, slept);
	tcase_add_loop_test(tc, slept_past_its_expiry, 0, 2);
	tcase_add_loop_test(tc, slept_and_expires_all_the_same, 0, 2);
	return tc;
}
