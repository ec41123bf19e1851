/* roll.c - all that is queued, one after the other; see roll.h. */
#include "postern/roll.h"

#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "postern/client.h"
#include "postern/offline.h"
#include "postern/plain.h"
#include "spool/place.h"

static void
each(void *arg, struct span line)
{
	queued_read(arg, line);
}

static bool
from_spool(const char *who, const struct roll_ear *ear, void *arg)
{
	struct buf why;
	int rc;

	buf_init(&why, 4096);
	rc = offline_read(place_spool(), ear->message, arg, &why);
	if (rc == -EACCES || rc == -EPERM)
		fprintf(stderr, "%s: without the daemon only root can read the queue (%s)\n", who,
		    buf_cstr(&why));
	else if (rc < 0)
		fprintf(stderr, "%s: %s\n", who, buf_cstr(&why));
	buf_done(&why);
	return rc == 0;
}

int
roll_call(const char *who, const struct roll_ear *ear, void *arg, bool *ret_whole)
{
	struct queued_reader reader = { .message = ear->message, .record = ear->record, .arg = arg };
	struct buf why, said;
	int rc;

	buf_init(&why, CLIENT_LINE_MAX);
	buf_init(&said, CLIENT_LINE_MAX);
	rc = client_daemon("mailq", NULL, each, &reader, &why);
	queued_read_end(&reader);
	*ret_whole = rc == 0;
	if (rc != 0) {
		fflush(stdout);
		plain_put(&said, buf_view(&why));
		fprintf(stderr, "%s: %s\n", who, buf_cstr(&said));
	}
	if (rc == EX_UNAVAILABLE)
		*ret_whole = from_spool(who, ear, arg);
	buf_done(&why);
	buf_done(&said);
	return rc;
}
