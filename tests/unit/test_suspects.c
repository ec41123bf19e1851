/* test_suspects.c - whose fault a refusal at MAIL is, by what became of the others. */
#include <check.h>

#include <string.h>

#include "relay/suspects.h"

static struct suspects s;

static void
setup(void)
{
	s = (struct suspects){ 0 };
}

static void
teardown(void)
{
	suspects_done(&s);
	ck_assert_ptr_null(s.known);
}

static enum suspicion
refuse_as(msgid id, uint64_t pulled, int code, const char *dsn)
{
	struct status st = { .verdict = VERDICT_REJECT, .code = code };

	memcpy(st.dsn, dsn, strlen(dsn) + 1);
	return suspects_refused(&s, id, pulled, &st);
}

static enum suspicion
refuse(msgid id)
{
	return refuse_as(id, s.refusals, 550, "5.7.1");
}

static void
accept(void)
{
	suspects_accepted(&s, s.refusals);
}

START_TEST(three_in_a_row)
{
	ck_assert_int_eq(refuse(1), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(2), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(3), SUSPECT_ACCOUNT);
	/* Each one more, and those it began with, until something is accepted. */
	ck_assert_int_eq(refuse(3), SUSPECT_ACCOUNT);
	ck_assert_int_eq(refuse(1), SUSPECT_ACCOUNT);
	ck_assert_int_eq(refuse(9), SUSPECT_ACCOUNT);
	accept();
	ck_assert_int_eq(refuse(10), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(10), SUSPECT_WAITS);
}
END_TEST

START_TEST(one_among_good_ones)
{
	accept();
	ck_assert_int_eq(refuse(1), SUSPECT_BEHIND);
	accept();
	ck_assert_int_eq(refuse(1), SUSPECT_GUILTY);
	/* Which is no mark against the account. */
	ck_assert_int_eq(refuse(2), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(3), SUSPECT_BEHIND);
	accept();
	ck_assert_int_eq(refuse(2), SUSPECT_GUILTY);
	ck_assert_int_eq(refuse(3), SUSPECT_GUILTY);
}
END_TEST

START_TEST(alone)
{
	ck_assert_int_eq(refuse(1), SUSPECT_BEHIND);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(refuse(1), SUSPECT_WAITS);
	/* Two are no more than one, however often. */
	ck_assert_int_eq(refuse(2), SUSPECT_BEHIND);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(refuse(1 + i % 2), SUSPECT_WAITS);
	accept();
	ck_assert_int_eq(refuse(1), SUSPECT_GUILTY);
}
END_TEST

/* Another was accepted since, but then one more refused: it may have come to that by now. */
START_TEST(an_old_proof)
{
	ck_assert_int_eq(refuse(1), SUSPECT_BEHIND);
	accept();
	ck_assert_int_eq(refuse(2), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(1), SUSPECT_WAITS);
	ck_assert_int_eq(refuse(3), SUSPECT_ACCOUNT);
}
END_TEST

START_TEST(other_words)
{
	ck_assert_int_eq(refuse(1), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(2), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse_as(3, s.refusals, 553, "5.7.1"), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse_as(4, s.refusals, 553, "5.1.8"), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse_as(5, s.refusals, 553, "5.1.8"), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(6), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(7), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(8), SUSPECT_ACCOUNT);
}
END_TEST

/* It was on its way when the refusal came: the account may have been closed in between. */
START_TEST(accepted_on_its_way)
{
	uint64_t before = s.refusals;

	ck_assert_int_eq(refuse(1), SUSPECT_BEHIND);
	suspects_accepted(&s, before);
	ck_assert_int_eq(refuse(1), SUSPECT_WAITS);
	ck_assert_int_eq(refuse(2), SUSPECT_BEHIND);
	ck_assert_int_eq(refuse(3), SUSPECT_ACCOUNT);
	suspects_accepted(&s, before);
	ck_assert_int_eq(refuse(4), SUSPECT_ACCOUNT);
}
END_TEST

/* The parts of a large message are refused together. */
START_TEST(parts_of_one)
{
	uint64_t before = s.refusals;

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(refuse_as(1, before, 550, "5.7.1"), SUSPECT_BEHIND);
	accept();
	before = s.refusals;
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(refuse_as(1, before, 550, "5.7.1"), SUSPECT_GUILTY);
}
END_TEST

/* The oldest are forgotten, and are suspects anew. */
START_TEST(bounded)
{
	for (msgid id = 1; id <= SUSPECTS_MAX + 10; id++) {
		ck_assert_int_eq(refuse(id), SUSPECT_BEHIND);
		accept();
	}
	ck_assert_uint_eq(s.n, SUSPECTS_MAX);
	ck_assert_int_eq(refuse(11), SUSPECT_GUILTY);
	ck_assert_int_eq(refuse(SUSPECTS_MAX + 10), SUSPECT_GUILTY);
	ck_assert_int_eq(refuse(10), SUSPECT_BEHIND);
}
END_TEST

Suite *suite_suspects(void);

Suite *
suite_suspects(void)
{
	Suite *su = suite_create("suspects");
	TCase *t = tcase_create("suspects");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, three_in_a_row);
	tcase_add_test(t, one_among_good_ones);
	tcase_add_test(t, alone);
	tcase_add_test(t, an_old_proof);
	tcase_add_test(t, other_words);
	tcase_add_test(t, accepted_on_its_way);
	tcase_add_test(t, parts_of_one);
	tcase_add_test(t, bounded);
	suite_add_tcase(su, t);
	return su;
}
