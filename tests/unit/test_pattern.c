/* test_pattern.c - stars in addresses, and replacements. */
#include <check.h>
#include <string.h>

#include "mail/pattern.h"

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *pattern, *addr;
	bool        local, fits;
} fits[] = {
	{ "alice@x.org", "alice@x.org", false, true },
	{ "Alice@X.org", "aLICE@x.ORG", false, true },
	{ "alice@x.org", "alice@y.org", false, false },
	{ "alice@x.org", "alicia@x.org", false, false },
	{ "alice@x.org", "alice@x.org.evil.net", false, false },
	{ "*@x.org", "alice@x.org", false, true },
	{ "*@x.org", "\"a@b\"@x.org", false, true },
	{ "*@x.org", "alice@a.x.org", false, false },
	{ "*@*.x.org", "alice@a.b.x.org", false, true },
	{ "*@*.x.org", "alice@x.org", false, false },
	{ "www-*@*", "www-data@x.org", false, true },
	{ "*@*", "a@b", false, true },
	{ "a*c*e@*", "abcde@x", false, true },
	{ "a*c*e@*", "acde@x", false, true },
	{ "a*c*e@*", "abde@x", false, false },
	{ "a**@x", "a@x", false, true },
	/* bare ones: of this host, or with the domain added */
	{ "alice", "alice", true, true },
	{ "alice", "ALICE@web1.here.org", true, true },
	{ "alice", "alice@x.org", false, false },
	{ "*", "bob@localhost", true, true },
	{ "*", "bob@x.org", false, false },
	{ "alice@here.org", "alice", true, true },
	{ "*@here.org", "alice", true, true },
	{ "*@web1.here.org", "alice", true, false },
	{ "\"a b\"@x.org", "\"a b\"@x.org", false, true },
};

START_TEST(fitting)
{
	struct addr *a = addr_parse(span_of(fits[_i].addr), NULL);

	ck_assert(pattern_is_valid(span_of(fits[_i].pattern), NULL));
	ck_assert_int_eq(pattern_fits(span_of(fits[_i].pattern), a, fits[_i].local, SPAN("here.org")), fits[_i].fits);
	addr_free(a);
}
END_TEST

START_TEST(null_fits_nothing)
{
	struct addr *a = addr_null();

	ck_assert(!pattern_fits(SPAN("*@*"), a, true, SPAN("here.org")));
	ck_assert(!pattern_fits(SPAN("*"), a, true, SPAN("here.org")));
	addr_free(a);
}
END_TEST

static const struct {
	const char *to, *addr, *result;         /* NULL: none */
} replaced[] = {
	{ "ops@x.org", "alice@y.org", "ops@x.org" },
	{ "*@x.org", "alice@y.org", "alice@x.org" },
	{ "*@x.org", "\"a b\"@y.org", "\"a b\"@x.org" },
	{ "*@x.org", "alice", "alice@x.org" },
	{ "ops@*", "alice@y.org", "ops@y.org" },
	{ "ops@*", "alice", "ops@here.org" },
	{ "root", "alice@y.org", "root" },
	{ "*", "alice@y.org", "alice" },
	{ "*@" A60 "." A60 "." A60 "."
	  "aaaaaaaaaaaaaaaaaaaaaaaaaa", A60 "@x", NULL },
};

START_TEST(replacing)
{
	struct addr *a = addr_parse(span_of(replaced[_i].addr), NULL), *r;

	ck_assert_ptr_nonnull(a);
	ck_assert(pattern_is_replacement(span_of(replaced[_i].to), NULL));
	r = pattern_replace(span_of(replaced[_i].to), a, SPAN("here.org"));
	if (replaced[_i].result == NULL)
		ck_assert_ptr_null(r);
	else
		ck_assert_str_eq(r->text, replaced[_i].result);
	addr_free(a);
	addr_free(r);
}
END_TEST

static const struct {
	const char *text;
	bool        pattern, replacement;
} valid[] = {
	{ "a@b", true, true },
	{ "*", true, true },
	{ "*@*", true, true },
	{ "a*@b", true, false },
	{ "a@*.b", true, false },
	{ "", false, false },
	{ "@b", false, false },
	{ "a@", false, false },
	{ "a b@c", false, false },
	{ "a@b@c", false, false },
	{ "a@b c", false, false },
	{ "a\n@b", false, false },
};

START_TEST(validity)
{
	const char *why = NULL;

	ck_assert_int_eq(pattern_is_valid(span_of(valid[_i].text), &why), valid[_i].pattern);
	ck_assert_int_eq(why == NULL, valid[_i].pattern);
	why = NULL;
	ck_assert_int_eq(pattern_is_replacement(span_of(valid[_i].text), &why), valid[_i].replacement);
	ck_assert_int_eq(why == NULL, valid[_i].replacement);
}
END_TEST

/* Linear, not exponential, in the stars. */
START_TEST(many_stars)
{
	struct addr *a = addr_parse(SPAN("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x"), NULL);

	ck_assert_ptr_nonnull(a);
	ck_assert(!pattern_fits(SPAN("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*ab@x"), a, false, SPAN("x")));
	addr_free(a);
}
END_TEST

Suite *suite_pattern(void);

Suite *
suite_pattern(void)
{
	Suite *s = suite_create("pattern");
	TCase *t = tcase_create("pattern");

	tcase_add_loop_test(t, fitting, 0, ROWS(fits));
	tcase_add_test(t, null_fits_nothing);
	tcase_add_loop_test(t, replacing, 0, ROWS(replaced));
	tcase_add_loop_test(t, validity, 0, ROWS(valid));
	tcase_add_test(t, many_stars);
	suite_add_tcase(s, t);
	return s;
}
