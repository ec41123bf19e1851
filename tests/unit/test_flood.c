/* test_flood.c - counting by name in a rolling period. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "relay/flood.h"

#define NOW  INT64_C(1764000000)
#define HOUR 3600

static struct flood *f;

static void
setup(void)
{
	f = flood_new(HOUR);
}

static void
teardown(void)
{
	flood_free(f);
}

static unsigned
add_many(const char *name, unsigned n, int64_t when_s)
{
	unsigned got = 0;

	while (n-- > 0)
		got = flood_add(f, name, when_s);
	return got;
}

START_TEST(each_name_for_itself)
{
	ck_assert_uint_eq(add_many("uid 1000", 5, NOW), 5);
	ck_assert_uint_eq(add_many("uid 1001", 2, NOW), 2);
	ck_assert_uint_eq(flood_add(f, "uid 1000", NOW), 6);
	ck_assert_uint_eq(flood_count(f, "uid 1000", NOW), 6);
	ck_assert_uint_eq(flood_count(f, "uid 1002", NOW), 0);
	ck_assert_uint_eq(flood_names(f), 2);
}
END_TEST

/* One a minute is sixty an hour, however long it goes on; never fewer than the last hour had. */
START_TEST(rolls)
{
	for (int i = 0; i < 600; i++) {
		unsigned n = flood_add(f, "uid 1000", NOW + i * 60);

		if (i >= 60)
			ck_assert_msg(n >= 60 && n <= 66, "minute %d: %u", i, n);
		else
			ck_assert_uint_eq(n, i + 1);
	}
}
END_TEST

/* A period later nothing is left, and not before. */
static const struct {
	int64_t  later_s;
	unsigned left;
} ages[] = { { 0, 9 }, { 3300, 9 }, { 3599, 9 }, { 3600, 9 }, { 3600 + 300, 0 }, { 86400, 0 }, { 86400 * 400, 0 } };

START_TEST(is_over)
{
	int64_t begin = NOW / 300 * 300 + 299;  /* at the end of a slot */

	add_many("uid 1000", 9, begin);
	ck_assert_uint_eq(flood_count(f, "uid 1000", begin + ages[_i].later_s), ages[_i].left);
	ck_assert_uint_eq(flood_add(f, "uid 1000", begin + ages[_i].later_s), ages[_i].left + 1);
}
END_TEST

START_TEST(out_of_order)
{
	ck_assert_uint_eq(flood_add(f, "a", NOW), 1);
	ck_assert_uint_eq(flood_add(f, "a", NOW - 900), 2);
	ck_assert_uint_eq(flood_add(f, "a", NOW + 10), 3);
	ck_assert_uint_eq(flood_count(f, "a", NOW + 2500), 3);      /* the older one goes first */
	ck_assert_uint_eq(flood_count(f, "a", NOW + 3000), 2);
}
END_TEST

/* Nobody is let off, nor held for a year, because the clock was wrong. */
START_TEST(clock_goes_back)
{
	add_many("a", 50, NOW);
	ck_assert_uint_eq(flood_add(f, "a", NOW - 86400 * 365), 51);
	ck_assert_uint_eq(flood_add(f, "a", NOW - 86400 * 365 + 2 * HOUR), 1);
}
END_TEST

START_TEST(room)
{
	ck_assert_int_eq(flood_room_at(f, "a", 3, NOW), NOW);
	add_many("a", 2, NOW);
	ck_assert_int_eq(flood_room_at(f, "a", 3, NOW), NOW);
	add_many("a", 2, NOW + 1800);
	ck_assert_int_gt(flood_room_at(f, "a", 3, NOW + 1800), NOW + HOUR - 1);
	ck_assert_int_le(flood_room_at(f, "a", 3, NOW + 1800), NOW + HOUR + 300);
	ck_assert_uint_lt(flood_count(f, "a", flood_room_at(f, "a", 3, NOW + 1800)), 3);
	ck_assert_uint_eq(flood_count(f, "a", flood_room_at(f, "a", 1, NOW + 1800)), 0);
}
END_TEST

/* Ten thousand strangers push each other out, and not the one who floods. */
START_TEST(bounded)
{
	char name[40];

	add_many("uid 1000", 100, NOW);
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "net 10.%d.%d.1", i / 256, i % 256);
		flood_add(f, name, NOW + 1);
	}
	ck_assert_uint_eq(flood_names(f), FLOOD_NAMES);
	ck_assert_uint_eq(flood_add(f, "uid 1000", NOW + 2), 101);
}
END_TEST

START_TEST(long_names)
{
	char name[3 * FLOOD_NAME_MAX];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ck_assert_uint_eq(flood_add(f, name, NOW), 1);
	ck_assert_uint_eq(flood_add(f, name, NOW), 2);
}
END_TEST

static void
read_back(struct flood *g, struct span text, int64_t now_s)
{
	struct span line;

	while (span_cut(&text, '\n', &line)) {
		ck_assert(span_starts(line, SPAN("user ")));
		flood_take(g, (struct span){ line.p + 5, line.n - 5 }, now_s);
	}
}

START_TEST(text_and_back)
{
	struct flood *g = flood_new(HOUR);
	struct buf    b;

	buf_init(&b, 1 << 20);
	add_many("login a b%\n", 7, NOW);
	add_many("login a b%\n", 5, NOW + 1200);
	add_many("uid 1000", 3, NOW + 1200);
	flood_put(f, "user", &b);
	read_back(g, buf_view(&b), NOW + 1300);
	ck_assert_uint_eq(flood_count(g, "login a b%\n", NOW + 1300), 12);
	ck_assert_uint_eq(flood_count(g, "login a b%\n", NOW + 1200 + HOUR - 300), 5);
	ck_assert_uint_eq(flood_count(g, "uid 1000", NOW + 1300), 3);
	flood_free(g);

	g = flood_new(HOUR);            /* a day later */
	read_back(g, buf_view(&b), NOW + 86400);
	ck_assert_uint_eq(flood_names(g), 0);
	flood_free(g);
	buf_done(&b);
}
END_TEST

static const char *const nonsense[] = {
	"", " ", "a", "a 1764000000", "a 1764000000 x", "a x 1", "a 1764000000 1 1", "a 99999999999 1", "%zz 1764000000 1",
	"a -1 1", "a 1764000000 99999999999999999999", " 1764000000 1",
};

START_TEST(makes_no_sense)
{
	flood_take(f, span_of(nonsense[_i]), NOW);
	ck_assert_uint_eq(flood_names(f), 0);
}
END_TEST

Suite *suite_flood(void);

Suite *
suite_flood(void)
{
	Suite *s = suite_create("flood");
	TCase *t = tcase_create("flood");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, each_name_for_itself);
	tcase_add_test(t, rolls);
	tcase_add_loop_test(t, is_over, 0, sizeof(ages) / sizeof(ages[0]));
	tcase_add_test(t, out_of_order);
	tcase_add_test(t, clock_goes_back);
	tcase_add_test(t, room);
	tcase_add_test(t, bounded);
	tcase_add_test(t, long_names);
	tcase_add_test(t, text_and_back);
	tcase_add_loop_test(t, makes_no_sense, 0, sizeof(nonsense) / sizeof(nonsense[0]));
	suite_add_tcase(s, t);
	return s;
}
