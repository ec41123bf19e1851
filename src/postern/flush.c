/* flush.c - postern flush (sendmail -q): try what waits now. */
#include <stdio.h>
#include <sysexits.h>

#include "postern/client.h"
#include "postern/command.h"
#include "spool/place.h"

static void
nothing(void *arg, struct span line)
{
	(void)arg;
	(void)line;
}

int
command_flush(int argc, char **argv)
{
	struct buf path, why;
	int rc;

	/* Which messages (-qI, -qR, -qS) is not asked: all of them is what there is. */
	(void)argc;
	(void)argv;
	buf_init(&path, 4096);
	buf_init(&why, 8192);
	buf_printf(&path, "%s/control", place_run());
	rc = client_ask(buf_cstr(&path), "flush", nothing, NULL, &why);
	if (rc != 0)
		fprintf(stderr, "postern flush: %s\n", buf_cstr(&why));
	buf_done(&path);
	buf_done(&why);
	return rc;
}
