/* test_ready.c - whose message is next: against a model that is too slow to be wrong. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "relay/ready.h"

#define USERS 7
#define STEPS 20000
#define MANY  10000

static struct ready r;
static uint64_t     seed;

static void
setup(void)
{
	r = (struct ready){ 0 };
	seed = 88172645463325252u;
}

static void
teardown(void)
{
	struct entry *e;

	while ((e = ready_take(&r)) != NULL)
		free(e);
	ck_assert_uint_eq(r.n, 0);
	ready_done(&r);
}

static uint32_t
dice(uint32_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % sides;
}

static struct entry *
entry(msgid id, uid_t uid)
{
	struct entry *e = xcalloc(1, sizeof(*e));

	e->id = id;
	e->uid = uid;
	return e;
}

static void
add(msgid id, uid_t uid)
{
	ready_add(&r, entry(id, uid));
}

static msgid
take(void)
{
	struct entry *e = ready_take(&r);
	msgid         id = e != NULL ? e->id : 0;

	free(e);
	return id;
}

/* ---- the words of ready.h ---- */

START_TEST(first_come_within_a_user)
{
	for (msgid id = 1; id <= 100; id++)
		add(id, 1000);
	for (msgid id = 1; id <= 100; id++)
		ck_assert_uint_eq(take(), id);
	ck_assert_uint_eq(take(), 0);
}
END_TEST

START_TEST(users_in_turn)
{
	static const msgid want[] = { 11, 21, 31, 12, 22, 13, 14, 0 };

	/* Uids of one hash chain, so that chain and turn are told apart. */
	for (msgid id = 11; id <= 14; id++)
		add(id, 1);
	add(21, 1 + READY_CHAINS);
	add(22, 1 + READY_CHAINS);
	add(31, 1 + 2 * READY_CHAINS);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		ck_assert_uint_eq(take(), want[i]);
}
END_TEST

START_TEST(ten_thousand_delay_nobody)
{
	for (msgid id = 1; id <= MANY; id++)
		add(id, 1000);
	ck_assert_uint_eq(take(), 1);
	add(1000000, 0);
	ck_assert_uint_eq(take(), 2);
	ck_assert_uint_eq(take(), 1000000);
	ck_assert_uint_eq(take(), 3);
}
END_TEST

START_TEST(returned_is_before_its_users_others)
{
	struct entry *e;

	add(11, 1);
	add(12, 1);
	add(21, 2);
	e = ready_take(&r);
	ready_return(&r, e);
	ck_assert_uint_eq(r.n, 3);
	ck_assert_uint_eq(take(), 21);
	ck_assert_uint_eq(take(), 11);
	ck_assert_uint_eq(take(), 12);
}
END_TEST

/* From wherever its line stands; the others keep their turns. */
START_TEST(out_of_turn)
{
	static const uid_t of[] = { 1, 2, 3 };
	struct entry *e;

	add(11, 1);
	add(21, 2);
	add(22, 2);
	add(31, 3);
	ck_assert_ptr_null(ready_take_of(&r, 4));
	ck_assert(!ready_has(&r, 4) && ready_has(&r, of[_i]));
	e = ready_take_of(&r, of[_i]);
	ck_assert_uint_eq(e->id, of[_i] * 10 + 1);
	free(e);
	ck_assert_uint_eq(r.n, 3);
	ck_assert(ready_has(&r, of[_i]) == (of[_i] == 2));
	if (_i != 0)
		ck_assert_uint_eq(take(), 11);
	if (_i == 0)
		ck_assert_uint_eq(take(), 21);
	if (_i == 0 || _i == 1)
		ck_assert_uint_eq(take(), 31);
	else
		ck_assert_uint_eq(take(), 21);
	ck_assert_uint_eq(take(), 22);
	ck_assert_uint_eq(take(), 0);
	add(41, 4);
	ck_assert_uint_eq(take(), 41);
}
END_TEST

/* Its user has no other: then nobody's turn comes before his. */
START_TEST(returned_alone_is_next)
{
	struct entry *e;

	add(11, 1);
	add(21, 2);
	add(31, 3);
	e = ready_take(&r);
	ready_return(&r, e);
	ck_assert_uint_eq(take(), 11);
	ck_assert_uint_eq(take(), 21);
	ck_assert_uint_eq(take(), 31);
}
END_TEST

START_TEST(returned_into_nothing)
{
	struct entry *e;

	add(11, 1);
	e = ready_take(&r);
	ck_assert_ptr_null(ready_take(&r));
	ready_return(&r, e);
	add(12, 1);
	add(21, 2);
	ck_assert_uint_eq(take(), 11);
	ck_assert_uint_eq(take(), 21);
	ck_assert_uint_eq(take(), 12);
}
END_TEST

/* ---- any order of calls, against a model ---- */

/* Lines as arrays, turns as an array of users: moved about by hand. */
static struct {
	msgid  line[USERS][STEPS];
	size_t n[USERS];
	int    turn[USERS];
	size_t turns;
} model;

static void
insert(msgid *at, size_t n, msgid id)
{
	memmove(at + 1, at, n * sizeof(*at));
	*at = id;
}

static void
model_add(int user, msgid id)
{
	if (model.n[user] == 0)
		model.turn[model.turns++] = user;
	model.line[user][model.n[user]++] = id;
}

static void
model_return(int user, msgid id)
{
	if (model.n[user] == 0) {
		memmove(model.turn + 1, model.turn, model.turns * sizeof(int));
		model.turn[0] = user;
		model.turns++;
	}
	insert(model.line[user], model.n[user]++, id);
}

static msgid
model_take(void)
{
	int   user = model.turn[0];
	msgid id;

	if (model.turns == 0)
		return 0;
	memmove(model.turn, model.turn + 1, --model.turns * sizeof(int));
	id = model.line[user][0];
	memmove(model.line[user], model.line[user] + 1, --model.n[user] * sizeof(msgid));
	if (model.n[user] > 0)
		model.turn[model.turns++] = user;
	return id;
}

static void
sum(void *arg, struct entry *e)
{
	*(msgid *)arg += e->id;
}

static void
compare_all(void)
{
	size_t n = 0;
	msgid  want = 0, got = 0;

	for (int u = 0; u < USERS; u++) {
		n += model.n[u];
		for (size_t i = 0; i < model.n[u]; i++)
			want += model.line[u][i];
	}
	ready_each(&r, sum, &got);
	ck_assert_uint_eq(r.n, n);
	ck_assert_uint_eq(got, want);
}

static bool
is_multiple(void *arg, const struct entry *e)
{
	return e->id % *(msgid *)arg == 0;
}

static const struct {
	msgid  of;              /* taken: the multiples of this */
	size_t most;
	msgid  taken[6], left[10];
} takings[] = {
	/* Users 0, 1, 2 have 3 6 9, 1 4 7, 2 5 8, and user 1 is first. */
	{ 2, 99, { 4, 2, 8, 6 }, { 1, 5, 3, 7, 9 } },
	{ 2, 2, { 4, 2 }, { 1, 5, 3, 7, 8, 6, 9 } },
	{ 3, 99, { 3, 6, 9 }, { 1, 2, 4, 5, 7, 8 } },
	{ 10, 99, { 0 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
	{ 1, 0, { 0 }, { 1, 2, 3, 4, 5, 6, 7, 8, 9 } },
};

/* The rest keeps its order, its users their turns, and a line that was emptied takes new ones. */
START_TEST(some_are_taken_out)
{
	msgid of = takings[_i].of;
	struct entry *e, *next;
	size_t n = 0;

	for (msgid id = 1; id <= 9; id++)
		add(id, (uid_t)(id % 3));
	for (e = ready_take_those(&r, is_multiple, &of, takings[_i].most); e != NULL; e = next) {
		next = e->next;
		ck_assert_uint_eq(e->id, takings[_i].taken[n++]);
		free(e);
	}
	ck_assert(n == 6 || takings[_i].taken[n] == 0);
	ck_assert_uint_eq(r.n, 9 - n);
	for (n = 0; takings[_i].left[n] != 0; n++)
		ck_assert_uint_eq(take(), takings[_i].left[n]);
	add(100, 0);
	ck_assert_uint_eq(take(), 100);
	ck_assert_uint_eq(r.n, 0);
}
END_TEST

START_TEST(any_order)
{
	struct entry *held = NULL, *e;

	seed += (uint64_t)_i * 7919;
	for (msgid id = 1; id <= STEPS; id++) {
		/* Fills and drains in turn, so that lines run empty often. */
		uint32_t fill = id / 500 % 2 ? 3 : 6, what = dice(10);
		int      user = (int)dice(USERS);

		if (what < fill) {
			add(id, (uid_t)user * 32);
			model_add(user, id);
		} else if (what < fill + 1 && held != NULL) {
			ready_return(&r, held);
			model_return((int)held->uid / 32, held->id);
			held = NULL;
		} else if ((e = ready_take(&r)) == NULL) {
			if (model_take() != 0)
				ck_abort_msg("step %d: nothing", (int)id);
		} else {
			/* Not ck_assert: each one that holds costs a system call. */
			if (e->id != model_take() || e->next != NULL)
				ck_abort_msg("step %d: %d", (int)id, (int)e->id);
			free(held);
			held = e;
		}
		if (id % 97 == 0)
			compare_all();
	}
	free(held);
}
END_TEST

Suite *suite_ready(void);

Suite *
suite_ready(void)
{
	Suite *s = suite_create("ready");
	TCase *t = tcase_create("ready");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, first_come_within_a_user);
	tcase_add_test(t, users_in_turn);
	tcase_add_test(t, ten_thousand_delay_nobody);
	tcase_add_test(t, returned_is_before_its_users_others);
	tcase_add_loop_test(t, out_of_turn, 0, 3);
	tcase_add_test(t, returned_alone_is_next);
	tcase_add_test(t, returned_into_nothing);
	tcase_add_loop_test(t, some_are_taken_out, 0, sizeof(takings) / sizeof(takings[0]));
	tcase_add_loop_test(t, any_order, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
