/* test_piece.c - how many recipients a server takes, by what it refused. */
#include <check.h>

#include <stdio.h>
#include <string.h>

#include "relay/piece.h"

#define DAY_MS (INT64_C(86400) * 1000)

/* A letter a recipient: taken, refused for good, too many (at RCPT), too many (at the content). */
static bool
learn(struct piece *p, const char *said, const char *dsn, int64_t now_ms)
{
	struct mail_rcpt to[32] = { 0 };
	struct mail m = { .rcpt = to, .nrcpt = strlen(said) };

	for (size_t i = 0; i < m.nrcpt; i++) {
		struct status *st = &to[i].status;

		to[i].accepted = said[i] == 's' || said[i] == 'c';
		m.accepted += to[i].accepted;
		st->verdict = said[i] == 's' ? VERDICT_SENT : said[i] == 'x' ? VERDICT_REJECT : VERDICT_SPLIT;
		st->scope = said[i] == 'c' ? SCOPE_MESSAGE : SCOPE_RECIPIENT;
		snprintf(st->dsn, sizeof(st->dsn), "%s", dsn);
	}
	return piece_learn(p, &m, now_ms);
}

static const struct row {
	const char *said, *dsn;
	size_t      most;
} rows[] = {
	{ "sss", "2.0.0", 0 },
	{ "sssr", "4.5.3", 3 },
	{ "sssr", "5.5.3", 3 },
	{ "sxsrr", "4.5.3", 2 },
	/* Without an enhanced code more than the last must have been too many. */
	{ "sssr", "4.0.0", 0 },
	{ "sssrr", "4.0.0", 3 },
	/* Another reason; and somebody behind it was taken. */
	{ "sssrr", "4.2.2", 0 },
	{ "ssrss", "4.5.3", 0 },
	{ "ssrx", "4.5.3", 2 },
	/* At the content. */
	{ "cccccccc", "5.5.3", 4 },
	{ "ccc", "5.5.3", 2 },
	{ "ccxx", "5.5.3", 1 },
	{ "c", "5.5.3", 0 },
};

START_TEST(says)
{
	struct piece p = { 0 };

	ck_assert(learn(&p, rows[_i].said, rows[_i].dsn, 5) == (rows[_i].most > 0));
	ck_assert_uint_eq(piece_most(&p, 5), rows[_i].most);
}
END_TEST

START_TEST(holds)
{
	struct piece p = { 0 };

	ck_assert(learn(&p, "ssssrr", "4.5.3", 1000));
	ck_assert(!learn(&p, "sssssr", "4.5.3", 2000));         /* it takes no more for that */
	ck_assert(!learn(&p, "ssssr", "4.5.3", 2000));
	ck_assert_uint_eq(piece_most(&p, 2000), 4);
	ck_assert(learn(&p, "sssr", "4.5.3", 2000));
	ck_assert_uint_eq(piece_most(&p, 2000 + DAY_MS - 1), 3);
	ck_assert_uint_eq(piece_most(&p, 2000 + DAY_MS), 0);
	ck_assert(learn(&p, "sssssr", "4.5.3", 2000 + DAY_MS));
	ck_assert_uint_eq(piece_most(&p, 2000 + DAY_MS), 5);
}
END_TEST

START_TEST(takes_back)
{
	struct piece p = { 0 };

	ck_assert(learn(&p, "cccc", "5.5.3", 0));
	ck_assert(learn(&p, "cc", "5.5.3", 0));
	ck_assert_uint_eq(piece_most(&p, 0), 1);
	ck_assert(!learn(&p, "c", "5.5.3", 0));
	ck_assert_uint_eq(piece_most(&p, 0), 0);
}
END_TEST

Suite *suite_piece(void);

Suite *
suite_piece(void)
{
	Suite *s = suite_create("piece");
	TCase *t = tcase_create("piece");

	tcase_add_loop_test(t, says, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(t, holds);
	tcase_add_test(t, takes_back);
	suite_add_tcase(s, t);
	return s;
}
