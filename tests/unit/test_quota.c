/* test_quota.c - rolling windows by a fake clock: nothing is free before its time, nothing is blocked for longer. */
#include <check.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "relay/quota.h"

#define T0   INT64_C(1764000000)
#define HOUR 3600
#define DAY  86400
#define MANY 10000000

static struct quota q;

static void
setup(void)
{
	memset(&q, 0, sizeof(q));
}

static const struct {
	enum quota_kind kind;
	int64_t         length_s, width_s;
} windows[] = {
	{ QUOTA_MINUTE, 60, 1 }, { QUOTA_HOUR, HOUR, 60 }, { QUOTA_DAY, DAY, 900 }, { QUOTA_RECIPIENTS, DAY, 900 },
};

/* Wherever in a bucket it falls, one message counts for the whole window, and one bucket longer at the most. */
START_TEST(counts_for_its_window)
{
	enum quota_kind k = windows[_i].kind;

	for (int64_t at = 0; at < windows[_i].width_s; at += 1 + windows[_i].width_s / 7) {
		int64_t t = T0 + at, room;

		setup();
		quota_add(&q, t, 1, 1);
		ck_assert_uint_eq(quota_used(&q, k, t), 1);
		ck_assert_uint_eq(quota_used(&q, k, t + windows[_i].length_s), 1);
		room = quota_room_at(&q, k, 1, 1, t);
		ck_assert_int_gt(room, t + windows[_i].length_s);
		ck_assert_int_le(room, t + windows[_i].length_s + windows[_i].width_s);
		ck_assert_uint_eq(quota_used(&q, k, room - 1), 1);
		ck_assert_uint_eq(quota_used(&q, k, room), 0);
		ck_assert_int_eq(quota_room_at(&q, k, 1, 1, room), room);
	}
}
END_TEST

START_TEST(kinds_are_apart)
{
	quota_add(&q, T0, 1, 40);
	quota_add(&q, T0 + 90, 2, 7);
	ck_assert_uint_eq(quota_used(&q, QUOTA_MINUTE, T0 + 90), 2);
	ck_assert_uint_eq(quota_used(&q, QUOTA_HOUR, T0 + 90), 3);
	ck_assert_uint_eq(quota_used(&q, QUOTA_DAY, T0 + 90), 3);
	ck_assert_uint_eq(quota_used(&q, QUOTA_RECIPIENTS, T0 + 90), 47);
}
END_TEST

/* A sender that takes all it is given, for ten days: in no 24 hours more than the day's 500, and not much fewer. */
START_TEST(no_day_has_more)
{
	static uint32_t sent[10 * DAY / 60];
	const size_t n = sizeof(sent) / sizeof(sent[0]);
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t now = T0 + (int64_t)i * 60;

		for (int burst = 0; burst < 3 && quota_room_at(&q, QUOTA_DAY, 500, 1, now) == now; burst++) {
			quota_add(&q, now, 1, 1);
			sent[i]++;
		}
	}
	for (size_t from = 0; from < n; from++) {
		uint64_t day = 0;

		for (size_t i = from; i < n && i < from + DAY / 60; i++)
			day += sent[i];
		ck_assert_uint_le(day, 500);
		total += sent[from];
	}
	ck_assert_uint_ge(total, 500 * 9);
}
END_TEST

/* Room for one comes with the oldest, room for many with as many. */
START_TEST(room_comes_in_order)
{
	int64_t one, two, three;

	quota_add(&q, T0, 10, 10);
	quota_add(&q, T0 + 2 * HOUR, 10, 10);
	quota_add(&q, T0 + 4 * HOUR, 10, 10);
	one = quota_room_at(&q, QUOTA_DAY, 30, 1, T0 + 5 * HOUR);
	two = quota_room_at(&q, QUOTA_DAY, 30, 11, T0 + 5 * HOUR);
	three = quota_room_at(&q, QUOTA_DAY, 30, 30, T0 + 5 * HOUR);
	ck_assert_int_eq(two - one, 2 * HOUR);
	ck_assert_int_eq(three - one, 4 * HOUR);
	ck_assert_int_eq(one, quota_room_at(&q, QUOTA_DAY, 30, 10, T0 + 5 * HOUR));
	ck_assert(quota_room_at(&q, QUOTA_DAY, 30, 31, T0) == INT64_MAX);
}
END_TEST

/* Not what the ledger's clock does; but whoever's does frees nothing and blocks nothing for days. */
START_TEST(clock_that_goes_back)
{
	quota_add(&q, T0, 5, 5);
	ck_assert_uint_eq(quota_used(&q, QUOTA_DAY, T0 - 3 * DAY), 5);
	quota_add(&q, T0 - 3 * DAY, 1, 1);
	ck_assert_uint_eq(quota_used(&q, QUOTA_DAY, T0), 6);
	ck_assert_uint_eq(quota_used(&q, QUOTA_DAY, T0 + DAY + 900), 0);
}
END_TEST

START_TEST(long_silence_empties)
{
	quota_add(&q, T0, 5, 5);
	quota_add(&q, T0 + 400 * DAY, 1, 1);
	for (int k = 0; k < NQUOTAS; k++)
		ck_assert_uint_eq(quota_used(&q, k, T0 + 400 * DAY), 1);
}
END_TEST

START_TEST(never_wraps)
{
	for (int i = 0; i < 5; i++)
		quota_add(&q, T0, UINT32_MAX, UINT32_MAX);
	ck_assert_uint_eq(quota_used(&q, QUOTA_DAY, T0), UINT32_MAX);
	ck_assert_int_gt(quota_room_at(&q, QUOTA_DAY, MANY, 1, T0), T0 + DAY);
}
END_TEST

static const struct {
	enum quota_kind kind;
	uint64_t        max, reserve;
} reserves[] = {
	{ QUOTA_DAY, 500, 25 }, { QUOTA_DAY, 2000, 100 }, { QUOTA_DAY, MANY, 100 }, { QUOTA_DAY, 20, 1 },
	{ QUOTA_DAY, 19, 0 }, { QUOTA_DAY, 1, 0 }, { QUOTA_RECIPIENTS, 10000, 100 },
	{ QUOTA_MINUTE, 3000, 0 }, { QUOTA_HOUR, 3000, 0 },
};

START_TEST(reserve_of_a_day)
{
	ck_assert_uint_eq(quota_reserve(reserves[_i].kind, reserves[_i].max), reserves[_i].reserve);
}
END_TEST

/* ---- as text ---- */

static int
read_back(struct quota *to, int64_t now_s, const char *words)
{
	struct span rest = span_of(words), word;

	while (span_cut(&rest, ' ', &word))
		if (word.n > 0 && quota_read(to, now_s, word) != 0)
			return -EINVAL;
	return 0;
}

START_TEST(survives_as_text)
{
	struct quota again = { 0 };
	struct buf b;

	buf_init(&b, 65536);
	for (int i = 0; i < 300; i++)
		quota_add(&q, T0 + i * 700, (uint32_t)i % 5, (uint32_t)i);
	quota_put(&q, T0 + 300 * 700, &b);
	ck_assert_int_eq(read_back(&again, T0 + 300 * 700 + HOUR, buf_cstr(&b)), 0);
	for (int64_t later = HOUR; later < 2 * DAY; later += 450)
		for (int k = 0; k < NQUOTAS; k++)
			ck_assert_uint_eq(quota_used(&again, k, T0 + 300 * 700 + later),
			    quota_used(&q, k, T0 + 300 * 700 + later));
	buf_done(&b);
}
END_TEST

START_TEST(nothing_is_no_text)
{
	struct buf b;

	buf_init(&b, 65536);
	quota_add(&q, T0, 1, 1);
	quota_put(&q, T0 + 2 * DAY, &b);
	ck_assert_str_eq(buf_cstr(&b), "");
	buf_done(&b);
}
END_TEST

START_TEST(future_counts_as_now)
{
	ck_assert_int_eq(read_back(&q, T0, "day=99999999999:7"), 0);
	ck_assert_uint_eq(quota_used(&q, QUOTA_DAY, T0), 7);
	ck_assert_uint_eq(quota_used(&q, QUOTA_DAY, T0 + DAY + 900), 0);
}
END_TEST

static const char *const bad[] = {
	"day", "week=1:1", "day=1", "day=:1", "day=1:", "day=-1:1", "day=1:-1", "day=x:1", "day=1:1:1",
	"day=1:4294967296", "day=1:1,,2:2", "day=99999999999999999999:1", "",
};

START_TEST(bad_text)
{
	ck_assert_int_eq(quota_read(&q, T0, span_of(bad[_i])), -EINVAL);
}
END_TEST

Suite *suite_quota(void);

Suite *
suite_quota(void)
{
	Suite *s = suite_create("quota");
	TCase *t = tcase_create("quota");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, counts_for_its_window, 0, (int)(sizeof(windows) / sizeof(windows[0])));
	tcase_add_test(t, kinds_are_apart);
	tcase_add_test(t, no_day_has_more);
	tcase_add_test(t, room_comes_in_order);
	tcase_add_test(t, clock_that_goes_back);
	tcase_add_test(t, long_silence_empties);
	tcase_add_test(t, never_wraps);
	tcase_add_loop_test(t, reserve_of_a_day, 0, (int)(sizeof(reserves) / sizeof(reserves[0])));
	tcase_add_test(t, survives_as_text);
	tcase_add_test(t, nothing_is_no_text);
	tcase_add_test(t, future_counts_as_now);
	tcase_add_loop_test(t, bad_text, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	suite_add_tcase(s, t);
	return s;
}
