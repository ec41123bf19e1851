/* test_clock.c - the clocks run, stop and are moved. */
#include <check.h>
#include <time.h>

#include "base/clock.h"

START_TEST(runs)
{
	int64_t wall_s = clock_wall_s();
	int64_t mono_ms = clock_mono_ms();

	ck_assert_int_ge(wall_s, (int64_t)time(NULL) - 1);
	ck_assert_int_le(wall_s, (int64_t)time(NULL) + 1);
	while (clock_mono_ms() == mono_ms)
		continue;               /* Check's timeout catches a clock that stands */
	ck_assert_int_gt(clock_mono_ms(), mono_ms);
}
END_TEST

START_TEST(stops_moves_and_runs_again)
{
	clock_set(1764000000123456, 5000);
	ck_assert_int_eq(clock_wall_us(), 1764000000123456);
	ck_assert_int_eq(clock_wall_s(), 1764000000);
	ck_assert_int_eq(clock_mono_ms(), 5000);
	clock_move_ms(1500);
	ck_assert_int_eq(clock_wall_us(), 1764000001623456);
	ck_assert_int_eq(clock_mono_ms(), 6500);
	ck_assert_int_eq(clock_boot_s(), 6);
	clock_release();
	ck_assert_int_gt(clock_wall_us(), 1764000001623456);
}
END_TEST

START_TEST(moving_a_running_clock_stops_it)
{
	int64_t before = clock_wall_us();

	clock_move_ms(86400 * 1000);
	ck_assert_int_ge(clock_wall_us(), before + (int64_t)86400 * 1000000);
	ck_assert_int_eq(clock_wall_us(), clock_wall_us());
}
END_TEST

START_TEST(before_the_epoch)
{
	clock_set(-1, 0);
	ck_assert_int_eq(clock_wall_s(), -1);
	clock_set(-1000000, 0);
	ck_assert_int_eq(clock_wall_s(), -1);
}
END_TEST

Suite *suite_clock(void);

Suite *
suite_clock(void)
{
	Suite *s = suite_create("clock");
	TCase *tc = tcase_create("clock");

	tcase_add_checked_fixture(tc, NULL, clock_release);
	tcase_add_test(tc, runs);
	tcase_add_test(tc, stops_moves_and_runs_again);
	tcase_add_test(tc, moving_a_running_clock_stops_it);
	tcase_add_test(tc, before_the_epoch);
	suite_add_tcase(s, tc);
	return s;
}
