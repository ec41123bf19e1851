/* test_waiting.c - the heap of what waits: the first is always the one that is due first. */
#include <check.h>
#include <stdlib.h>

#include "base/buf.h"
#include "relay/waiting.h"

#define MANY 3000

static struct waiting w;
static struct entry   pool[MANY];
static uint64_t       seed;

static void
setup(void)
{
	w = (struct waiting){ 0 };
	seed = 88172645463325252u;
}

static void
teardown(void)
{
	waiting_done(&w);
	ck_assert_ptr_null(w.e);
}

static uint32_t
dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % sides;
}

static int
order(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a, *y = *(struct entry *const *)b;

	if (x->due_s != y->due_s)
		return x->due_s < y->due_s ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static struct entry *
take(void)
{
	struct entry *e = waiting_first(&w);

	if (e != NULL)
		waiting_remove(&w, e);
	return e;
}

/* Not ck_assert here: each one that holds costs a system call. */
static void
check_heap(void)
{
	for (size_t i = 0; i < w.n; i++)
		if (w.e[i]->slot != i || (i > 0 && order(&w.e[(i - 1) / 2], &w.e[i]) >= 0))
			ck_abort_msg("no heap at %zu of %zu", i, w.n);
}

START_TEST(nothing_waits)
{
	ck_assert_ptr_null(waiting_first(&w));
}
END_TEST

/* Of one second: the oldest ID. */
START_TEST(same_second_by_id)
{
	for (int i = 0; i < 50; i++) {
		pool[i] = (struct entry){ .id = (msgid)(i * 37 % 50), .due_s = 1764000000 };
		waiting_add(&w, &pool[i]);
	}
	for (msgid id = 0; id < 50; id++)
		ck_assert_uint_eq(take()->id, id);
	ck_assert_ptr_null(waiting_first(&w));
}
END_TEST

/* Ends of the range: seconds are unsigned, they do not wrap in 2038. */
START_TEST(late_seconds)
{
	static const uint32_t due[] = { UINT32_MAX, 0, 0x80000000u, 0x7fffffffu };
	static const uint32_t want[] = { 0, 0x7fffffffu, 0x80000000u, UINT32_MAX };

	for (int i = 0; i < 4; i++) {
		pool[i] = (struct entry){ .id = (msgid)i, .due_s = due[i] };
		waiting_add(&w, &pool[i]);
	}
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(take()->due_s, want[i]);
}
END_TEST

START_TEST(drains_in_order)
{
	struct entry *sorted[MANY];

	for (int i = 0; i < MANY; i++) {
		pool[i] = (struct entry){ .id = (msgid)i, .due_s = dice(MANY / 3) };
		sorted[i] = &pool[i];
		waiting_add(&w, &pool[i]);
	}
	check_heap();
	qsort(sorted, MANY, sizeof(sorted[0]), order);
	for (int i = 0; i < MANY; i++)
		if (take() != sorted[i])
			ck_abort_msg("another is the %dth", i);
	ck_assert_ptr_null(waiting_first(&w));
}
END_TEST

static struct entry *
naive_first(const bool *in)
{
	struct entry *best = NULL;

	for (int i = 0; i < MANY; i++) {
		struct entry *e = &pool[i];

		if (in[i] && (best == NULL || order(&e, &best) < 0))
			best = e;
	}
	return best;
}

/* From the middle as well: a message that is released or deleted leaves from there. */
START_TEST(any_order)
{
	bool   in[MANY] = { false };
	size_t n = 0;

	seed += (uint64_t)_i * 7919;
	for (int step = 0; step < 20000; step++) {
		uint32_t i = dice(MANY);

		if (!in[i] && dice(10) < (step / 2000 % 2 ? 3u : 8u)) {
			pool[i] = (struct entry){ .id = i, .due_s = dice(200) };
			waiting_add(&w, &pool[i]);
			n++;
			in[i] = true;
		} else if (in[i]) {
			waiting_remove(&w, &pool[i]);
			n--;
			in[i] = false;
		}
		if (w.n != n)
			ck_abort_msg("step %d: %zu, not %zu", step, w.n, n);
		if (step % 50 == 0) {
			check_heap();
			ck_assert_ptr_eq(waiting_first(&w), naive_first(in));
		}
	}
}
END_TEST

static const int64_t shifts[] = {
	0, -1, 3600, -3 * 86400, 86400, -2000000000, 4000000000, INT64_MIN / 2, INT64_MAX / 2,
};

/* Also where many become equal, and the IDs decide. */
START_TEST(shifted)
{
	struct entry *last = NULL, *e;

	for (int i = 0; i < MANY; i++) {
		pool[i] = (struct entry){ .id = (msgid)dice(1u << 30) << 16 | (msgid)i };
		pool[i].due_s = 1764000000 + dice(90000);
		pool[i].last_s = pool[i].due_s - 300;
		waiting_add(&w, &pool[i]);
	}
	waiting_shift(&w, shifts[_i]);
	check_heap();
	if (shifts[_i] > -86400 * 4 && shifts[_i] < 86400 * 4)
		ck_assert_uint_eq(w.e[0]->due_s - w.e[0]->last_s, 300);
	while ((e = take()) != NULL) {
		ck_assert(last == NULL || order(&last, &e) < 0);
		last = e;
	}
}
END_TEST

static bool
is_third(void *arg, const struct entry *e)
{
	(void)arg;
	return e->id % 3 == 0;
}

static const size_t takings[] = { 0, 1, 500, MANY };

/* What is left is a heap still, and drains in order. */
START_TEST(some_are_taken_out)
{
	struct entry *last = NULL, *e;
	size_t n = 0, most = takings[_i], third = (MANY + 2) / 3;

	for (int i = 0; i < MANY; i++) {
		pool[i] = (struct entry){ .id = (msgid)i, .due_s = dice(MANY / 3) };
		waiting_add(&w, &pool[i]);
	}
	for (e = waiting_take_those(&w, is_third, NULL, most); e != NULL; e = e->next, n++)
		if (e->id % 3 != 0)
			ck_abort_msg("%d was not asked for", (int)e->id);
	ck_assert_uint_eq(n, most < third ? most : third);
	ck_assert_uint_eq(w.n, MANY - n);
	check_heap();
	for (; (e = take()) != NULL; last = e)
		if (last != NULL && order(&last, &e) >= 0)
			ck_abort_msg("%d comes after %d", (int)e->id, (int)last->id);
}
END_TEST

Suite *suite_waiting(void);

Suite *
suite_waiting(void)
{
	Suite *s = suite_create("waiting");
	TCase *t = tcase_create("waiting");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_waits);
	tcase_add_test(t, same_second_by_id);
	tcase_add_test(t, late_seconds);
	tcase_add_test(t, drains_in_order);
	tcase_add_loop_test(t, any_order, 0, 4);
	tcase_add_loop_test(t, shifted, 0, sizeof(shifts) / sizeof(shifts[0]));
	tcase_add_loop_test(t, some_are_taken_out, 0, sizeof(takings) / sizeof(takings[0]));
	suite_add_tcase(s, t);
	return s;
}
