/* test_retry.c - when a message is tried again: the edges of every clamp. */
#include <check.h>

#include "relay/retry.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))
#define T0      INT64_C(1764000000)
#define DAY     86400

/* The wait, jitter aside, for an age at the last attempt. */
static const struct {
	int64_t age, wait;
} waits[] = {
	{ 0, 300 }, { 1, 300 }, { 299, 300 }, { 300, 300 }, { 301, 301 }, { 310, 310 }, { 1000, 1000 },
	{ 3599, 3599 }, { 3600, 3600 }, { 3601, 3600 }, { 5 * DAY, 3600 }, { -1, 300 }, { -10 * DAY, 300 },
};

START_TEST(waits_by_age)
{
	int64_t want = waits[_i].wait, spread = want / 10;
	int64_t lowest = INT64_MAX, highest = 0, sum = 0;

	for (uint64_t seed = 0; seed < 5000; seed++) {
		int64_t wait = retry_at(T0, T0 + waits[_i].age, seed) - (T0 + waits[_i].age);

		lowest = wait < lowest ? wait : lowest;
		highest = wait > highest ? wait : highest;
		sum += wait;
	}

	/* Both ends are reached, nothing is beyond them, and the middle is the middle. */
	ck_assert_int_eq(lowest, want - spread);
	ck_assert_int_eq(highest, want + spread);
	ck_assert_int_le(sum / 5000, want + spread / 15 + 1);
	ck_assert_int_ge(sum / 5000, want - spread / 15 - 1);
}
END_TEST

START_TEST(same_message_same_moment)
{
	int changed = 0;

	for (uint64_t seed = 1; seed < 100; seed++) {
		int64_t at = retry_at(T0, T0 + 500, seed << 12);

		ck_assert_int_eq(at, retry_at(T0, T0 + 500, seed << 12));
		changed += at != retry_at(T0, T0 + 500, (seed + 1) << 12);
	}
	ck_assert_int_ge(changed, 80);
}
END_TEST

START_TEST(absurd_times)
{
	ck_assert_int_eq(retry_at(0, INT64_MAX, 1), INT64_MAX);
	ck_assert_int_eq(retry_at(INT64_MIN, INT64_MAX, 1), INT64_MAX);
	ck_assert_int_lt(retry_at(INT64_MAX, INT64_MIN, 1), 0);
	ck_assert(retry_expired(INT64_MIN, INT64_MAX, 5 * DAY));
	ck_assert(!retry_expired(INT64_MAX, INT64_MIN, 5 * DAY));
}
END_TEST

START_TEST(expires)
{
	ck_assert(!retry_expired(T0, T0, 5 * DAY));
	ck_assert(!retry_expired(T0, T0 + 5 * DAY - 1, 5 * DAY));
	ck_assert(retry_expired(T0, T0 + 5 * DAY, 5 * DAY));
	ck_assert(retry_expired(T0, T0 + 5 * DAY + 1, 5 * DAY));
	ck_assert(!retry_expired(T0, T0 - DAY, 5 * DAY));
	ck_assert(retry_expired(T0, T0, 0));
}
END_TEST

static const struct {
	unsigned n;
	int64_t  ms;
} backoffs[] = {
	{ 1, 2000 }, { 2, 4000 }, { 3, 8000 }, { 4, 16000 }, { 5, 32000 }, { 6, 60000 }, { 7, 60000 },
	{ 64, 60000 }, { 65, 60000 }, { UINT32_MAX, 60000 },
};

START_TEST(backs_off)
{
	int64_t want = backoffs[_i].ms, spread = want / 5;
	int64_t lowest = INT64_MAX, highest = 0;

	for (uint64_t seed = 0; seed < 5000; seed++) {
		int64_t wait = retry_backoff_ms(backoffs[_i].n, seed);

		lowest = wait < lowest ? wait : lowest;
		highest = wait > highest ? wait : highest;
	}
	ck_assert_int_ge(lowest, want - spread);
	ck_assert_int_le(highest, want + spread);
	ck_assert_int_le(lowest, want - spread + spread / 50);
	ck_assert_int_ge(highest, want + spread - spread / 50);
}
END_TEST

static const struct {
	int64_t  pause_s, max_s;
	unsigned again;
	int64_t  want_s;
} pauses[] = {
	{ 900, 0, 0, 900 }, { 900, 0, 9, 900 }, { 900, 14400, 0, 900 }, { 900, 14400, 1, 1800 }, { 900, 14400, 3, 7200 },
	{ 900, 14400, 4, 14400 }, { 900, 14400, UINT32_MAX, 14400 }, { 3, 60, 4, 48 }, { 3, 60, 5, 60 },
	{ 172800, 172800, 7, 172800 },
};

START_TEST(a_pause_grows)
{
	ck_assert_int_eq(retry_pause_s(pauses[_i].pause_s, pauses[_i].max_s, pauses[_i].again), pauses[_i].want_s);
}
END_TEST

Suite *suite_retry(void);

Suite *
suite_retry(void)
{
	Suite *s = suite_create("retry");
	TCase *t = tcase_create("retry");

	tcase_add_loop_test(t, waits_by_age, 0, ROWS(waits));
	tcase_add_test(t, same_message_same_moment);
	tcase_add_test(t, absurd_times);
	tcase_add_test(t, expires);
	tcase_add_loop_test(t, backs_off, 0, ROWS(backoffs));
	tcase_add_loop_test(t, a_pause_grows, 0, ROWS(pauses));
	suite_add_tcase(s, t);
	return s;
}
