/* view.c - see view.h. */
#include "spool/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/record.h"
#include "base/text.h"

#define PIECE 16384                     /* octets read and encoded at once */

/* What is written when: each is a step of its own, in this order. */
enum step { STEP_OPTIONS, STEP_JOURNAL, STEP_TEXT, STEP_END };

struct view {
	struct message *m;
	enum step       step;
	uint64_t        at;             /* in the journal, in the text */
	uint64_t        end;            /* of the text: of the header alone, or of all */
	const char     *record;         /* of a line of text */
	struct buf      line;           /* of the journal, as far as it was read */
};

/* ---- the envelope ---- */

static void
put_option(struct buf *b, const char *key, const char *value)
{
	if (value == NULL)
		return;
	buf_str(b, "option");
	record_text(b, "key", key);
	record_text(b, "value", value);
	buf_char(b, '\n');
}

static void
put_options(struct buf *b, const struct envelope *e)
{
	put_option(b, "host", e->host);
	put_option(b, "full-name", e->full_name);
	put_option(b, "ret", e->ret == RET_FULL ? "full" : e->ret == RET_HDRS ? "hdrs" : NULL);
	put_option(b, "envid", e->envid);
	put_option(b, "body", e->body == BODY_7BIT ? "7bit" : e->body == BODY_8BITMIME ? "8bitmime" : NULL);
	put_option(b, "smtputf8", e->smtputf8 ? "yes" : NULL);
	put_option(b, "via-address", e->via.address);
	put_option(b, "via-helo", e->via.helo);
	put_option(b, "via-with", e->via.with);
	put_option(b, "via-user", e->via.user);
}

/* ---- the journal ---- */

/* "EPOCH event the rest": what is not of this form is all text. */
static void
put_journal(struct buf *b, struct span line)
{
	struct span rest = line, time, event;
	uint64_t n;

	buf_str(b, "journal");
	if (span_cut(&rest, ' ', &time) && text_number(time, INT64_MAX, &n) == 0 && span_cut(&rest, ' ', &event)) {
		buf_printf(b, " time=%llu", (unsigned long long)n);
		record_span(b, "event", event);
		line = rest;
	}
	record_span(b, "text", line);
	buf_char(b, '\n');
}

/* A line without an end is a crash's, and no event; one longer than any of ours is somebody's damage. */
static void
journal_step(struct view *v, struct buf *out)
{
	char *room = buf_room(&v->line, PIECE);
	ssize_t n = room != NULL ? message_journal(v->m, v->at, room, PIECE) : 0;
	struct span rest, line;
	size_t used = 0;

	if (room == NULL)
		buf_clear(&v->line);
	if (n <= 0 && room != NULL) {
		v->step = STEP_TEXT;
		v->at = 0;
		return;
	}
	buf_took(&v->line, (size_t)n);
	v->at += (uint64_t)n;
	rest = buf_view(&v->line);
	while (used < rest.n && memchr(rest.p + used, '\n', rest.n - used) != NULL) {
		struct span from = { rest.p + used, rest.n - used };

		span_cut(&from, '\n', &line);
		used += line.n + 1;
		put_journal(out, line);
	}
	buf_drop(&v->line, used);
}

/* ---- the text ---- */

/*
 * Text in lines, each without its CRLF; a line longer than a record goes on
 * in the next.  How much of it was used: a line without an end waits for more.
 */
static size_t
put_lines(struct buf *out, const char *record, struct span text, bool last)
{
	size_t used = 0;

	while (used < text.n) {
		struct span rest = { text.p + used, text.n - used }, line = rest;
		const char *lf = memchr(rest.p, '\n', rest.n);

		if (lf == NULL && !last && rest.n < PIECE)
			break;
		line.n = lf != NULL ? (size_t)(lf - rest.p) : rest.n;
		if (lf == NULL && !last && line.n > 1 && line.p[line.n - 1] == '\r')
			line.n--;               /* perhaps half of a line's end: it comes again */
		used += line.n + (lf != NULL);
		if (lf != NULL && line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		buf_str(out, record);
		record_span(out, "text", line);
		buf_str(out, lf == NULL && !(last && used == text.n) ? " more=1\n" : "\n");
	}
	return used;
}

static void
text_step(struct view *v, struct buf *out)
{
	uint64_t left = v->end - v->at;
	char piece[PIECE];
	ssize_t n = message_read(v->m, v->at, piece, left < PIECE ? (size_t)left : PIECE);

	if (n > 0)
		v->at += put_lines(out, v->record, (struct span){ piece, (size_t)n }, (uint64_t)n == left);
	if (n <= 0 || v->at == v->end)
		v->step = STEP_END;
}

/* ---- the view ---- */

static struct view *
begin(struct message *m, enum step step, const char *record)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->m = m;
	v->step = step;
	v->record = record;
	buf_init(&v->line, (size_t)4 * PIECE);
	return v;
}

struct view *
view_story(struct message *m, size_t header_max)
{
	struct view *v = begin(m, STEP_OPTIONS, "header");
	struct span block;
	int err = message_header(m, header_max, &block);

	v->end = err == 0 ? block.n : m->size < header_max ? m->size : header_max;
	return v;
}

struct view *
view_text(struct message *m)
{
	struct view *v = begin(m, STEP_TEXT, "content");

	v->end = m->size;
	return v;
}

bool
view_turn(struct view *v, struct buf *out)
{
	switch (v->step) {
	case STEP_OPTIONS:
		put_options(out, &v->m->env);
		v->step = STEP_JOURNAL;
		break;
	case STEP_JOURNAL:
		journal_step(v, out);
		break;
	case STEP_TEXT:
		text_step(v, out);
		break;
	case STEP_END:
		break;
	}
	return v->step != STEP_END;
}

void
view_free(struct view *v)
{
	if (v == NULL)
		return;
	buf_done(&v->line);
	free(v);
}
