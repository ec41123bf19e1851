/* test_welcome.c - who may send through a listener, and who has guessed too often. */
#include <check.h>
#include <string.h>

#include "posternd/guess.h"
#include "posternd/setting.h"

Suite *suite_welcome(void);

static struct address
address(const char *text)
{
	struct address a;

	ck_assert(address_parse(span_of(text), &a));
	return a;
}

/* allow is 192.168.1.0/24 and ::1, or nothing. */
static const struct {
	bool         allow, users, required;
	const char  *from;              /* NULL: a Unix socket */
	enum welcome want;
} rows[] = {
	{ false, false, false, "127.0.0.1", WELCOME_MAIL },
	{ false, false, false, "127.9.9.9", WELCOME_MAIL },
	{ false, false, false, "::1", WELCOME_MAIL },
	{ false, false, false, NULL, WELCOME_MAIL },
	{ false, false, false, "192.168.1.7", WELCOME_NOT },
	{ false, false, false, "2001:db8::1", WELCOME_NOT },
	{ true, false, false, "192.168.1.7", WELCOME_MAIL },
	{ true, false, false, "::ffff:192.168.1.7", WELCOME_MAIL },
	{ true, false, false, "192.168.2.7", WELCOME_NOT },
	{ true, false, false, "127.0.0.1", WELCOME_NOT },
	{ true, false, false, "::1", WELCOME_MAIL },
	{ true, false, false, NULL, WELCOME_NOT },
	{ false, true, false, "127.0.0.1", WELCOME_LOGIN },
	{ false, true, false, NULL, WELCOME_LOGIN },
	{ false, true, false, "192.168.1.7", WELCOME_LOGIN },
	{ true, true, false, "192.168.1.7", WELCOME_MAIL },
	{ true, true, false, "192.168.2.7", WELCOME_LOGIN },
	{ true, true, false, "127.0.0.1", WELCOME_LOGIN },
	{ false, true, true, "127.0.0.1", WELCOME_LOGIN },
	{ false, true, true, "192.168.2.7", WELCOME_LOGIN },
	{ true, true, true, "192.168.1.7", WELCOME_LOGIN },
	{ true, true, true, "192.168.2.7", WELCOME_NOT },
	{ true, true, true, "127.0.0.1", WELCOME_NOT },
};

START_TEST(welcome)
{
	static int     some_users;
	struct network allow[2];
	struct setting s = { .allow = allow, .nallow = rows[_i].allow ? 2 : 0 };
	struct whence  w = { .unix_socket = rows[_i].from == NULL };
	const char    *why;

	ck_assert(network_parse(SPAN("192.168.1.0/24"), &allow[0], &why));
	ck_assert(network_parse(SPAN("::1"), &allow[1], &why));
	s.users = rows[_i].users ? (struct users *)&some_users : NULL;  /* only looked at for NULL */
	s.auth_required = rows[_i].required;
	if (rows[_i].from != NULL)
		w.address = address(rows[_i].from);
	ck_assert_int_eq(setting_welcome(&s, &w), rows[_i].want);
}
END_TEST

START_TEST(guesses)
{
	static struct guess g;
	struct address      a = address("192.0.2.1"), b = address("192.0.2.2");

	memset(&g, 0, sizeof(g));
	for (int i = 0; i < GUESS_MAX; i++) {
		ck_assert(!guess_is_shut(&g, &a, 1000 + i));
		guess_failed(&g, &a, 1000 + i);
	}
	ck_assert(guess_is_shut(&g, &a, 2000));
	ck_assert(!guess_is_shut(&g, &b, 2000));
	ck_assert(guess_is_shut(&g, &a, 999 + GUESS_WINDOW_MS));
	ck_assert(!guess_is_shut(&g, &a, 1000 + GUESS_WINDOW_MS));
	guess_failed(&g, &a, 1000 + GUESS_WINDOW_MS);
	ck_assert(!guess_is_shut(&g, &a, 1000 + GUESS_WINDOW_MS));
}
END_TEST

START_TEST(a_login_is_forgiven)
{
	static struct guess g;
	struct address      a = address("192.0.2.1");

	memset(&g, 0, sizeof(g));
	for (int i = 1; i < GUESS_MAX; i++)
		guess_failed(&g, &a, 1000);
	guess_came_in(&g, &a);
	for (int i = 1; i < GUESS_MAX; i++)
		guess_failed(&g, &a, 1000);
	ck_assert(!guess_is_shut(&g, &a, 1000));
	guess_failed(&g, &a, 1000);
	ck_assert(guess_is_shut(&g, &a, 1000));
}
END_TEST

/* A /64 is one guesser; more addresses than places push out the oldest. */
START_TEST(many_addresses)
{
	static struct guess g;
	struct address      a = address("2001:db8::1"), b = address("2001:db8::ffff:1"),
	    c = address("2001:db8:0:1::1"), v4 = address("10.0.0.0");

	memset(&g, 0, sizeof(g));
	for (int i = 0; i < GUESS_MAX; i++)
		guess_failed(&g, i % 2 == 0 ? &a : &b, 1000);
	ck_assert(guess_is_shut(&g, &a, 1001) && guess_is_shut(&g, &b, 1001));
	ck_assert(!guess_is_shut(&g, &c, 1001));
	for (int i = 0; i < GUESS_ADDRESSES - 1; i++) {
		v4.octet[14] = (unsigned char)(i >> 8);
		v4.octet[15] = (unsigned char)i;
		guess_failed(&g, &v4, 2000 + i);
	}
	ck_assert(guess_is_shut(&g, &a, 3000));
	guess_failed(&g, &c, 3000);
	ck_assert(!guess_is_shut(&g, &a, 3000));
}
END_TEST

Suite *
suite_welcome(void)
{
	Suite *s = suite_create("welcome");
	TCase *tc = tcase_create("welcome");

	tcase_add_loop_test(tc, welcome, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, guesses);
	tcase_add_test(tc, a_login_is_forgiven);
	tcase_add_test(tc, many_addresses);
	suite_add_tcase(s, tc);
	return s;
}
