/*
 * mime.c - the passes behind the first: count, and write as often as it is
 * asked for.  Both are the same walk with the plan in hand, so they cannot
 * come to different ends.
 */
#include "mail/mime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mime_survey.h"

struct mime {
	struct span         given;      /* the header block as it came */
	struct mime_source  src;
	struct mime_survey *survey;     /* the first pass; NULL: it is over */
	struct mime_plan    plan;
	struct buf          head;       /* as it goes */
	uint64_t            size;

	/* The writing of the body: from pos on, what is in out comes next. */
	struct mime_walk   *walk;       /* NULL: not begun, or over */
	struct mime_coder   coder;
	struct buf          out;
	size_t              out_at;
	uint64_t            pos;
};

/* ---- writing ---- */

static void
begin_gap(struct mime *m)
{
	mime_code_begin(&m->coder, m->plan.form.sevenbit ? MIME_CODE_MASK : MIME_CODE_COPY);
}

static void
write_header(struct mime *m, const struct mime_event *ev)
{
	struct mime_head_change c = mime_plan_head(&m->plan, ev->entity, ev->index);

	if (ev->index > 0)
		mime_head_put(&m->out, ev->bytes, &c);
	if (ev->entity->kind == MIME_MULTIPART)
		begin_gap(m);
	else
		mime_code_begin(&m->coder, mime_plan_coding(&m->plan, ev->index));
}

static void
write_event(struct mime *m, const struct mime_event *ev)
{
	switch (ev->what) {
	case MIME_HEADER:
		write_header(m, ev);
		break;
	case MIME_TEXT:
		mime_code_text(&m->coder, ev->bytes, &m->out);
		break;
	case MIME_EOL:
		mime_code_eol(&m->coder, ev->bytes, &m->out);
		break;
	case MIME_END:
		mime_code_end(&m->coder, ev->last, &m->out);
		begin_gap(m);
		break;
	case MIME_DELIMITER:
		buf_span(&m->out, ev->bytes);
		begin_gap(m);
		break;
	}
}

static void
stop(struct mime *m)
{
	mime_walk_free(m->walk);
	m->walk = NULL;
	buf_done(&m->out);
	buf_init(&m->out, MIME_HEAD_MAX);
	m->out_at = 0;
}

static void
start(struct mime *m)
{
	stop(m);
	m->pos = 0;
	m->walk = mime_walk_new(m->given, &m->src, m->plan.frozen);
}

/*
 * An event further: what becomes of it is in out, perhaps nothing.  What it
 * cost: its octets, and one for itself, for empty lines are work too; 0: the
 * body is over.
 */
static ssize_t
write_next(struct mime *m)
{
	struct mime_event ev;
	int               r;

	buf_clear(&m->out);
	m->out_at = 0;
	if ((r = mime_walk_next(m->walk, &ev)) <= 0)
		return r;
	write_event(m, &ev);
	return m->out.over ? -EMSGSIZE : (ssize_t)ev.bytes.n + 1;
}

/* Until there is something in out, or the body is over. */
static int
refill(struct mime *m)
{
	ssize_t r;

	do
		r = write_next(m);
	while (r > 0 && m->out.n == 0);
	return r < 0 ? (int)r : 0;
}

/* 0: all is counted; -EAGAIN: not yet. */
static int
count(struct mime *m, size_t octets)
{
	ssize_t r;

	for (size_t done = 0; done < octets; done += (size_t)r) {
		if ((r = write_next(m)) <= 0) {
			stop(m);
			return (int)r;
		}
		m->size += m->out.n;
	}
	return -EAGAIN;
}

/* ---- from outside ---- */

static int
write_head(struct mime *m)
{
	struct mime_entity      e;
	struct mime_head_change c;

	mime_entity_read(m->given, true, false, &e);
	c = mime_plan_head(&m->plan, &e, 0);
	mime_head_put(&m->head, m->given, &c);
	return m->head.over ? -EMSGSIZE : 0;
}

/* The plan is made: is there anything to do, and may it be done? */
static int
decide(struct mime *m, const char **ret_why)
{
	int r;

	mime_survey_free(m->survey);
	m->survey = NULL;
	if (m->plan.stuck != NULL) {
		*ret_why = m->plan.stuck;
		return -EILSEQ;
	}
	if (!m->plan.head && !m->plan.body)
		return 0;
	if ((r = write_head(m)) < 0)
		return r;
	if (!m->plan.body) {
		m->size = m->src.n;
		return 1;
	}
	start(m);
	return -EAGAIN;
}

int
mime_prepare(struct mime *m, size_t octets, const char **ret_why)
{
	int r;

	if (m->survey != NULL) {
		r = mime_survey_pass(m->survey, octets);
		return r == 0 ? decide(m, ret_why) : r;
	}
	r = count(m, octets);
	return r == 0 ? 1 : r;
}

struct mime *
mime_open(struct span head, const struct mime_source *src, const struct mime_form *form)
{
	static const struct mime_source nothing;
	struct mime                    *m = xcalloc(1, sizeof(*m));
	bool                            walk = form->sevenbit || form->short_lines;

	m->given = head;
	m->src = *src;
	buf_init(&m->head, MIME_HEAD_MAX);
	buf_init(&m->out, MIME_HEAD_MAX);
	mime_plan_init(&m->plan, form);
	m->survey = mime_survey_new(head, walk ? src : &nothing, &m->plan);
	return m;
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
	mime_survey_free(m->survey);
	mime_walk_free(m->walk);
	mime_plan_done(&m->plan);
	buf_done(&m->head);
	buf_done(&m->out);
	free(m);
}

struct span
mime_head(const struct mime *m)
{
	return buf_view(&m->head);
}

uint64_t
mime_size(const struct mime *m)
{
	return m->size;
}

/* The next octets, at most n; to p, or nowhere when that is NULL.  0: the body is over. */
static ssize_t
take(struct mime *m, char *p, size_t n)
{
	int r;

	if (m->out_at == m->out.n && (r = refill(m)) < 0)
		return r;
	if (n > m->out.n - m->out_at)
		n = m->out.n - m->out_at;
	if (p != NULL && n > 0)
		memcpy(p, m->out.p + m->out_at, n);
	m->out_at += n;
	m->pos += n;
	return (ssize_t)n;
}

static int
seek(struct mime *m, uint64_t at)
{
	ssize_t r = 1;

	if (m->walk == NULL || at < m->pos)
		start(m);
	while (m->pos < at && r > 0)
		r = take(m, NULL, at - m->pos < SIZE_MAX ? (size_t)(at - m->pos) : SIZE_MAX);
	return r < 0 ? (int)r : m->pos < at ? -EIO : 0;
}

ssize_t
mime_read(struct mime *m, uint64_t at, void *p, size_t n)
{
	size_t  got = 0;
	ssize_t r = 1;
	int     e;

	if (at >= m->size || n == 0)
		return 0;
	if (n > m->size - at)
		n = (size_t)(m->size - at);
	if (!m->plan.body)
		return m->src.read(m->src.arg, m->src.at + at, p, n);
	if ((e = seek(m, at)) < 0)
		return e;
	while (got < n && r > 0 && (r = take(m, (char *)p + got, n - got)) > 0)
		got += (size_t)r;
	if (r < 0)
		return r;

	/* Fewer octets than were counted, or more: somebody changed the file under us. */
	if (got < n || (m->pos == m->size && take(m, NULL, 1) != 0))
		return -EIO;
	if (m->pos == m->size)
		stop(m);
	return (ssize_t)got;
}
