/* refusal.c - a draft's error in words; see refusal.h. */
#include "spool/refusal.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

/* df shows room where it is min-free that keeps it, and quota none where it is the shell's limit. */
static void
put_full(struct buf *why, int e, const struct draft_limits *l, const char *place)
{
	buf_printf(why, "the spool %s is full: %s", place, strerror(-e));
	if (e == -ENOSPC && l->min_free > 0)
		buf_printf(why, " (min-free leaves %llu MiB of its disk to others)",
		    (unsigned long long)(l->min_free >> 20));
	if (e == -EDQUOT)
		buf_str(why, ", or a file size limit (ulimit -f)");
}

int
refusal_put(struct buf *why, int e, bool maybe, const struct draft_limits *l, const char *place)
{
	if (e == -EFBIG) {
		buf_printf(why, "the message is longer than %llu bytes, the limit here",
		    (unsigned long long)l->max_message);
		return EX_UNAVAILABLE;
	}
	if (e == -E2BIG) {
		buf_str(why, "the recipients take too much room");
		return EX_DATAERR;
	}
	if (e == -ENOSPC || e == -EDQUOT)
		put_full(why, e, l, place);
	else
		buf_printf(why, "cannot write to the spool %s: %s", place, strerror(-e));
	if (maybe)
		buf_str(why, REFUSAL_MAYBE);
	return EX_TEMPFAIL;
}
