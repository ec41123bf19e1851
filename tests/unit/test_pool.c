/* test_pool.c - threads beside the loop: work there, answers here. */
#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "net/loop.h"
#include "posternd/pool.h"

#define THREADS 4
#define MANY    500

static struct event_base *base;
static struct pool       *pool;
static pthread_t          here;

struct job {
	struct task task;
	bool        worked, answered;
	bool        beside;             /* worked in another thread */
};

static struct job         jobs[MANY];
static int                answers, wanted;
static pthread_barrier_t  meeting;

static void
setup(void)
{
	int err = 0;

	base = loop_new();
	pool = pool_new(base, THREADS, &err);
	ck_assert_ptr_nonnull(pool);
	here = pthread_self();
	memset(jobs, 0, sizeof(jobs));
	answers = 0;
}

static void
teardown(void)
{
	pool_free(pool);
	loop_free(base);
}

static void
work(void *arg)
{
	struct job *j = arg;

	j->worked = true;
	j->beside = !pthread_equal(here, pthread_self());
}

/* Only as many as meet here come through: they must run at the same time. */
static void
meet(void *arg)
{
	work(arg);
	pthread_barrier_wait(&meeting);
}

static void
done(void *arg)
{
	struct job *j = arg;

	ck_assert(pthread_equal(here, pthread_self()));
	ck_assert(j->worked && j->beside && !j->answered);
	j->answered = true;
	if (++answers == wanted)
		loop_stop(base);
}

static void
put(struct job *j, void (*how)(void *))
{
	j->task = (struct task){ .work = how, .done = done, .arg = j };
	pool_put(pool, &j->task);
}

START_TEST(each_is_answered_once)
{
	wanted = MANY;
	for (int i = 0; i < MANY; i++)
		put(&jobs[i], work);
	ck_assert_int_eq(answers, 0);           /* never from inside the call */
	loop_run(base);
	ck_assert_int_eq(answers, MANY);
}
END_TEST

START_TEST(they_run_beside_each_other)
{
	pthread_barrier_init(&meeting, NULL, THREADS);
	wanted = THREADS;
	for (int i = 0; i < THREADS; i++)
		put(&jobs[i], meet);
	loop_run(base);
	ck_assert_int_eq(answers, THREADS);
	pthread_barrier_destroy(&meeting);
}
END_TEST

static struct job *again;

static void
done_and_on(void *arg)
{
	struct job *j = arg;

	j->answered = true;
	if (++answers == wanted)
		loop_stop(base);
	else
		put(++again, work);
}

/* The next piece of the same thing. */
START_TEST(done_may_put)
{
	wanted = 50;
	again = jobs;
	jobs[0].task = (struct task){ .work = work, .done = done_and_on, .arg = jobs };
	pool_put(pool, &jobs[0].task);
	while (answers < 2)
		loop_turn(base);
	ck_assert(jobs[0].answered && jobs[1].answered);
}
END_TEST

START_TEST(the_end_finishes_all)
{
	wanted = -1;
	for (int i = 0; i < MANY; i++)
		put(&jobs[i], work);
	pool_free(pool);
	pool = NULL;
	ck_assert_int_eq(answers, MANY);
}
END_TEST

START_TEST(idle_needs_no_thread)
{
	wanted = 1;
	pool_free(pool);
	pool = NULL;
	pool_free(NULL);
	ck_assert_int_eq(answers, 0);
}
END_TEST

Suite *suite_pool(void);

Suite *
suite_pool(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = tcase_create("pool");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_is_answered_once);
	tcase_add_test(tc, they_run_beside_each_other);
	tcase_add_test(tc, done_may_put);
	tcase_add_test(tc, the_end_finishes_all);
	tcase_add_test(tc, idle_needs_no_thread);
	suite_add_tcase(s, tc);
	return s;
}
