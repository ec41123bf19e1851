/* test_base64.c - RFC 4648 §10's vectors both ways, and what is not base64. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "base/base64.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct {
	struct span plain, coded;
} pairs[] = {
	{ SPAN(""), SPAN("") },
	{ SPAN("f"), SPAN("Zg==") },
	{ SPAN("fo"), SPAN("Zm8=") },
	{ SPAN("foo"), SPAN("Zm9v") },
	{ SPAN("foob"), SPAN("Zm9vYg==") },
	{ SPAN("fooba"), SPAN("Zm9vYmE=") },
	{ SPAN("foobar"), SPAN("Zm9vYmFy") },
	{ SPAN("\0ann\0\xff\xfe\xfd"), SPAN("AGFubgD//v0=") },
	{ SPAN("\xfb\xef\xbe"), SPAN("++++") },
};

START_TEST(both_ways)
{
	struct buf b;

	buf_init(&b, 100);
	buf_str(&b, "x");
	base64_put(&b, pairs[_i].plain);
	ck_assert(span_eq((struct span){ b.p + 1, b.n - 1 }, pairs[_i].coded));
	buf_cut(&b, 1);
	ck_assert_int_eq(base64_get(pairs[_i].coded, &b), 0);
	ck_assert(span_eq((struct span){ b.p + 1, b.n - 1 }, pairs[_i].plain));
	buf_done(&b);
}
END_TEST

static const char *const bad[] = {
	"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm9vZ===", "Zm=v", "Z=9v", "Zg==Zg==", "=Zg=",
	"Zm9v\n", "Zm 9v", "Zm9-", "Zm9_", "Zh==", "Zm9=", "Zm9v!mFy", "\xc3\xa4" "ab",
};

START_TEST(refused)
{
	struct buf b;

	buf_init(&b, 100);
	buf_str(&b, "x");
	ck_assert_int_eq(base64_get(span_of(bad[_i]), &b), -EINVAL);
	ck_assert_str_eq(buf_cstr(&b), "x");
	buf_done(&b);
}
END_TEST

/* Every length and every octet. */
START_TEST(round_trip)
{
	char       raw[300];
	struct buf coded, again;

	buf_init(&coded, 1000);
	buf_init(&again, 1000);
	for (size_t n = 0; n <= sizeof(raw); n++) {
		for (size_t i = 0; i < n; i++)
			raw[i] = (char)(i * 7 + n);
		buf_clear(&coded);
		buf_clear(&again);
		base64_put(&coded, (struct span){ raw, n });
		ck_assert_uint_eq(coded.n, (n + 2) / 3 * 4);
		ck_assert_int_eq(base64_get(buf_view(&coded), &again), 0);
		ck_assert(span_eq(buf_view(&again), (struct span){ raw, n }));
	}
	buf_done(&again);
	buf_done(&coded);
}
END_TEST

Suite *suite_base64(void);

Suite *
suite_base64(void)
{
	Suite *s = suite_create("base64");
	TCase *t = tcase_create("base64");

	tcase_add_loop_test(t, both_ways, 0, ROWS(pairs));
	tcase_add_loop_test(t, refused, 0, ROWS(bad));
	tcase_add_test(t, round_trip);
	suite_add_tcase(s, t);
	return s;
}
