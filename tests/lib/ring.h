/*
 * ring.h - the main of a ring whose tests are Check suites.
 *
 * A suite is chosen by its name on the command line; none means all.  The
 * answer is the exit status, and Check's "100%: Checks: …" line.
 */
#ifndef TESTS_LIB_RING_H
#define TESTS_LIB_RING_H

#include <check.h>

struct ring_suite {
	const char *name;
	Suite    *(*create)(void);
};

int ring_main(int argc, char **argv, const struct ring_suite *suites, size_t count);

#endif
