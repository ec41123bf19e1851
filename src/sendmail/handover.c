/* handover.c - see handover.h. */
#include "sendmail/handover.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"

#define READ_BYTES (64u << 10)
#define WORD_MAX   32           /* a line between pieces */

void
handover_init(struct handover *h, int fd)
{
	*h = (struct handover){ .fd = fd, .at = HANDOVER_BETWEEN };
	buf_init(&h->in, ENVELOPE_MAX_BYTES + READ_BYTES);
}

void
handover_done(struct handover *h)
{
	buf_done(&h->in);
}

/* More of the input into h->in.  How many octets, 0 at its end, or -errno. */
static ssize_t
read_some(struct handover *h)
{
	char   *p = buf_room(&h->in, READ_BYTES);
	ssize_t n;

	if (p == NULL)
		return -E2BIG;
	do
		n = fs.read(h->fd, p, READ_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf_took(&h->in, (size_t)n);
	return n;
}

/* The same where the input must go on.  0, or -errno that stays. */
static int
read_more(struct handover *h)
{
	ssize_t n = h->error != 0 ? h->error : read_some(h);

	if (n <= 0)
		h->error = n == 0 ? -EPIPE : (int)n;
	return h->error;
}

int
handover_wait(struct handover *h)
{
	ssize_t n = h->in.n > 0 ? 1 : read_some(h);

	h->at = HANDOVER_BETWEEN;
	return n > 0 ? 1 : (int)n;
}

/* ---- the envelope ---- */

static int
broken(int e, struct buf *why)
{
	buf_printf(why, "the SMTP session ended before the message did: %s", strerror(-e));
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
handover_begin(struct handover *h, struct envelope *e, struct buf *why)
{
	struct envelope said;
	const char     *bad = NULL;
	size_t          end, seen = 0;

	while ((end = envelope_end(&h->in, seen)) == 0) {
		seen = h->in.n > 0 ? h->in.n - 1 : 0;
		if (read_more(h) < 0)
			return broken(h->error, why);
	}
	h->at = HANDOVER_INSIDE;
	h->left = 0;
	if (envelope_parse((struct span){ h->in.p, end }, &said, &bad) == 0)
		move(e, &said);
	buf_drop(&h->in, end);
	if (bad == NULL)
		return 0;
	buf_printf(why, "the envelope of the SMTP session: %s", bad);
	return EX_DATAERR;
}

/* ---- the content ---- */

/* The line between two pieces.  0, or as handover_read. */
static int
take_word(struct handover *h)
{
	struct span rest, line;
	uint64_t    n = 0;

	while (h->in.n == 0 || memchr(h->in.p, '\n', h->in.n) == NULL) {
		if (h->in.n > WORD_MAX)
			h->error = -EPROTO;
		if (read_more(h) < 0)
			return h->error;
	}
	rest = buf_view(&h->in);
	span_cut(&rest, '\n', &line);
	if (span_eq(line, SPAN(HANDOVER_END))) {
		h->at = HANDOVER_ENDED;
	} else if (span_eq(line, SPAN(HANDOVER_RESET))) {
		h->at = HANDOVER_DROPPED;
	} else {
		struct span data = SPAN(HANDOVER_DATA);

		if (!span_starts(line, data) || text_number((struct span){ line.p + data.n,
		    line.n - data.n }, HANDOVER_PIECE_MAX, &n) < 0)
			return h->error = -EPROTO;
	}
	h->left = (size_t)n;
	buf_drop(&h->in, h->in.n - rest.n);
	return 0;
}

ssize_t
handover_read(struct handover *h, char *p, size_t n)
{
	int r = h->error;

	while (r == 0 && h->at == HANDOVER_INSIDE && h->left == 0)
		r = take_word(h);
	if (r == 0 && h->at == HANDOVER_DROPPED)
		r = -ECANCELED;
	if (r < 0 || h->at != HANDOVER_INSIDE)
		return r;
	if (h->in.n == 0 && (r = read_more(h)) < 0)
		return r;
	if (n > h->left)
		n = h->left;
	if (n > h->in.n)
		n = h->in.n;
	memcpy(p, h->in.p, n);
	buf_drop(&h->in, n);
	h->left -= n;
	return (ssize_t)n;
}

int
handover_skip(struct handover *h)
{
	char    waste[4096];
	ssize_t n;

	while ((n = handover_read(h, waste, sizeof(waste))) > 0)
		;
	return (int)n;
}

int
handover_answer(int rc, struct span text)
{
	struct buf b;
	int        r;

	buf_init(&b, text.n + 32);
	buf_printf(&b, "%d ", rc);
	text_put_printable(&b, text);
	buf_char(&b, '\n');
	r = fs_write_all(STDOUT_FILENO, buf_view(&b));
	buf_done(&b);
	return r;
}
