/* test_roll.c - every message of memory and of the folders, once and by arrival, in bounded slices. */
#include <check.h>
#include <stdio.h>

#include "lib/scratch.h"
#include "relay/roll.h"

#define MANY 20000

static struct scratch spool;
static struct store  *store;

static void
setup(void)
{
	const char *what;

	scratch_make(&spool);
	ck_assert_int_eq(store_open(spool.path, true, &store, &what), 0);
}

static void
teardown(void)
{
	store_close(store);
	scratch_remove(&spool);
}

static void
put(const char *dir, msgid id)
{
	char name[ID_LEN + 1];

	msgid_format(id, name);
	scratch_write(&spool, dir, name, SPAN("x"));
}

START_TEST(is_empty)
{
	struct shown_list none = { 0 };
	struct roll      *r = roll_new(store, &none);
	struct shown      s;

	while (roll_turn(r))
		;
	ck_assert(!roll_turn(r));
	ck_assert_uint_eq(roll_count(r), 0);
	ck_assert(!roll_next(r, &s) && !roll_next(r, &s));
	roll_free(r);
	roll_free(NULL);
}
END_TEST

/* The third of them are in memory, mixed up; the others in four folders. */
START_TEST(is_whole_and_in_order)
{
	static const char *const dirs[] = { "new", "hold", "dead", "bad" };
	static const enum shown_state states[] = { SHOWN_READY, SHOWN_HOLD, SHOWN_DEAD, SHOWN_BAD };
	struct shown_list list = { 0 };
	struct roll      *r;
	struct shown      s;
	unsigned          n = 0, turns = 0;

	for (unsigned i = 0; i < MANY; i++) {
		unsigned k = (i * 7919u) % MANY + 1;    /* each once: MANY and 7919 have no common divisor */

		shown_add(&list, &(struct shown){ .id = 3 * (msgid)k, .state = SHOWN_LATER, .due_s = k });
	}
	for (unsigned i = 1; i <= 2000; i++)
		put(dirs[i % 4], 3 * (msgid)i + 1);
	r = roll_new(store, &list);
	ck_assert_ptr_null(list.s);
	while (roll_turn(r))
		turns++;
	ck_assert_uint_ge(turns, MANY / 5000 + 4);
	ck_assert_uint_eq(roll_count(r), MANY + 2000);
	for (msgid last = 0; roll_next(r, &s); last = s.id, n++) {
		bool in_memory = s.id % 3 == 0;
		unsigned i = (unsigned)(s.id / 3);

		if (s.id <= last || (in_memory && (s.state != SHOWN_LATER || s.due_s != i)) ||
		    (!in_memory && s.state != states[i % 4]))
			ck_abort_msg("%u: %llu after %llu, state %d", n, (unsigned long long)s.id,
			    (unsigned long long)last, s.state);
	}
	ck_assert_uint_eq(n, MANY + 2000);
	roll_free(r);
}
END_TEST

/* Whoever asked has gone, in the middle of a walk. */
START_TEST(is_given_up)
{
	struct shown_list none = { 0 };
	struct roll      *r;

	for (unsigned i = 1; i <= 2000; i++)
		put("new", i);
	r = roll_new(store, &none);
	ck_assert(roll_turn(r));
	roll_free(r);
}
END_TEST

Suite *suite_roll(void);

Suite *
suite_roll(void)
{
	Suite *s = suite_create("roll");
	TCase *tc = tcase_create("roll");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, is_empty);
	tcase_add_test(tc, is_whole_and_in_order);
	tcase_add_test(tc, is_given_up);
	suite_add_tcase(s, tc);
	return s;
}
