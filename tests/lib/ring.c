/* ring.c - the main of a ring; see ring.h. */
#include "lib/ring.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static bool
chosen(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

/* A misspelt name must not become a run of nothing that passes. */
static bool
known(const char *name, const struct ring_suite *suites, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, suites[i].name) == 0)
			return true;
	return false;
}

int
ring_main(int argc, char **argv, const struct ring_suite *suites, size_t count)
{
	SRunner *runner = srunner_create(NULL);
	int failed, ran;

	for (int i = 1; i < argc; i++) {
		if (!known(argv[i], suites, count)) {
			fprintf(stderr, "%s: no suite is called %s\n", argv[0], argv[i]);
			return EX_USAGE;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (chosen(argc, argv, suites[i].name))
			srunner_add_suite(runner, suites[i].create());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	ran = srunner_ntests_run(runner);
	srunner_free(runner);
	return failed == 0 && ran > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
