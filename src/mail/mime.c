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
	struct span        given;       /* the header block as it came */
	struct mime_source src;
	struct mime_plan   plan;
	struct buf         head;        /* as it goes */
	uint64_t           size;

	/* The writing of the body: from pos on, what is in out comes next. */
	struct mime_walk  *walk;        /* NULL: not begun, or over */
	struct mime_coder  coder;
	struct buf         out;
	size_t             out_at;
	uint64_t           pos;
	bool               over;
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
	m->over = false;
	m->walk = mime_walk_new(m->given, &m->src, m->plan.frozen);
}

/* Until there is something in out, or the body is over. */
static int
refill(struct mime *m)
{
	struct mime_event ev;
	int               r;

	buf_clear(&m->out);
	m->out_at = 0;
	while (m->out.n == 0 && !m->over) {
		if ((r = mime_walk_next(m->walk, &ev)) < 0)
			return r;
		m->over = r == 0;
		if (r > 0)
			write_event(m, &ev);
		if (m->out.over)
			return -EMSGSIZE;
	}
	return 0;
}

static int
count(struct mime *m)
{
	int r;

	start(m);
	do {
		m->size += m->out.n;
		r = refill(m);
	} while (r == 0 && m->out.n > 0);
	stop(m);
	return r;
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

static int
open_plan(struct mime *m, const struct mime_form *form, const char **ret_why)
{
	static const struct mime_source nothing;
	bool                            walk = form->sevenbit || form->short_lines;
	int                             r;

	r = mime_survey(m->given, walk ? &m->src : &nothing, form, &m->plan);
	if (r < 0)
		return r;
	if (m->plan.stuck != NULL) {
		*ret_why = m->plan.stuck;
		return -EILSEQ;
	}
	if (!m->plan.head && !m->plan.body)
		return 0;
	if ((r = write_head(m)) == 0 && m->plan.body)
		r = count(m);
	else
		m->size = m->src.n;
	return r < 0 ? r : 1;
}

int
mime_open(struct span head, const struct mime_source *src, const struct mime_form *form,
    struct mime **ret, const char **ret_why)
{
	struct mime *m = xcalloc(1, sizeof(*m));
	int          r;

	m->given = head;
	m->src = *src;
	buf_init(&m->head, MIME_HEAD_MAX);
	buf_init(&m->out, MIME_HEAD_MAX);
	r = open_plan(m, form, ret_why);
	if (r == 1)
		*ret = m;
	else
		mime_free(m);
	return r;
}

void
mime_free(struct mime *m)
{
	if (m == NULL)
		return;
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
