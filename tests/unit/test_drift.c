/* test_drift.c - which moves of the wall clock are noticed. */
#include <check.h>

#include "base/clock.h"
#include "relay/drift.h"

static void
teardown(void)
{
	clock_release();
}

/* After a first look and a second of time, the wall clock moves by so much. */
static const struct {
	int64_t step_s, noticed_s;
} rows[] = {
	{ 0, 0 }, { 1, 0 }, { -1, 0 }, { 58, 0 }, { -58, 0 },
	{ 61, 61 }, { -61, -61 }, { 6 * 86400, 6 * 86400 }, { -3 * 86400, -3 * 86400 },
	{ -1900000000, -1900000000 },           /* to before 1970 */
};

START_TEST(a_step)
{
	struct drift d = { 0 };

	clock_set(INT64_C(1800000000) * 1000000, 5000);
	ck_assert_int_eq(drift_look(&d), 0);
	clock_set((INT64_C(1800000001) + rows[_i].step_s) * 1000000, 6000);
	ck_assert_int_eq(drift_look(&d), rows[_i].noticed_s);
	ck_assert_int_eq(drift_look(&d), 0);
	clock_move_ms(86400 * 1000);
	ck_assert_int_eq(drift_look(&d), 0);
}
END_TEST

START_TEST(small_steps_add_up)
{
	struct drift d = { 0 };
	int64_t sum = 0;

	clock_set(INT64_C(1800000000) * 1000000, 0);
	(void)drift_look(&d);
	for (int i = 1; i <= 100; i++) {
		clock_set((INT64_C(1800000000) - 9 * i) * 1000000, 10 * i);
		sum += drift_look(&d);
	}
	ck_assert_int_le(sum, -900 + 60);
	ck_assert_int_ge(sum, -902);
}
END_TEST

Suite *suite_drift(void);

Suite *
suite_drift(void)
{
	Suite *s = suite_create("drift");
	TCase *tc = tcase_create("drift");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, a_step, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, small_steps_add_up);
	suite_add_tcase(s, tc);
	return s;
}
