/* idlist.c - see idlist.h. */
#include "postern/idlist.h"

#include <string.h>

#include "postern/client.h"
#include "postern/told.h"

#define LINES_MAX ((size_t)17 * 100000000)      /* more messages than any spool has */
#define WHY_MAX   (64u << 20)

void
idlist_init(struct idlist *l)
{
	l->n = 0;
	buf_init(&l->lines, LINES_MAX);
}

void
idlist_done(struct idlist *l)
{
	buf_done(&l->lines);
	l->n = 0;
}

void
idlist_add(struct idlist *l, const char *id)
{
	buf_str(&l->lines, id);
	buf_char(&l->lines, '\n');
	l->n++;
}

void
idlist_result_init(struct idlist_result *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->why, WHY_MAX);
}

void
idlist_result_done(struct idlist_result *r)
{
	buf_done(&r->why);
}

static void
each(void *arg, struct span line)
{
	struct idlist_result *r = arg;
	struct span fields = line, kind = told_kind(&fields);
	struct buf b;

	if (span_eq(kind, SPAN("result"))) {
		r->done += told_number(fields, "done");
		r->gone += told_number(fields, "gone");
		r->denied += told_number(fields, "denied");
		r->refused += told_number(fields, "refused");
	} else if (span_eq(kind, SPAN("refused"))) {
		buf_init(&b, TOLD_TEXT_MAX);
		told_text(fields, "id", &b);
		buf_printf(&r->why, "%s: ", buf_cstr(&b));
		told_text(fields, "text", &b);
		buf_printf(&r->why, "%s\n", buf_cstr(&b));
		buf_done(&b);
	}
}

/* As many whole lines as a batch has; taken off *rest. */
static struct span
batch(struct span *rest)
{
	struct span b = { rest->p, 0 };

	for (size_t n = 0; n < IDLIST_BATCH && b.n < rest->n; n++)
		b.n = (size_t)((const char *)memchr(rest->p + b.n, '\n', rest->n - b.n) - rest->p) + 1;
	*rest = (struct span){ rest->p + b.n, rest->n - b.n };
	return b;
}

int
idlist_send(const struct idlist *l, const char *command, struct idlist_result *ret, struct buf *why)
{
	struct span rest = buf_view(&l->lines);
	int rc = 0;

	while (rest.n > 0 && rc == 0) {
		struct span list = batch(&rest);

		rc = client_daemon(command, &list, each, ret, why);
	}
	return rc;
}
