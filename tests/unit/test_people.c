/* test_people.c - who a uid is, by a user database that answers, does not, or is in trouble. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "spool/people.h"

#define HUNG    1000            /* uids from here on: no answer while the database is away */
#define TROUBLE 500             /* EIO while it is in trouble */
#define NOBODY  400

static struct {
	pthread_mutex_t lock;
	pthread_cond_t  changed;
	bool            away, troubled;
	unsigned        asked, asking;
	const char     *name;
} base = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .name = "alice" };

static int
fake(uid_t uid, struct passwd *pw, char *p, size_t n, struct passwd **ret)
{
	static char gecos[] = "A. &, Room 1";
	bool        trouble;

	pthread_mutex_lock(&base.lock);
	base.asked++;
	base.asking++;
	pthread_cond_broadcast(&base.changed);
	while (base.away && uid >= HUNG)
		pthread_cond_wait(&base.changed, &base.lock);
	base.asking--;
	trouble = base.troubled && uid == TROUBLE;
	snprintf(p, n, "%s%u", base.name, (unsigned)uid);
	pthread_cond_broadcast(&base.changed);
	pthread_mutex_unlock(&base.lock);
	*ret = trouble || uid == NOBODY ? NULL : pw;
	*pw = (struct passwd){ .pw_name = p, .pw_uid = uid, .pw_gecos = gecos };
	return trouble ? EIO : 0;
}

static void
set(bool away, const char *name)
{
	pthread_mutex_lock(&base.lock);
	base.away = away;
	base.name = name;
	pthread_cond_broadcast(&base.changed);
	pthread_mutex_unlock(&base.lock);
}

/* So often and no more, as soon as the last of the threads had its turn. */
static bool
was_asked(unsigned times)
{
	bool yes;

	pthread_mutex_lock(&base.lock);
	while (base.asked < times)
		pthread_cond_wait(&base.changed, &base.lock);
	yes = base.asked == times;
	pthread_mutex_unlock(&base.lock);
	return yes;
}

/* Nobody asks it any more: what its threads answered is with the daemon now, or soon. */
static void
await_quiet(void)
{
	pthread_mutex_lock(&base.lock);
	while (base.asking > 0)
		pthread_cond_wait(&base.changed, &base.lock);
	pthread_mutex_unlock(&base.lock);
}

static bool
becomes(struct people *p, uid_t uid, const char *name)
{
	for (int i = 0; i < 5000; i++) {
		if (strcmp(people_find(p, uid)->name, name) == 0)
			return true;
		usleep(1000);
	}
	return false;
}

static void
setup(void)
{
	people_set_source(fake);
	clock_set(1764000000000000, 100000);
}

START_TEST(real)
{
	struct people        p = { 0 };
	const struct person *w;

	people_set_source(NULL);
	w = people_find(&p, 0);
	ck_assert_str_eq(w->name, "root");
	w = people_find(&p, 4000000000u);
	ck_assert_str_eq(w->name, "4000000000");
	ck_assert_ptr_null(w->full_name);
	people_done(&p);
}
END_TEST

START_TEST(answers)
{
	struct people        p = { 0 };
	const struct person *w = people_find(&p, 7);

	ck_assert_str_eq(w->name, "alice7");
	ck_assert_str_eq(w->full_name, "A. Alice7");
	ck_assert_str_eq(people_find(&p, NOBODY)->name, "400");
	ck_assert_str_eq(people_find(&p, 7)->name, "alice7");
	ck_assert(was_asked(2));

	/* Others have the uid by now. */
	set(false, "bob");
	ck_assert_str_eq(people_find(&p, 7)->name, "alice7");
	clock_move_ms(11 * 60 * 1000);
	ck_assert_str_eq(people_find(&p, 7)->name, "bob7");
	people_done(&p);
}
END_TEST

/* It is asked once, others are answered meanwhile, and what comes late is heard. */
START_TEST(hangs)
{
	struct people p = { 0 };

	set(true, "alice");
	ck_assert_str_eq(people_find(&p, HUNG)->name, "1000");
	ck_assert_str_eq(people_find(&p, HUNG)->name, "1000");
	clock_move_ms(11 * 60 * 1000);
	ck_assert_str_eq(people_find(&p, HUNG)->name, "1000");
	ck_assert(was_asked(1));
	ck_assert_str_eq(people_find(&p, 7)->name, "alice7");
	set(false, "alice");
	ck_assert(becomes(&p, HUNG, "alice1000"));
	ck_assert(was_asked(2));
	people_done(&p);
}
END_TEST

/* Who was known keeps the name, however long it is away. */
START_TEST(hangs_later)
{
	struct people p = { 0 };

	ck_assert_str_eq(people_find(&p, HUNG)->name, "alice1000");
	set(true, "bob");
	clock_move_ms(11 * 60 * 1000);
	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(people_find(&p, HUNG)->name, "alice1000");
		clock_move_ms(60 * 60 * 1000);
	}
	ck_assert(was_asked(2));
	set(false, "bob");
	ck_assert(becomes(&p, HUNG, "bob1000"));
	people_done(&p);
}
END_TEST

/* More than there are places for: no more threads, and who has an answer still gets it. */
START_TEST(all_hang)
{
	struct people p = { 0 };
	char          name[16];

	set(true, "alice");
	for (unsigned i = 0; i < 2 * PEOPLE_MAX; i++) {
		snprintf(name, sizeof(name), "%u", HUNG + i);
		ck_assert_str_eq(people_find(&p, HUNG + i)->name, name);
	}
	ck_assert_str_eq(people_find(&p, 7)->name, "7");
	ck_assert(was_asked(PEOPLE_MAX));
	set(false, "alice");
	await_quiet();
	ck_assert(becomes(&p, 7, "alice7"));
	ck_assert(becomes(&p, HUNG, "alice1000"));
	people_done(&p);
}
END_TEST

START_TEST(ends_while_it_hangs)
{
	struct people p = { 0 };

	set(true, "alice");
	ck_assert_str_eq(people_find(&p, HUNG)->name, "1000");
	people_done(&p);
	ck_assert(was_asked(1));
	set(false, "alice");
	await_quiet();
}
END_TEST

/* An error is no word about the user: he keeps his name, and it is asked again soon. */
START_TEST(in_trouble)
{
	struct people p = { 0 };

	base.troubled = true;
	ck_assert_str_eq(people_find(&p, TROUBLE)->name, "500");
	base.troubled = false;
	ck_assert_str_eq(people_find(&p, TROUBLE)->name, "500");
	clock_move_ms(31 * 1000);
	ck_assert_str_eq(people_find(&p, TROUBLE)->name, "alice500");
	base.troubled = true;
	clock_move_ms(11 * 60 * 1000);
	ck_assert_str_eq(people_find(&p, TROUBLE)->name, "alice500");
	ck_assert(was_asked(3));
	people_done(&p);
}
END_TEST

Suite *suite_people(void);

Suite *
suite_people(void)
{
	Suite *s = suite_create("people");
	TCase *t = tcase_create("people");

	tcase_add_checked_fixture(t, setup, clock_release);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, real);
	tcase_add_test(t, answers);
	tcase_add_test(t, hangs);
	tcase_add_test(t, hangs_later);
	tcase_add_test(t, all_hang);
	tcase_add_test(t, ends_while_it_hangs);
	tcase_add_test(t, in_trouble);
	suite_add_tcase(s, t);
	return s;
}
