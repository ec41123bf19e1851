/* reload.c - postern reload: the configuration again, and what is wrong with it said here. */
#include <sysexits.h>

#include "postern/client.h"
#include "postern/command.h"

int
command_reload(int argc, char **argv)
{
	const struct args a = { .argc = argc, .argv = argv };
	struct buf why;
	int rc;

	if (!args_none(argc, argv))
		return EX_USAGE;
	buf_init(&why, CLIENT_LINE_MAX);
	rc = client_daemon("reload", NULL, client_nothing, NULL, &why);
	if (rc != 0)
		args_refuse(&a, "%s", buf_cstr(&why));
	buf_done(&why);
	return rc == EX_TEMPFAIL ? EX_CONFIG : rc;
}
