#include "relay/submitted.h"

#include <errno.h>

#include "relay/fields.h"
#include "smtp/limits.h"

static const struct span mbox = { "From ", 5 };

static bool
begins_as_mbox(const struct message *m)
{
	char    p[5];
	ssize_t n = message_read(m, 0, p, sizeof(p));

	return n == (ssize_t)sizeof(p) && span_eq((struct span){ p, sizeof(p) }, mbox);
}

/*
 * The message's first bytes, its header in them.  The store lends them, but
 * for two cases in which it sees no header: behind an mbox line there may be
 * one after all, and a first line of megabytes is text and no less welcome.
 */
static int
read_start(struct message *m, struct buf *own, struct span *ret, bool *ret_whole)
{
	size_t  want = m->size < LIMIT_HEADER_BLOCK ? (size_t)m->size : LIMIT_HEADER_BLOCK;
	ssize_t n;
	int     e = message_header(m, LIMIT_HEADER_BLOCK, ret);

	*ret_whole = true;
	if ((e == 0 && (ret->n > 0 || !begins_as_mbox(m))) || (e < 0 && e != -EMSGSIZE))
		return e;
	if ((n = message_read(m, 0, buf_room(own, want), want)) < 0)
		return (int)n;
	buf_took(own, (size_t)n);
	*ret = buf_view(own);
	*ret_whole = ret->n == m->size;
	return 0;
}

int
submitted_read(struct message *m, struct submitted *ret)
{
	struct fields_layout at;
	struct span          text;
	bool                 whole;
	int                  e;

	buf_init(&ret->own, LIMIT_HEADER_BLOCK);
	ret->fields = (struct span){ "", 0 };
	ret->body = 0;
	if ((e = read_start(m, &ret->own, &text, &whole)) < 0)
		return e;
	if ((e = fields_find(text, whole, &at)) < 0)
		return e;
	ret->fields = (struct span){ text.p + at.first, at.end - at.first };
	ret->body = at.body;
	return 0;
}

void
submitted_done(struct submitted *s)
{
	buf_done(&s->own);
}
