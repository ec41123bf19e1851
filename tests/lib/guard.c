/*
 * guard.c - a test that calls exit() has failed.
 *
 * Check runs each test in a child and calls every child that exits with 0 a
 * success, also one whose code under test called exit(0) before the first
 * assertion.  The rings are linked with --wrap=tcase_create, so each case
 * gets a fixture here: until its teardown has run, exit() ends the child
 * with 99.  A failed assertion still reports its line, since Check has
 * written that down before it exits.
 */
#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

TCase *__real_tcase_create(const char *name);
TCase *__wrap_tcase_create(const char *name);

static bool finished;
static bool armed;

static void
on_exit_early(void)
{
	if (!finished)
		_exit(99);
}

/* Once a process: with CK_FORK=no all tests share this one. */
static void
arm(void)
{
	finished = false;
	if (!armed)
		atexit(on_exit_early);
	armed = true;
}

static void
disarm(void)
{
	finished = true;
}

TCase *
__wrap_tcase_create(const char *name)
{
	TCase *tc = __real_tcase_create(name);

	tcase_add_checked_fixture(tc, arm, disarm);
	return tc;
}
