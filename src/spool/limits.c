/*
 * limits.c - the spool's file `limits`: what a submitter must know of a
 * configuration that it never reads.
 *
 *   max-message 00000036700160
 *   min-free    00000067108864
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fs.h"
#include "base/text.h"
#include "spool/draft.h"

#define LIMITS_FORM  "max-message %014llu\nmin-free    %014llu\n"
#define LIMITS_BYTES 54
#define LIMITS_MAX   99999999999999u

static void
parse_line(struct span line, struct draft_limits *ret)
{
	struct span name, value;
	uint64_t    n;

	if (!span_cut(&line, ' ', &name))
		return;
	value = span_trim(line);
	if (text_number(value, LIMITS_MAX, &n) < 0)
		return;
	if (span_eq(name, SPAN("max-message")))
		ret->max_message = n;
	else if (span_eq(name, SPAN("min-free")))
		ret->min_free = n;
}

/* One read and not fs_slurp: each system call here is one of every submission. */
void
draft_limits_read(int spool, struct draft_limits *ret)
{
	char        text[4 * LIMITS_BYTES];
	struct span rest, line;
	ssize_t     n;
	int         fd;

	*ret = (struct draft_limits){ .max_message = DRAFT_MAX_MESSAGE, .min_free = DRAFT_MIN_FREE };
	fd = fs_open(spool, "limits", O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return;
	n = fs.read(fd, text, sizeof(text));
	fs_close(fd);
	rest = (struct span){ text, n > 0 ? (size_t)n : 0 };
	while (span_cut(&rest, '\n', &line))
		parse_line(line, ret);
}

static uint64_t
capped(uint64_t n)
{
	return n > LIMITS_MAX ? LIMITS_MAX : n;
}

/*
 * In place and not by rename: the root of the spool is root's, so that the
 * daemon's user cannot put another directory in the place of one of these.
 * Fixed width makes it safe: the text never grows or shrinks, and a reader
 * in the middle of the one write sees old digits or new ones.
 */
int
draft_limits_write(int spool, const struct draft_limits *l)
{
	char text[LIMITS_BYTES + 1];
	int  fd, r, closed;

	snprintf(text, sizeof(text), LIMITS_FORM, (unsigned long long)capped(l->max_message),
	    (unsigned long long)capped(l->min_free));
	fd = fs_open(spool, "limits", O_WRONLY | O_CREAT | O_NONBLOCK, 0644);
	if (fd < 0)
		return fd;
	(void)fchmod(fd, 0644);         /* the umask must not hide it; nor is it ours to change always */
	r = fs_pwrite_all(fd, (struct span){ text, LIMITS_BYTES }, 0);
	closed = fs_close(fd);
	return r < 0 ? r : closed;
}
