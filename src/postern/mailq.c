/* mailq.c - postern mailq: the queue, for any user. */
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/clock.h"
#include "postern/client.h"
#include "postern/command.h"
#include "postern/listing.h"
#include "postern/offline.h"
#include "spool/place.h"

static void
each(void *arg, struct span line)
{
	listing_record(arg, line);
}

/* A full disk under `mailq > file` must not look like a short queue. */
static int
finish(struct listing *l, int rc)
{
	if (fflush(l->out) == 0 && !ferror(l->out))
		return rc;
	perror("mailq: standard output");
	return EX_IOERR;
}

static int
list_offline(struct listing *l)
{
	struct buf why;
	int rc;

	buf_init(&why, 4096);
	rc = offline_list(place_spool(), l, &why);
	if (rc == -EACCES || rc == -EPERM)
		fprintf(stderr, "mailq: without the daemon only root can read the queue (%s)\n",
		    buf_cstr(&why));
	else if (rc < 0)
		fprintf(stderr, "mailq: %s\n", buf_cstr(&why));
	else
		listing_end(l);
	buf_done(&why);
	return finish(l, EX_UNAVAILABLE);
}

int
command_mailq(int argc, char **argv)
{
	struct listing l;
	struct buf path, why;
	int rc;

	/* Options of other systems' mailq (-v, -Ac) ask for nothing we could add. */
	(void)argc;
	(void)argv;
	listing_begin(&l, stdout, clock_wall_s());
	buf_init(&path, 4096);
	buf_init(&why, 8192);
	buf_printf(&path, "%s/control", place_run());
	rc = client_ask(buf_cstr(&path), "mailq", each, &l, &why);
	if (rc == 0) {
		listing_end(&l);
		rc = finish(&l, EX_OK);
	} else if (rc == EX_UNAVAILABLE) {
		fprintf(stderr, "mailq: %s\n", buf_cstr(&why));
		rc = list_offline(&l);
	} else {
		fflush(stdout);
		fprintf(stderr, "mailq: %s\n", buf_cstr(&why));
	}
	buf_done(&path);
	buf_done(&why);
	return rc;
}
