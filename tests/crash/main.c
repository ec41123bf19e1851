/* main.c - the crash ring: every system call fails, and is the last one. */
#include "lib/ring.h"

#define X(name) Suite *suite_##name(void);
#include "crash/suites.h"
#undef X

int
main(int argc, char **argv)
{
	static const struct ring_suite suites[] = {
#define X(name) { #name, suite_##name },
#include "crash/suites.h"
#undef X
	};

	return ring_main(argc, argv, suites, sizeof(suites) / sizeof(suites[0]));
}
