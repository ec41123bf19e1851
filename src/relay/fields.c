#include "relay/fields.h"

#include <errno.h>
#include <string.h>

#include "smtp/crlf.h"

#define FOLD_AT    78           /* RFC 5322 §2.1.1 */
#define LINE_LIMIT 998          /* the same */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span
behind(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
}

/* Octets of the line end at the start of s. */
static size_t
line_end(struct span s)
{
	if (s.n >= 2 && s.p[0] == '\r' && s.p[1] == '\n')
		return 2;
	return s.n >= 1 && s.p[0] == '\n' ? 1 : 0;
}

int
fields_find(struct span text, bool whole, struct fields_layout *ret)
{
	struct fields_layout at = { 0 };
	struct span          rest;
	struct field         f;

	at.first = header_mbox_line(text);
	rest = behind(text, at.first);
	while (header_next(&rest, &f))
		;
	/*
	 * A text cut short may end inside a field, or in a line too short to
	 * tell; no line of a header is longer than the limit.
	 */
	if (!whole && (rest.n == 0 || (rest.n <= LINE_LIMIT && memchr(rest.p, '\n', rest.n) == NULL)))
		return -EMSGSIZE;
	at.end = text.n - rest.n;
	at.body = at.end + line_end(rest);
	*ret = at;
	return 0;
}

bool
fields_are_sealed(struct span fields)
{
	struct field f;

	while (header_next(&fields, &f))
		if (header_is(&f, "DKIM-Signature") || header_is(&f, "ARC-Seal"))
			return true;
	return false;
}

/*
 * What the shim stored has CRLF line ends and no other CR; but the spool is
 * hostile input to the daemon, and a stray CR or LF here could begin a line
 * that the next server reads as another one's.
 */
static void
copy_lines(struct buf *out, struct span s)
{
	for (size_t from = 0, i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '\r' && s.p[i] != '\n')
			continue;
		buf_add(out, s.p + from, i - from);
		if (i == s.n)
			return;
		if (s.p[i] == '\n')
			buf_str(out, CRLF);
		else if (i + 1 == s.n || s.p[i + 1] != '\n')
			buf_char(out, ' ');
		from = i + 1;
	}
}

/*
 * Blanks before the colon are read and never written (RFC 5322 §4.5.8): many
 * a reader takes such a line for the end of the header.
 */
static void
put_name(struct buf *out, const struct field *f)
{
	buf_span(out, f->name);
	buf_char(out, ':');
}

void
fields_copy(struct buf *out, const struct field *f)
{
	put_name(out, f);
	copy_lines(out, behind(f->whole, (size_t)(f->body.p - f->whole.p)));
	if (f->whole.n == 0 || f->whole.p[f->whole.n - 1] != '\n')
		buf_str(out, CRLF);
}

/* ---- rewrite ---- */

struct rewriter {
	struct buf    text;
	struct addr *(*change)(void *arg, const struct addr *a);
	void         *arg;
	const char   *from;             /* up to here the field is in text */
	bool          changed;
};

static int
rewrite_one(void *arg, const struct mailbox *m)
{
	struct rewriter *r = arg;
	struct addr     *next = m->addr != NULL ? r->change(r->arg, m->addr) : NULL;

	if (next != NULL && strcmp(next->text, m->addr->text) != 0) {
		buf_add(&r->text, r->from, (size_t)(m->spec.p - r->from));
		buf_add(&r->text, next->text, next->n);
		r->from = m->spec.p + m->spec.n;
		r->changed = true;
	}
	addr_free(next);
	return 0;
}

void
fields_rewrite(struct buf *out, const struct field *f,
    struct addr *(*change)(void *arg, const struct addr *a), void *arg)
{
	struct rewriter r = { .change = change, .arg = arg, .from = f->body.p };
	const char     *end = f->body.p + f->body.n;

	buf_init(&r.text, out->max);
	put_name(&r.text, f);
	header_mailboxes(f->body, rewrite_one, &r);
	if (r.changed) {
		buf_add(&r.text, r.from, (size_t)(end - r.from));
		if (r.text.over)
			out->over = true;
		fields_fold(out, buf_view(&r.text));
	} else
		fields_copy(out, f);
	buf_done(&r.text);
}

/* ---- fold ---- */

/* Reads a structured field to know where a fold may go in. */
struct folder {
	struct span s;
	size_t      from;       /* first octet of the line being filled */
	size_t      comma;      /* the last place behind a comma; <= from: none on this line */
	size_t      blank;      /* the last place before a blank */
	size_t      depth;      /* of comments */
	bool        quoted;
	bool        begun;      /* something of the body was seen: no fold right behind the name */
};

/* Is there anything but blanks from i on?  A line of blanks alone must not come about. */
static bool
has_more(struct span s, size_t i)
{
	while (i < s.n && is_blank(s.p[i]))
		i++;
	return i < s.n;
}

static void
note_place(struct folder *f, size_t i)
{
	char c = f->s.p[i];

	if (is_blank(c) && f->begun && i > 0 && !is_blank(f->s.p[i - 1]) && has_more(f->s, i)) {
		f->blank = i;
		if (f->s.p[i - 1] == ',' && !f->quoted && f->depth == 0)
			f->comma = i;
	} else if (c == '"' && f->depth == 0)
		f->quoted = !f->quoted;
	else if (c == '(' && !f->quoted)
		f->depth++;
	else if (c == ')' && f->depth > 0)
		f->depth--;
	else if (c == ',' && !f->quoted && f->depth == 0 && has_more(f->s, i + 1) &&
	    !is_blank(f->s.p[i + 1]))
		f->comma = i + 1;
}

static void
break_line(struct folder *f, struct buf *out)
{
	size_t at = f->comma > f->from ? f->comma : f->blank;

	if (at <= f->from)
		return;                         /* nowhere to fold yet: the next place will do */
	buf_add(out, f->s.p + f->from, at - f->from);
	buf_str(out, CRLF);
	if (!is_blank(f->s.p[at]))
		buf_char(out, ' ');
	f->from = at;
}

static void
unfold(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n')
			buf_char(out, s.p[i]);
}

void
fields_fold(struct buf *out, struct span text)
{
	struct buf    one_line;
	struct folder f = { .from = 0 };
	const char   *colon;
	size_t        i;

	buf_init(&one_line, text.n + 1);
	unfold(&one_line, text);
	f.s = buf_view(&one_line);
	colon = f.s.n > 0 ? memchr(f.s.p, ':', f.s.n) : NULL;
	i = colon != NULL ? (size_t)(colon - f.s.p) + 1 : 0;
	for (; i < f.s.n; i++) {
		bool blank = is_blank(f.s.p[i]);

		/* The place before a blank may serve the line it ends; one behind a comma may not. */
		if (blank)
			note_place(&f, i);
		if (i + 1 - f.from + (f.from > 0 && !is_blank(f.s.p[f.from])) > FOLD_AT)
			break_line(&f, out);
		f.begun = f.begun || !blank;

		/* A blank of a quoted pair is no place: the fold would come between it and its '\'. */
		if (f.s.p[i] == '\\' && (f.quoted || f.depth > 0) && i + 1 < f.s.n)
			i++;
		else if (!blank)
			note_place(&f, i);
	}
	buf_add(out, f.s.p + f.from, f.s.n - f.from);
	buf_str(out, CRLF);
	buf_done(&one_line);
}
