/* test_tally.c - counts of the last minute, hour and day, against one that remembers everything. */
#include <check.h>
#include <string.h>

#include "relay/tally.h"

#define DAY  86400
#define LONG (3 * DAY)

static struct tally t;
static uint32_t     all[LONG];          /* what came in each second */

static void
setup(void)
{
	t = (struct tally){ 0 };
	memset(all, 0, sizeof(all));
}

static uint64_t
since(int64_t from, int64_t to)
{
	uint64_t n = 0;

	for (int64_t i = from < 0 ? 0 : from; i <= to; i++)
		n += all[i];
	return n;
}

/* At least what the window less a bucket has, at most what the window has. */
static void
check_window(int64_t now, uint64_t got, int64_t window, int64_t bucket)
{
	uint64_t least = since(now - window + bucket, now), most = since(now - window + 1, now);

	if (got < least || got > most)
		ck_abort_msg("at %lld: %llu in %lld s, not %llu to %llu", (long long)now, (unsigned long long)got,
		    (long long)window, (unsigned long long)least, (unsigned long long)most);
}

START_TEST(agrees)
{
	uint64_t seed = 88172645463325252u;
	int64_t  now = _i;

	while (now < LONG) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		all[now] += (uint32_t)(seed % 5);
		tally_add(&t, now, (uint32_t)(seed % 5));
		check_window(now, tally_minute(&t, now), 60, 1);
		if (seed % 64 == 0) {
			check_window(now, tally_hour(&t, now), 3600, 60);
			check_window(now, tally_day(&t, now), DAY, 900);
		}
		/* Now and then a pause of any length. */
		now += seed % 97 == 0 ? (int64_t)(seed >> 20) % 9000 : (int64_t)(seed >> 20) % 7;
	}
}
END_TEST

/* Nobody counts any more: what was counted goes by, and asking changes nothing. */
START_TEST(goes_by)
{
	tally_add(&t, 1000, 7);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(tally_minute(&t, 1000), 7);
		ck_assert_uint_eq(tally_minute(&t, 1059), 7);
		ck_assert_uint_eq(tally_minute(&t, 1060), 0);
		ck_assert_uint_eq(tally_hour(&t, 1060), 7);
		ck_assert_uint_eq(tally_hour(&t, 1000 + 3600), 0);
		ck_assert_uint_eq(tally_day(&t, 1000 + 3600), 7);
		ck_assert_uint_eq(tally_day(&t, 1000 + DAY), 0);
		ck_assert_uint_eq(tally_day(&t, INT64_MAX / 2), 0);
	}
	tally_add(&t, 1000 + 10 * DAY, 1);
	ck_assert_uint_eq(tally_minute(&t, 1000 + 10 * DAY), 1);
	ck_assert_uint_eq(tally_day(&t, 1000 + 10 * DAY), 1);
}
END_TEST

START_TEST(is_empty_at_first)
{
	ck_assert_uint_eq(tally_minute(&t, 0), 0);
	ck_assert_uint_eq(tally_day(&t, 5), 0);
	tally_add(&t, 0, 3);
	ck_assert_uint_eq(tally_day(&t, 0), 3);
}
END_TEST

Suite *suite_tally(void);

Suite *
suite_tally(void)
{
	Suite *s = suite_create("tally");
	TCase *tc = tcase_create("tally");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, agrees, 0, 3);
	tcase_add_test(tc, goes_by);
	tcase_add_test(tc, is_empty_at_first);
	suite_add_tcase(s, tc);
	return s;
}
