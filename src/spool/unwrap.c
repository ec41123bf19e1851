/* unwrap.c - a spool file as a stream, the mistrusting side; see unwrap.h. */
#include "spool/unwrap.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define CHECK_BYTES 4096

void
unwrap_init(struct unwrap *u)
{
	*u = (struct unwrap){ 0 };
	envelope_init(&u->envelope);
	buf_init(&u->text, ENVELOPE_MAX_BYTES);
	lines_init(&u->lines);
}

void
unwrap_done(struct unwrap *u)
{
	envelope_done(&u->envelope);
	buf_done(&u->text);
}

const char *
unwrap_why(const struct unwrap *u)
{
	return u->why;
}

size_t
unwrap_held(const struct unwrap *u)
{
	return u->text.cap;
}

static int
bad(struct unwrap *u, const char *why)
{
	if (u->why == NULL)
		u->why = why;
	return -EBADMSG;
}

static struct span
take(struct span *s, size_t n)
{
	struct span front = { s->p, n };

	s->p += n;
	s->n -= n;
	return front;
}

/* ---- the envelope ---- */

static int
parse(struct unwrap *u)
{
	const char *why;

	u->envelope_n = u->text.n;
	if (envelope_parse(buf_view(&u->text), &u->envelope, &why) < 0)
		return bad(u, why);
	buf_done(&u->text);
	u->addressed = true;
	return 0;
}

/* Up to the blank line; what stands behind it stays in *bytes. */
static int
put_envelope(struct unwrap *u, struct span *bytes)
{
	size_t      had = u->text.n, from = had > 0 ? had - 1 : 0;
	size_t      n = ENVELOPE_MAX_BYTES - had;
	const char *end;

	if (n > bytes->n)
		n = bytes->n;
	buf_span(&u->text, (struct span){ bytes->p, n });
	end = memmem(u->text.p + from, u->text.n - from, "\n\n", 2);
	if (end != NULL) {
		buf_cut(&u->text, (size_t)(end - u->text.p) + 2);
		take(bytes, u->text.n - had);
		return parse(u);
	}
	if (n < bytes->n)
		return bad(u, "the envelope is too long");
	take(bytes, n);
	return 0;
}

/* ---- the message ---- */

/*
 * The form the spool keeps is what lines_put leaves as it is: so the check
 * cannot differ from what the first door does, and it notes on the way what
 * the journal must say.  A CR that came last is put off, there as here.
 */
static bool
is_kept_form(struct lines *l, struct span s)
{
	char out[CHECK_BYTES + LINES_ROOM];

	while (s.n > 0) {
		struct span piece = take(&s, s.n < CHECK_BYTES ? s.n : CHECK_BYTES), rest = piece;
		size_t      before = l->cr, n = lines_put(l, &rest, out, sizeof(out));

		if (rest.n > 0 || n != before + piece.n - l->cr || (before && out[0] != '\r') ||
		    memcmp(out + before, piece.p, n - before) != 0)
			return false;
	}
	return true;
}

static int
give(struct unwrap *u, struct span s, struct buf *message)
{
	if (!is_kept_form(&u->lines, s))
		return bad(u, "the message is not in the form of the spool");
	u->message += s.n;
	buf_span(message, s);
	return message->over ? bad(u, "too much at once") : 0;
}

/* The last UNWRAP_TAIL octets are kept back: they may be journal and head. */
static int
put_message(struct unwrap *u, struct span bytes, struct buf *message)
{
	size_t all = u->tail_n + bytes.n;
	size_t n = all > UNWRAP_TAIL ? all - UNWRAP_TAIL : 0;
	size_t old = n < u->tail_n ? n : u->tail_n;
	int    r;

	if ((r = give(u, (struct span){ u->tail, old }, message)) < 0 ||
	    (r = give(u, take(&bytes, n - old), message)) < 0)
		return r;
	memmove(u->tail, u->tail + old, u->tail_n - old);
	u->tail_n -= old;
	memcpy(u->tail + u->tail_n, bytes.p, bytes.n);
	u->tail_n += bytes.n;
	return 0;
}

int
unwrap_put(struct unwrap *u, struct span bytes, struct buf *message)
{
	int r = u->why != NULL ? -EBADMSG : 0;

	if (r == 0 && !u->addressed && bytes.n > 0)
		r = put_envelope(u, &bytes);
	if (r == 0 && bytes.n > 0)
		r = put_message(u, bytes, message);
	return r;
}

/* ---- the end ---- */

/* The journal must say what was seen: the time is the sender's, the rest ours. */
static bool
journal_is_true(const struct unwrap *u, struct span journal)
{
	char        want[STORED_MAX];
	struct span time = journal, whole;
	uint64_t    epoch;

	if (!span_cut(&time, ' ', &whole) || text_number(whole, INT64_MAX, &epoch) < 0)
		return false;
	whole = (struct span){ want, stored_put(want, (int64_t)epoch, &u->lines) };
	return span_eq(journal, whole);
}

int
unwrap_end(struct unwrap *u, struct buf *message)
{
	struct span rest = { u->tail, u->tail_n };
	const char *head;
	uint64_t    envelope, size;
	char        unended[LINES_ROOM];
	int         r;

	if (u->why != NULL)
		return -EBADMSG;
	if (!u->addressed || rest.n < HEAD_LEN)
		return bad(u, "cut off");
	rest.n -= HEAD_LEN;
	head = rest.p + rest.n;
	if (!span_starts((struct span){ head, HEAD_LEN }, SPAN(HEAD_MAGIC)))
		return bad(u, "cut off");
	if (!head_lengths(head, &envelope, &size) || envelope != u->envelope_n ||
	    size < u->message || size - u->message > rest.n)
		return bad(u, "the head has other lengths than what came");
	if ((r = give(u, take(&rest, (size_t)(size - u->message)), message)) < 0)
		return r;
	if (lines_end(&u->lines, unended) != 0)
		return bad(u, "the message does not end in a line end");
	if (!journal_is_true(u, rest))
		return bad(u, "the journal does not say what the message is");
	return 0;
}
