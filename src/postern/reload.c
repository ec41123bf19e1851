/* reload.c - postern reload: the configuration again, and what is wrong with it said here. */
#include <sysexits.h>

#include "postern/client.h"
#include "postern/command.h"
#include "postern/done.h"

int
command_reload(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv, .options = done_options };
	bool json = false;
	struct buf why;
	int rc, i;

	while ((i = args_next(&a)) != ARGS_END) {
		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == ARGS_WORD)
			return args_refuse(&a, "\"%s\" is a word too many", a.value);
		json = true;
	}
	buf_init(&why, CLIENT_LINE_MAX);
	rc = client_daemon("reload", NULL, client_nothing, NULL, &why);
	rc = done_say(&a, json, NULL, rc == EX_TEMPFAIL ? EX_CONFIG : rc, &why);
	buf_done(&why);
	return rc;
}
