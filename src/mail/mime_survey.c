/* mime_survey.c - the first pass: what each part needs; see mime_survey.h. */
#include "mail/mime_survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A part's octet in the plan: its coding, and of what octets its text is. */
#define CODING(octet)  ((enum mime_coding)((unsigned char)(octet) & 15))
#define CHARSET(octet) ((unsigned char)(octet) >> 4)

static const char *const charsets[] = { "us-ascii", "utf-8", "unknown-8bit" };

/* The text of the leaf being read. */
struct leaf {
	uint64_t octets, escapes;
	size_t   column, longest;
	bool     high;
	bool     broken;        /* not UTF-8 */
	char     tail[4];       /* the start of a character */
	size_t   tail_n;
};

/* Text between parts. */
struct gap {
	bool high;
	bool dashes;            /* a line of it begins as a delimiter would */
	bool line_begins;
	bool preamble;
};

struct mime_survey {
	struct span        head;
	struct mime_source src;
	struct mime_walk  *walk;
	struct mime_plan  *plan;
	struct leaf        leaf;
	struct gap         gap;
	struct buf         scratch;
};

/* ---- leaves ---- */

/* A line came in pieces: is the character begun in the last one finished in this? */
static void
finish_tail(struct leaf *l, struct span *s)
{
	while (l->tail_n > 0 && s->n > 0) {
		l->tail[l->tail_n++] = *s->p++;
		s->n--;
		if (text_utf8_char((struct span){ l->tail, l->tail_n }) > 0)
			l->tail_n = 0;
		else if (l->tail_n == sizeof(l->tail)) {
			l->broken = true;
			return;
		}
	}
}

static void
check_utf8(struct leaf *l, struct span s)
{
	size_t n;

	finish_tail(l, &s);
	while (s.n > 0 && !l->broken) {
		if ((n = text_utf8_char(s)) > 0) {
			s.p += n;
			s.n -= n;
		} else if (s.n < sizeof(l->tail)) {
			memcpy(l->tail, s.p, s.n);
			l->tail_n = s.n;
			return;
		} else
			l->broken = true;
	}
}

static void
leaf_text(struct leaf *l, struct span s)
{
	l->octets += s.n;
	l->column += s.n;
	if (l->column > l->longest)
		l->longest = l->column;
	l->escapes += mime_code_escapes(s);
	if (l->tail_n == 0 && text_is_ascii(s))
		return;
	l->high = true;
	if (!l->broken)
		check_utf8(l, s);
}

static void
leaf_eol(struct leaf *l, struct span eol)
{
	l->octets += eol.n;
	l->column = 0;
	l->broken |= l->tail_n > 0;
}

/*
 * Quoted-printable while three octets of four can be read in it.  It is the
 * shorter one up to one of six; a little more is a price for mail that people
 * and filters can look at as it is.
 */
static enum mime_coding
choose(const struct leaf *l, enum mime_encoding encoding)
{
	if (encoding == MIME_QP)
		return MIME_CODE_MEND_QP;
	if (encoding == MIME_BASE64)
		return MIME_CODE_MEND_BASE64;
	return l->escapes <= l->octets / 4 ? MIME_CODE_QP : MIME_CODE_BASE64;
}

static void
stick(struct mime_plan *p, const char *why)
{
	if (p->form.sevenbit && p->stuck == NULL)
		p->stuck = why;
}

static void
leaf_end(struct mime_survey *s, const struct mime_event *ev)
{
	struct leaf     *l = &s->leaf;
	struct mime_plan *p = s->plan;
	unsigned         charset;

	l->broken |= l->tail_n > 0;
	charset = !l->high ? 0 : l->broken ? 2 : 1;
	if (ev->entity->kind == MIME_FROZEN) {
		if (l->high)
			stick(p, ev->entity->why);
		return;
	}
	if (!(p->form.sevenbit && l->high) && l->longest <= MIME_LINE_MAX)
		return;
	p->body = true;
	p->parts.p[ev->index] = (char)(choose(l, ev->entity->encoding) | charset << 4);
}

/* ---- between the parts ---- */

static void
gap_begin(struct mime_survey *s, bool preamble)
{
	s->gap = (struct gap){ .line_begins = true, .preamble = preamble };
}

static void
gap_text(struct mime_survey *s, struct span text)
{
	s->gap.high |= !text_is_ascii(text);
	s->gap.dashes |= s->gap.line_begins && text.n > 1 && text.p[0] == '-' && text.p[1] == '-';
	s->gap.line_begins = false;
}

/*
 * Readers show nothing of what stands before the first part and behind the
 * last one, so there 8-bit letters may be lost.  Unless it is no such text:
 * a multipart without any part, or one that goes on behind its end, is shown
 * by some.
 */
static void
gap_end(struct mime_survey *s, bool partless)
{
	if (!s->gap.high)
		return;
	if (partless || s->gap.dashes)
		stick(s->plan, "a multipart of it does not begin or end where its boundary says");
	s->plan->body |= s->plan->form.sevenbit;
}

/* ---- headers ---- */

/* Only what the block itself is like; what a new encoding adds is ASCII and short. */
static int
try_head(struct mime_survey *s, const struct mime_event *ev)
{
	struct mime_plan       *p = s->plan;
	struct mime_head_change c = mime_plan_head(p, ev->entity, ev->index);

	buf_clear(&s->scratch);
	mime_head_put(&s->scratch, ev->bytes, &c);
	if (s->scratch.over)
		return -EMSGSIZE;
	if (!span_eq(buf_view(&s->scratch), ev->bytes)) {
		p->head |= ev->index == 0;
		p->body |= ev->index > 0;
	}
	if (!text_is_ascii(buf_view(&s->scratch)))
		stick(p, ev->entity->header_too ? ev->entity->why :
		    "a header field has 8-bit letters where no encoding may stand");
	return 0;
}

/* 0; -E2BIG: more parts than the plan holds. */
static int
header(struct mime_survey *s, const struct mime_event *ev)
{
	buf_char(&s->plan->parts, MIME_CODE_COPY);
	if (s->plan->parts.over)
		return -E2BIG;
	s->leaf = (struct leaf){ 0 };
	if (ev->entity->kind == MIME_MULTIPART)
		gap_begin(s, true);
	return try_head(s, ev);
}

/* ---- the pass ---- */

static int
take(struct mime_survey *s, const struct mime_event *ev)
{
	switch (ev->what) {
	case MIME_HEADER:
		return header(s, ev);
	case MIME_TEXT:
		if (ev->entity != NULL)
			leaf_text(&s->leaf, ev->bytes);
		else
			gap_text(s, ev->bytes);
		break;
	case MIME_EOL:
		if (ev->entity != NULL)
			leaf_eol(&s->leaf, ev->bytes);
		else
			s->gap.line_begins = true;
		break;
	case MIME_END:
		leaf_end(s, ev);
		gap_begin(s, false);
		break;
	case MIME_DELIMITER:
		gap_end(s, ev->partless);
		gap_begin(s, false);
		break;
	}
	return 0;
}

void
mime_plan_init(struct mime_plan *p, const struct mime_form *form)
{
	*p = (struct mime_plan){ .form = *form };
	buf_init(&p->parts, MIME_PARTS_MAX);
}

void
mime_plan_done(struct mime_plan *p)
{
	buf_done(&p->parts);
}

struct mime_survey *
mime_survey_new(struct span head, const struct mime_source *src, struct mime_plan *plan)
{
	struct mime_survey *s = xcalloc(1, sizeof(*s));

	s->head = head;
	s->src = *src;
	s->plan = plan;
	buf_init(&s->scratch, MIME_HEAD_MAX);
	if (mime_is_sealed(head))
		plan->frozen = "it is signed (DKIM or ARC)";
	s->walk = mime_walk_new(head, src, plan->frozen);
	return s;
}

void
mime_survey_free(struct mime_survey *s)
{
	if (s == NULL)
		return;
	mime_walk_free(s->walk);
	buf_done(&s->scratch);
	free(s);
}

/* Where nobody can say what ends where, all of it is one thing that may not be changed. */
static int
begin_again_frozen(struct mime_survey *s, const char *why)
{
	struct mime_plan *p = s->plan;

	buf_clear(&p->parts);
	p->head = p->body = false;
	p->stuck = NULL;
	p->frozen = why;
	s->gap = (struct gap){ 0 };
	mime_walk_free(s->walk);
	s->walk = mime_walk_new(s->head, &s->src, why);
	return -EAGAIN;
}

static int
pass(struct mime_survey *s, size_t octets)
{
	struct mime_event ev;
	int               r;

	/* One more for each event: empty lines are work, too. */
	for (size_t done = 0; done < octets; done += ev.bytes.n + 1) {
		if ((r = mime_walk_next(s->walk, &ev)) == 0)
			gap_end(s, s->gap.preamble);
		if (r <= 0 || (r = take(s, &ev)) < 0)
			return r;
	}
	return -EAGAIN;
}

int
mime_survey_pass(struct mime_survey *s, size_t octets)
{
	int r = pass(s, octets);

	if (r == -ELOOP)
		return begin_again_frozen(s, "its parts are nested too deeply, or by boundaries that are not clear");
	if (r == -E2BIG)
		return begin_again_frozen(s, "it has too many parts");
	return r;
}

/* ---- what the plan says ---- */

enum mime_coding
mime_plan_coding(const struct mime_plan *p, size_t index)
{
	return index < p->parts.n ? CODING(p->parts.p[index]) : MIME_CODE_COPY;
}

struct mime_head_change
mime_plan_head(const struct mime_plan *p, const struct mime_entity *e, size_t index)
{
	struct mime_head_change c = { .fold = true };
	enum mime_coding        coding = mime_plan_coding(p, index);

	if (e->header_too)
		return (struct mime_head_change){ 0 };
	c.fold = index == 0 || p->form.sevenbit || p->form.short_lines;
	c.ascii = p->form.sevenbit || (index == 0 && p->form.ascii_head);
	if (coding == MIME_CODE_QP)
		c.encoding = "quoted-printable";
	else if (coding == MIME_CODE_BASE64)
		c.encoding = "base64";
	else if (p->form.sevenbit && p->body && e->encoding == MIME_8BIT)
		c.encoding = "7bit";
	if ((coding == MIME_CODE_QP || coding == MIME_CODE_BASE64) && !e->has_type)
		c.charset = charsets[CHARSET(p->parts.p[index])];
	/* Without it the fields above would mean nothing (RFC 2045 §4). */
	c.version = e->is_message && !e->has_version && (c.encoding != NULL || (index == 0 && p->body));
	return c;
}
