#include "oauth/hold.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static bool     armed, held;
static sigset_t before;

void
hold_arm(void)
{
	armed = true;
}

void
hold_begin(void)
{
	sigset_t ends;

	if (!armed || held)
		return;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, &before);
	held = true;
}

void
hold_end(void)
{
	armed = false;
	if (held)
		sigprocmask(SIG_SETMASK, &before, NULL);
	held = false;
}
