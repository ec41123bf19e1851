/* test_troubles.c - which trouble is news. */
#include <sys/stat.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/scratch.h"
#include "relay/troubles.h"

#define NOW INT64_C(1764000000)

static struct troubles t;

static void
setup(void)
{
	t.n = 0;
}

static struct status
why(enum verdict v, int code)
{
	return (struct status){ .verdict = v, .scope = SCOPE_RELAY, .code = code };
}

static bool
news(const char *relay, enum verdict v, int code, int64_t now_s)
{
	struct status st = why(v, code);

	return troubles_news(&t, relay, &st, now_s) != NULL;
}

START_TEST(once_a_day)
{
	ck_assert(news("gmail", VERDICT_CREDENTIAL, 535, NOW));
	ck_assert(!news("gmail", VERDICT_CREDENTIAL, 535, NOW));
	ck_assert(!news("gmail", VERDICT_CREDENTIAL, 535, NOW + TROUBLES_AGAIN_S - 1));
	ck_assert(news("gmail", VERDICT_CREDENTIAL, 535, NOW + TROUBLES_AGAIN_S));
	ck_assert(!news("gmail", VERDICT_CREDENTIAL, 535, NOW + TROUBLES_AGAIN_S + 1));
}
END_TEST

START_TEST(another_trouble)
{
	ck_assert(news("gmail", VERDICT_CREDENTIAL, 535, NOW));
	ck_assert(news("gmail", VERDICT_CREDENTIAL, 534, NOW));
	ck_assert(news("gmail", VERDICT_CONFIG, 534, NOW));
	ck_assert(news("ses", VERDICT_CONFIG, 534, NOW));
	ck_assert(!news("gmail", VERDICT_CONFIG, 534, NOW));
	ck_assert_uint_eq(t.n, 2);
}
END_TEST

/* When it was over in between as well. */
START_TEST(comes_and_goes)
{
	struct trouble *x;

	ck_assert(news("gmail", VERDICT_CREDENTIAL, 535, NOW));
	x = troubles_find(&t, "gmail");
	ck_assert(x->standing);
	x->standing = false;
	ck_assert(!news("gmail", VERDICT_CREDENTIAL, 535, NOW + 100));
	ck_assert(!x->standing);
}
END_TEST

START_TEST(clock_set_back)
{
	ck_assert(news("gmail", VERDICT_CREDENTIAL, 535, NOW));
	ck_assert(news("gmail", VERDICT_CREDENTIAL, 535, NOW - 100));
}
END_TEST

START_TEST(bounded)
{
	char name[40];

	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "relay%d", i);
		ck_assert(news(name, VERDICT_CREDENTIAL, 535, NOW + i));
	}
	ck_assert_uint_eq(t.n, TROUBLES_MAX);
	ck_assert_ptr_nonnull(troubles_find(&t, "relay999"));
	ck_assert_ptr_null(troubles_find(&t, "relay0"));
}
END_TEST

START_TEST(kept_in_a_file)
{
	struct scratch s;

	scratch_make(&s);
	ck_assert_int_eq(troubles_read(&t, s.fd), 0);
	ck_assert_uint_eq(t.n, 0);
	ck_assert(news("gmail", VERDICT_CREDENTIAL, 535, NOW));
	ck_assert(news("a.b-c_d", VERDICT_CONFIG, 0, NOW + 1));
	troubles_find(&t, "gmail")->mailed = true;
	troubles_find(&t, "a.b-c_d")->standing = false;
	ck_assert_int_eq(troubles_write(&t, s.fd), 0);
	ck_assert_int_eq(troubles_read(&t, s.fd), 0);
	ck_assert_uint_eq(t.n, 2);
	ck_assert(troubles_find(&t, "gmail")->mailed && troubles_find(&t, "gmail")->standing);
	ck_assert(!troubles_find(&t, "a.b-c_d")->mailed && !troubles_find(&t, "a.b-c_d")->standing);
	ck_assert(!news("gmail", VERDICT_CREDENTIAL, 535, NOW + 5));
	ck_assert(!news("a.b-c_d", VERDICT_CONFIG, 0, NOW + 5));
	scratch_remove(&s);
}
END_TEST

static const char *const nonsense[] = {
	"", "\n\n", "gmail", "gmail credential 535 1764000000 1", "gmail credential 535 1764000000 1 0 x",
	"gmail wonder 535 1764000000 1 0", "gmail credential 9999 1764000000 1 0", "gmail credential 535 -1 1 0",
	"gmail credential 535 1764000000 2 0", "%zz credential 535 1764000000 1 0", " credential 535 1764000000 1 0",
};

START_TEST(makes_no_sense)
{
	troubles_parse(&t, span_of(nonsense[_i]));
	ck_assert_uint_eq(t.n, 0);
	troubles_parse(&t, SPAN("x\ngmail credential 535 1764000000 1 0\n"));
	ck_assert_uint_eq(t.n, 1);
}
END_TEST

Suite *suite_troubles(void);

Suite *
suite_troubles(void)
{
	Suite *s = suite_create("troubles");
	TCase *c = tcase_create("troubles");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, once_a_day);
	tcase_add_test(c, another_trouble);
	tcase_add_test(c, comes_and_goes);
	tcase_add_test(c, clock_set_back);
	tcase_add_test(c, bounded);
	tcase_add_test(c, kept_in_a_file);
	tcase_add_loop_test(c, makes_no_sense, 0, sizeof(nonsense) / sizeof(nonsense[0]));
	suite_add_tcase(s, c);
	return s;
}
