/* mailq.c - postern mailq: the queue as scripts know it, for any user. */
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "postern/command.h"
#include "postern/listing.h"
#include "postern/roll.h"

static void
on_message(void *arg, struct queued *q)
{
	listing_queued(arg, q);
}

static void
on_record(void *arg, struct span line)
{
	listing_relay(arg, line);
}

int
command_mailq(int argc, char **argv)
{
	static const struct roll_ear ear = { .message = on_message, .record = on_record };
	struct listing l;
	bool whole;
	int rc;

	/* Options of other systems' mailq (-v, -Ac) ask for nothing we could add. */
	(void)argc;
	(void)argv;
	listing_begin(&l, stdout, clock_wall_s());
	rc = roll_call("mailq", &ear, &l, &whole);
	if (whole)
		listing_end(&l);
	else
		listing_done(&l);
	/* A full disk under `mailq > file` must not look like a short queue. */
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	perror("mailq: standard output");
	return EX_IOERR;
}
