/* flush.c - postern flush (sendmail -q): try what waits now. */
#include <stdio.h>
#include <sysexits.h>

#include "postern/client.h"
#include "postern/command.h"

int
command_flush(int argc, char **argv)
{
	struct buf why;
	int rc;

	/* Which messages (-qI, -qR, -qS) is not asked: all of them is what there is. */
	(void)argc;
	(void)argv;
	buf_init(&why, 8192);
	rc = client_daemon("flush", NULL, client_nothing, NULL, &why);
	if (rc != 0)
		fprintf(stderr, "postern flush: %s\n", buf_cstr(&why));
	buf_done(&why);
	return rc;
}
