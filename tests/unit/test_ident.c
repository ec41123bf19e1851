/* test_ident.c - message identifiers that stay, and what becomes of others. */
#include <check.h>
#include <string.h>

#include "mail/ident.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *in;
	const char *out;        /* "": it stays; NULL: nothing can be made of it */
} rows[] = {
	{ "<a@b>", "" },
	{ " <20261127.1@web1.example.com>\r\n", "" },
	{ "\r\n <a.b+c=d/e!@x-y.z>", "" },
	{ "<a@[192.0.2.1]>", "" },
	{ "<a@[IPv6:2001:db8::1]>", "" },
	/* the domain */
	{ "<a@host.>", "<a@host>" },
	{ "<a@host..example>", "<a@host.example>" },
	{ "<a@.host>", "<a@host>" },
	{ "<a@>", "<a@web1.example.com>" },
	{ "<a>", "<a@web1.example.com>" },
	{ "<a@[x y]>", "<a@5bxy5d>" },
	{ "<a@[<>]>", "<a@5b3c>" },
	{ "<a@b\xc3\xbc.de>", "<a@bc3bc.de>" },
	/* the local part */
	{ "<a.@b>", "<a@b>" },
	{ "<.a..b@c>", "<a.b@c>" },
	{ "<a@b@c>", "<a40b@c>" },
	{ "<\"a b\"@c>", "<22ab22@c>" },
	{ "<a:b@c>", "<a3ab@c>" },
	{ "<a\x01@c>", "<a01@c>" },
	/* blanks and brackets */
	{ "<a b@c d>", "<ab@cd>" },
	{ "<a@\r\n\tb>", "<a@b>" },
	{ "a@b", "<a@b>" },
	{ "<a@b", "<a@b>" },
	{ "a@b>", "<a@b>" },
	{ "<<a@b>>", "<3ca@b>" },
	{ "<a@b> (by hand)", "<a@b>" },
	{ "<a@b> <c@d>", "<a@b>" },
	/* nothing to make one from */
	{ "", NULL },
	{ " ", NULL },
	{ "<>", NULL },
	{ "<@b>", NULL },
	{ "@", NULL },
	{ "<...@b>", NULL },
};

START_TEST(repairs)
{
	struct span in = span_of(rows[_i].in), host = SPAN("web1.example.com");
	struct buf  b;

	buf_init(&b, 1024);
	ck_assert_int_eq(ident_is_valid(in), rows[_i].out != NULL && rows[_i].out[0] == '\0');
	if (rows[_i].out != NULL && rows[_i].out[0] == '\0')
		return;
	ck_assert_int_eq(ident_put_repaired(&b, in, host), rows[_i].out != NULL);
	ck_assert_str_eq(buf_cstr(&b), rows[_i].out != NULL ? rows[_i].out : "");
	ck_assert(rows[_i].out == NULL || ident_is_valid(buf_view(&b)));
	buf_done(&b);
}
END_TEST

/* Up to the limit, and not over it: hex is two for one. */
START_TEST(limits)
{
	char       text[IDENT_MAX + 2];
	struct buf b;

	memset(text, 'a', sizeof(text));
	memcpy(text, "<a@", 3);
	text[IDENT_MAX - 1] = '>';
	ck_assert(ident_is_valid((struct span){ text, IDENT_MAX }));
	text[IDENT_MAX] = '>';
	ck_assert(!ident_is_valid((struct span){ text, IDENT_MAX + 1 }));

	buf_init(&b, 4096);
	memset(text + 3, ':', sizeof(text) - 3);
	ck_assert(!ident_put_repaired(&b, (struct span){ text, sizeof(text) }, SPAN("x")));
	ck_assert_uint_eq(b.n, 0);
	buf_done(&b);
}
END_TEST

Suite *suite_ident(void);

Suite *
suite_ident(void)
{
	Suite *s = suite_create("ident");
	TCase *tc = tcase_create("ident");

	tcase_add_loop_test(tc, repairs, 0, ROWS(rows));
	tcase_add_test(tc, limits);
	suite_add_tcase(s, tc);
	return s;
}
