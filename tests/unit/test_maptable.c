/* test_maptable.c - files of replacements: which line counts, and what is wrong with one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/maptable.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const char addresses[] =
    "# who was called what\n"
    "\n"
    "*@shop.example.com\tshop@example.com   # all of them\n"
    "*@*.example.com    *@example.com\n"
    "  Bob@Shop.Example.com bob@example.com\r\n"
    "alice              alice.smith@example.com\n"
    "alice@example.com  boss@example.com\n"
    "\"a # b\"@x.org    ab@x.org\n"
    "\"c d\"            cd@x.org\n"
    "cron-*             cron@x.org\n"
    "*@*.example.com    never@example.com\n"
    "last@x.org         \"la st\"@x.org";

static const struct {
	const char *in;
	bool        local;
	unsigned    line;       /* 0: none */
} found[] = {
	{ "eve@shop.example.com", false, 3 },
	{ "EVE@Shop.example.com", false, 3 },
	{ "bob@shop.example.com", false, 5 },   /* without a star it goes before */
	{ "eve@db.example.com", false, 4 },
	{ "alice", true, 7 },                   /* with the domain, alice@example.com */
	{ "alice@web1", true, 6 },
	{ "alice@web1", false, 0 },
	{ "Alice@elsewhere.org", false, 0 },
	{ "alice@elsewhere.org", true, 6 },
	{ "\"a # b\"@x.org", false, 8 },
	{ "\"c d\"", true, 9 },
	{ "cron-7", true, 10 },
	{ "cron-7@y.org", false, 0 },
	{ "last@x.org", false, 12 },
	{ "", true, 0 },
};

START_TEST(finds)
{
	const struct map_line *m;
	struct maptable *t;
	struct addr     *a = found[_i].in[0] != '\0' ? addr_parse(span_of(found[_i].in), NULL) : addr_null();
	struct buf       why;

	buf_init(&why, 1024);
	t = maptable_parse(span_of(addresses), "f", MAPTABLE_ADDRESSES, NULL, &why);
	ck_assert_msg(t != NULL, "%s", buf_cstr(&why));
	ck_assert_uint_eq(maptable_count(t), 10);
	m = maptable_find(t, a, found[_i].local, SPAN("example.com"));
	ck_assert_uint_eq(m != NULL ? m->line : 0, found[_i].line);
	if (found[_i].line == 12)
		ck_assert_str_eq(m->to, "\"la st\"@x.org");
	addr_free(a);
	maptable_free(t);
	buf_done(&why);
}
END_TEST

START_TEST(users)
{
	static const char text[] = "backup-* b@x.org\nwww-data shop@x.org\n*\t*@x.org\nbackup-7 seven@x.org\n";
	struct maptable *t;
	struct buf       why;

	buf_init(&why, 1024);
	t = maptable_parse(span_of(text), "f", MAPTABLE_USERS, NULL, &why);
	ck_assert_msg(t != NULL, "%s", buf_cstr(&why));
	ck_assert_uint_eq(maptable_find_user(t, "www-data")->line, 2);
	ck_assert_uint_eq(maptable_find_user(t, "backup-1")->line, 1);
	ck_assert_uint_eq(maptable_find_user(t, "Backup-7")->line, 4);
	ck_assert_uint_eq(maptable_find_user(t, "alice")->line, 3);
	maptable_free(t);

	t = maptable_parse(SPAN("alice a@x.org\n"), "f", MAPTABLE_USERS, NULL, &why);
	ck_assert_ptr_null(maptable_find_user(t, "bob"));
	ck_assert_ptr_null(maptable_find_user(t, ""));
	maptable_free(t);
	buf_done(&why);
}
END_TEST

static const struct {
	const char       *text;
	enum maptable_key key;
	const char       *why;
} wrongs[] = {
	{ "a@b.c d@e.f\nx\n", MAPTABLE_ADDRESSES, "/f:2: one word alone; write a pattern, a blank and an address" },
	{ "a@b.c d@e.f g\n", MAPTABLE_ADDRESSES, "/f:1: more than two words; write a pattern, a blank and an address" },
	{ "\n\na@@b d@e.f\n", MAPTABLE_ADDRESSES, "/f:3: \"a@@b\" is no address (more than one '@'); write one, "
	    "perhaps with stars: *@old.example.com" },
	{ "a@b.c d*@e.f\n", MAPTABLE_ADDRESSES, "/f:1: \"d*@e.f\" is no address (a star must be all of the local part "
	    "or of the domain); write one, or *@ and a domain" },
	{ "A@b.c d@e.f\nx@y.z d@e.f\na@B.c g@e.f\n", MAPTABLE_ADDRESSES,
	    "/f:3: a@b.c stands in line 1 already; keep one of them" },
	{ "a@b.c d@e.f\n", MAPTABLE_USERS, "/f:1: \"a@b.c\" is no login name; write one such as www-data" },
	{ "\"a\" d@e.f\n", MAPTABLE_USERS, "/f:1: \"\"a\"\" is no login name; write one such as www-data" },
};

START_TEST(refuses)
{
	struct buf why;

	buf_init(&why, 1024);
	ck_assert_ptr_null(maptable_parse(span_of(wrongs[_i].text), "/f", wrongs[_i].key, NULL, &why));
	ck_assert_str_eq(buf_cstr(&why), wrongs[_i].why);
	buf_done(&why);
}
END_TEST

START_TEST(bounds)
{
	struct maptable *t;
	struct buf       text, why;

	buf_init(&text, MAPTABLE_MAX_BYTES);
	buf_init(&why, 1024);
	ck_assert_ptr_nonnull(t = maptable_parse(SPAN(""), "f", MAPTABLE_ADDRESSES, NULL, &why));
	ck_assert_uint_eq(maptable_count(t), 0);
	maptable_free(t);
	for (int i = 0; i < MAPTABLE_MAX_STARS; i++)
		buf_printf(&text, "*@d%d.org x@y.org\n", i);
	for (int i = 0; i < 50000; i++)
		buf_printf(&text, "u%d@x.org v%d@x.org\n", i, i);
	ck_assert(!text.over);
	t = maptable_parse(buf_view(&text), "f", MAPTABLE_ADDRESSES, NULL, &why);
	ck_assert_msg(t != NULL, "%s", buf_cstr(&why));
	maptable_free(t);
	buf_str(&text, "*@one.more x@y.org\n");
	ck_assert_ptr_null(maptable_parse(buf_view(&text), "f", MAPTABLE_ADDRESSES, NULL, &why));
	ck_assert_str_eq(buf_cstr(&why), "f:51001: more than 1000 lines with stars; each of them is tried for each "
	    "address, so write some without");
	buf_done(&text);
	buf_done(&why);
}
END_TEST

Suite *suite_maptable(void);

Suite *
suite_maptable(void)
{
	Suite *s = suite_create("maptable");
	TCase *tc = tcase_create("maptable");

	tcase_add_loop_test(tc, finds, 0, ROWS(found));
	tcase_add_test(tc, users);
	tcase_add_loop_test(tc, refuses, 0, ROWS(wrongs));
	tcase_add_test(tc, bounds);
	suite_add_tcase(s, tc);
	return s;
}
