/* handover.c - see handover.h. */
#include "sendmail/handover.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"

#define READ_BYTES 4096

/* More of it.  0 at the end, or -errno. */
static ssize_t
read_more(struct buf *b)
{
	char    piece[READ_BYTES];
	ssize_t n;

	do
		n = fs.read(HANDOVER_FD, piece, sizeof(piece));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf_add(b, piece, (size_t)n);
	return b->over ? -E2BIG : n;
}

static int
broken(ssize_t e, struct buf *why)
{
	buf_printf(why, "the SMTP session ended before the message did%s%s", e < 0 ? ": " : "",
	    e < 0 ? strerror((int)-e) : "");
	return EX_IOERR;
}

/* Where the envelope ends, behind its blank line; 0: not yet. */
static size_t
envelope_end(const struct buf *b, size_t from)
{
	const char *end = b->n > from ? memmem(b->p + from, b->n - from, "\n\n", 2) : NULL;

	return end == NULL ? 0 : (size_t)(end - b->p) + 2;
}

/* What the two envelopes say of the message; e keeps who and where we are. */
static void
move(struct envelope *e, struct envelope *from)
{
	struct envelope own = *e;

	*e = *from;
	e->time_us = own.time_us;
	e->uid = own.uid;
	e->host = own.host;
	e->user = own.user;
	e->full_name = own.full_name;
	*from = (struct envelope){
		.host = from->host, .user = from->user, .full_name = from->full_name,
	};
	envelope_done(from);
}

int
handover_begin(struct envelope *e, struct buf *rest, struct buf *why)
{
	struct envelope said;
	const char     *bad;
	size_t          end = 0, seen;

	buf_init(rest, ENVELOPE_MAX_BYTES + READ_BYTES);
	while (end == 0) {
		ssize_t n;

		seen = rest->n > 0 ? rest->n - 1 : 0;
		n = read_more(rest);
		if (n <= 0)
			return broken(n, why);
		end = envelope_end(rest, seen);
	}
	if (envelope_parse((struct span){ rest->p, end }, &said, &bad) < 0) {
		buf_printf(why, "the envelope of the SMTP session: %s", bad);
		return EX_DATAERR;
	}
	move(e, &said);
	buf_drop(rest, end);
	return 0;
}

int
handover_end(struct buf *rest, struct buf *why)
{
	struct span word = SPAN(HANDOVER_END);

	while (rest->n < word.n) {
		ssize_t n = read_more(rest);

		if (n <= 0)
			return broken(n, why);
	}
	return span_eq(buf_view(rest), word) ? 0 : broken(-EPROTO, why);
}
