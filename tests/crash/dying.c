/* dying.c - see dying.h. */
#include "crash/dying.h"

#include <errno.h>

#include "crash/faults.h"

_Static_assert(DYING_EXIT == FAULT_EXIT, "one exit status");

static const struct {
	const char *name;
	enum fault  fault;
	int         error;
	unsigned    copies;
} ways[] = {
	[DYING_NOT] = { "no fault", FAULT_NONE, 0, 1 },
	{ "death before", FAULT_DIE_BEFORE, 0, 2 },
	{ "death half-way", FAULT_DIE_HALF, 0, 2 },
	{ "death after", FAULT_DIE_AFTER, 0, 2 },
	{ "EIO once", FAULT_ONCE, EIO, 2 },
	{ "ENOSPC once", FAULT_ONCE, ENOSPC, 2 },
	{ "half of it", FAULT_SHORT, 0, 1 },
};

const unsigned ndyings = sizeof(ways) / sizeof(ways[0]);

const char *
dying_name(unsigned way)
{
	return ways[way].name;
}

unsigned
dying_copies(unsigned way)
{
	return ways[way].copies;
}

void
dying_arm(unsigned way, int k)
{
	faults_arm(ways[way].fault, k, ways[way].error);
}

bool
dying_disarm(void)
{
	return faults_disarm(NULL);
}
