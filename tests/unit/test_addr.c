/* test_addr.c - what is an address, what is none, and what is said then. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mail/addr.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16
#define L63 A16 A16 A16 "aaaaaaaaaaaaaaa"
/* 1 + "@" + 252 octets of domain = 254 */
#define D252 L63 "." L63 "." L63 "." A16 A16 A16 "aaaaaaaaaaaa"

/* Good ones: what comes out, local and domain. */
static const struct {
	const char *in, *local, *domain;
	bool        utf8;
} good[] = {
	{ "a@b", "a", "b", false },
	{ "bob@example.com", "bob", "example.com", false },
	{ "<bob@example.com>", "bob", "example.com", false },
	{ "root", "root", "", false },
	{ "<root>", "root", "", false },
	{ "mail+tag=x@Example.COM", "mail+tag=x", "Example.COM", false },
	{ "!#$%&'*+-/=?^_`{|}~@b", "!#$%&'*+-/=?^_`{|}~", "b", false },
	{ "a.b.c@b.c", "a.b.c", "b.c", false },
	{ "\"john doe\"@b", "\"john doe\"", "b", false },
	{ "\"a@b\"@c", "\"a@b\"", "c", false },
	{ "\"a\\\"b\"@c", "\"a\\\"b\"", "c", false },
	{ "\"a\\\\\"@c", "\"a\\\\\"", "c", false },
	{ "\"\"@c", "\"\"", "c", false },
	{ "\"a..b\"@c", "\"a..b\"", "c", false },
	{ "\"<>\"@c", "\"<>\"", "c", false },
	{ "\"john doe\"", "\"john doe\"", "", false },
	{ "a@[127.0.0.1]", "a", "[127.0.0.1]", false },
	{ "a@[IPv6:::1]", "a", "[IPv6:::1]", false },
	{ "a@[ipv6:2001:db8::1]", "a", "[ipv6:2001:db8::1]", false },
	{ "a@my_host", "a", "my_host", false },
	{ "a@xn--bcher-kva.example", "a", "xn--bcher-kva.example", false },
	{ "j\xc3\xbcrgen@b\xc3\xbc" "cher.de", "j\xc3\xbcrgen", "b\xc3\xbc" "cher.de", true },
	{ "\xf0\x9f\x93\xa7@b", "\xf0\x9f\x93\xa7", "b", true },
	{ A64 "@b", A64, "b", false },
	{ A64, A64, "", false },
	{ "a@" L63, "a", L63, false },
	{ "a@" D252, "a", D252, false },
};

START_TEST(takes)
{
	const char  *why = "untouched";
	struct addr *a = addr_parse(span_of(good[_i].in), &why);

	ck_assert_msg(a != NULL, "%s: %s", good[_i].in, why);
	ck_assert_str_eq(why, "untouched");
	ck_assert(span_eq(addr_local(a), span_of(good[_i].local)));
	ck_assert(span_eq(addr_domain(a), span_of(good[_i].domain)));
	ck_assert_int_eq(addr_is_bare(a), good[_i].domain[0] == '\0');
	ck_assert_int_eq(a->utf8, good[_i].utf8);
	ck_assert_uint_eq(strlen(a->text), a->n);
	ck_assert(!addr_is_null(a));
	addr_free(a);
}
END_TEST

#define S(literal) { (literal), sizeof(literal) - 1 }

static const struct {
	struct span in;
	const char *why;        /* a piece of it */
} bad[] = {
	{ S(""), "empty" },
	{ S("<>"), "empty" },
	{ S("@"), "nothing before" },
	{ S("@b"), "nothing before" },
	{ S("a@"), "nothing behind" },
	{ S("a@b@c"), "more than one" },
	{ S("a b@c"), "blank" },
	{ S(" a@b"), "blank" },
	{ S("a@b "), "domain has a character" },
	{ S("a\tb@c"), "control" },
	{ S("a@b\n"), "control" },
	{ S("a@b\r\nRCPT TO:<x@y>"), "control" },
	{ S("a\0@b"), "control" },
	{ S("a@b\0"), "control" },
	{ S("\"a\nb\"@c"), "control" },
	{ S("\"a\\\nb\"@c"), "control" },
	{ S("a\x7f@b"), "control" },
	{ S("a\xc2\x85@b"), "control" },
	{ S("a\xff@b"), "UTF-8" },
	{ S("a\xc0\xaf@b"), "UTF-8" },
	{ S("a@b\xed\xa0\x80"), "UTF-8" },
	{ S("a@b\xc3"), "UTF-8" },
	{ S(".a@b"), "dot" },
	{ S("a.@b"), "dot" },
	{ S("a..b@c"), "two dots" },
	{ S("."), "dot" },
	{ S("\"a@b"), "not closed" },
	{ S("\"a\\\"@b"), "not closed" },
	{ S("\""), "not closed" },
	{ S("\"a\"b@c"), "not followed" },
	{ S("a\"b\"@c"), "quoted" },
	{ S("a,b@c"), "quoted" },
	{ S("a:b@c"), "quoted" },
	{ S("a<b>@c"), "quoted" },
	{ S("(x)a@c"), "quoted" },
	{ S("<<a@b>>"), "quoted" },
	{ S("<a@b"), "quoted" },
	{ S("a@b>"), "domain has a character" },
	{ S("a@b."), "empty label" },
	{ S("a@.b"), "empty label" },
	{ S("a@b..c"), "empty label" },
	{ S("a@-b"), "hyphen" },
	{ S("a@b-.c"), "hyphen" },
	{ S("a@b c"), "domain has a character" },
	{ S("a@b(c)"), "domain has a character" },
	{ S("a@[127.0.0.1"), "']'" },
	{ S("a@["), "']'" },
	{ S("a@[]"), "IP address" },
	{ S("a@[127.0.0.256]"), "IP address" },
	{ S("a@[::1]"), "IP address" },
	{ S("a@[IPv6:1.2.3.4]"), "IP address" },
	{ S("a@[x:y]"), "IP address" },
	{ S("a@[1.2.3.4]b"), "']'" },
	{ S("a@[IPv6:" A64 "]"), "IP address" },
	{ S("a" A64 "@b"), "longer than 64" },
	{ S("a" A64), "longer than 64" },
	{ S("\"" A64 "\"@b"), "longer than 64" },
	{ S("a@a" L63), "longer than 63" },
	{ S("aa@" D252), "longer than 254" },
	{ S(A64 "@" D252), "longer than 254" },
};

START_TEST(refuses)
{
	const char *why = NULL;

	ck_assert_ptr_null(addr_parse(bad[_i].in, &why));
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, bad[_i].why) != NULL, "%s: %s", bad[_i].in.p, why);
	ck_assert_ptr_null(addr_parse(bad[_i].in, NULL));
}
END_TEST

/* Every single octet in every place: what is let through is printable or UTF-8. */
START_TEST(no_octet_slips_through)
{
	char text[] = "xax@xbx.cx";

	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		for (int c = 0; c < 256; c++) {
			char         try[sizeof(text)];
			struct addr *a;

			memcpy(try, text, sizeof(text));
			try[at] = (char)c;
			a = addr_parse((struct span){ try, sizeof(text) - 1 }, NULL);
			if ((c <= 32 || c >= 127) && a != NULL)
				ck_abort_msg("octet %d at %zu", c, at);
			addr_free(a);
		}
	}
}
END_TEST

/* In quotes a blank is fine, a line end never. */
START_TEST(no_octet_slips_through_quotes)
{
	for (int c = 0; c < 256; c++) {
		char         try[] = "\"x_x\"@b";
		struct addr *a;

		try[2] = (char)c;
		a = addr_parse(span_of(try), NULL);
		ck_assert_int_eq(a != NULL, c >= 32 && c < 127 && c != '"');
		addr_free(a);
	}
}
END_TEST

START_TEST(a_megabyte_is_refused)
{
	size_t      n = 1 << 20;
	char       *p = malloc(n);
	const char *why = NULL;

	memset(p, 'a', n);
	ck_assert_ptr_null(addr_parse((struct span){ p, n }, &why));
	ck_assert_str_eq(why, "local part is longer than 64 octets");
	p[1] = '@';
	ck_assert_ptr_null(addr_parse((struct span){ p, n }, &why));
	ck_assert_str_eq(why, "address is longer than 254 octets");
	free(p);
}
END_TEST

START_TEST(null_path)
{
	struct addr *a = addr_null();
	struct addr *b = addr_dup(a);
	struct addr *q = addr_qualify(a, SPAN("example.com"));

	ck_assert(addr_is_null(a) && addr_is_null(b) && addr_is_null(q));
	ck_assert(!addr_is_bare(a));
	ck_assert_str_eq(a->text, "");
	ck_assert_uint_eq(addr_local(a).n + addr_domain(a).n, 0);
	ck_assert(addr_eq(a, b));
	addr_free(a);
	addr_free(b);
	addr_free(q);
	addr_free(NULL);
}
END_TEST

static const struct {
	const char *in, *domain, *out;  /* out NULL: refused */
} qualify[] = {
	{ "root", "example.com", "root@example.com" },
	{ "\"a b\"", "example.com", "\"a b\"@example.com" },
	{ "root@x", "example.com", "root@x" },
	{ "root", "", NULL },
	{ "root", "exa mple", NULL },
	{ "root", "a\r\nb", NULL },
	{ "a", D252, "a@" D252 },
	{ "aa", D252, NULL },
};

START_TEST(qualifies)
{
	struct addr *a = addr_parse(span_of(qualify[_i].in), NULL);
	struct addr *q = addr_qualify(a, span_of(qualify[_i].domain));

	if (qualify[_i].out == NULL)
		ck_assert_ptr_null(q);
	else
		ck_assert_str_eq(q->text, qualify[_i].out);
	addr_free(a);
	addr_free(q);
}
END_TEST

static const struct {
	const char *a, *b;
	bool        eq;
} pairs[] = {
	{ "a@b.c", "a@B.C", true },
	{ "a@b.c", "A@b.c", false },
	{ "a@b", "a", false },
	{ "a", "a", true },
	{ "a", "b", false },
	{ "a@b", "a@bb", false },
	{ "aa@b", "a@b", false },
};

START_TEST(compares)
{
	struct addr *a = addr_parse(span_of(pairs[_i].a), NULL);
	struct addr *b = addr_parse(span_of(pairs[_i].b), NULL);

	ck_assert_int_eq(addr_eq(a, b), pairs[_i].eq);
	ck_assert_int_eq(addr_eq(b, a), pairs[_i].eq);
	addr_free(a);
	addr_free(b);
}
END_TEST

static const struct {
	struct span name;
	const char *out;
} users[] = {
	{ S("alice"), "alice" },
	{ S("host$"), "host$" },
	{ S("CORP\\alice"), "\"CORP\\\\alice\"" },
	{ S("john doe"), "\"john doe\"" },
	{ S("john@corp"), "\"john@corp\"" },
	{ S("a\"b"), "\"a\\\"b\"" },
	{ S("\"a b\""), "\"\\\"a b\\\"\"" },
	{ S("a."), "\"a.\"" },
	{ S(A64), A64 },
	{ S(""), NULL },
	{ S("a\nb"), NULL },
	{ S("a\0b"), NULL },
	{ S(A64 " "), NULL },
	{ S(A64 A64 A64 A64), NULL },
};

START_TEST(user_names)
{
	const char  *why = NULL;
	struct addr *a = addr_of_user(users[_i].name, &why);

	if (users[_i].out == NULL) {
		ck_assert_ptr_null(a);
		ck_assert_ptr_nonnull(why);
		return;
	}
	ck_assert_msg(a != NULL, "%s", why);
	ck_assert_str_eq(a->text, users[_i].out);
	ck_assert(addr_is_bare(a));
	addr_free(a);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *suite_addr(void);

Suite *
suite_addr(void)
{
	Suite *s = suite_create("addr");
	TCase *t = tcase_create("addr");

	tcase_add_loop_test(t, takes, 0, ROWS(good));
	tcase_add_loop_test(t, refuses, 0, ROWS(bad));
	tcase_add_test(t, no_octet_slips_through);
	tcase_add_test(t, no_octet_slips_through_quotes);
	tcase_add_test(t, a_megabyte_is_refused);
	tcase_add_test(t, null_path);
	tcase_add_loop_test(t, qualifies, 0, ROWS(qualify));
	tcase_add_loop_test(t, compares, 0, ROWS(pairs));
	tcase_add_loop_test(t, user_names, 0, ROWS(users));
	suite_add_tcase(s, t);
	return s;
}
