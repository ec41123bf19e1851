#include "net/records.h"

#include <stdlib.h>

#include "net/dial.h"
#include "net/helper.h"

#define ANSWER_MAX 8192

struct records {
	struct helper *helper;
	struct tlsa    record[TLSA_MAX];
	void         (*done)(void *arg, const struct records_found *f);
	void          *arg;
};

/* The first line, and the records behind it. */
static void
read_answer(struct records *r, struct span out, struct buf *why, struct records_found *f)
{
	struct span line = { 0 }, word;

	span_cut(&out, '\n', &line);
	span_cut(&line, ' ', &word);
	if (span_eq(word, SPAN("none"))) {
		f->kind = RECORDS_NONE;
		buf_span(why, line);
		return;
	}
	if (!span_eq(word, SPAN("secure")))
		return;
	while (f->n < TLSA_MAX && span_cut(&out, '\n', &line) && tlsa_parse(span_trim(line), &r->record[f->n]))
		f->n++;
	f->kind = f->n > 0 ? RECORDS_SECURE : RECORDS_UNKNOWN;
}

static void
on_answer(void *arg, const struct helper_answer *a)
{
	struct records *r = arg;
	struct records_found f = { .kind = RECORDS_UNKNOWN, .records = r->record };
	struct buf why;

	buf_init(&why, 1024);
	r->helper = NULL;
	if (a->ok)
		read_answer(r, a->out, &why, &f);
	else
		buf_str(&why, a->why);
	f.why = buf_cstr(&why);
	r->done(r->arg, &f);
	buf_done(&why);
	free(r);
}

struct records *
records_ask(struct event_base *base, const char *host, unsigned port, int limit_ms,
    void (*done)(void *arg, const struct records_found *f), void *arg)
{
	struct records *r = xcalloc(1, sizeof(*r));
	const char *path = dial_resolver();
	struct buf number;

	r->done = done;
	r->arg = arg;
	buf_init(&number, 16);
	buf_printf(&number, "%u", port);
	r->helper = helper_call(base, &(struct helper_call){
		.argv = (const char *const[]){ path != NULL ? path : "postern-resolve", "--tlsa", host,
		    buf_cstr(&number), NULL },
		.pass = (const char *const[]){ "POSTERN_RESOLV_CONF", NULL },
		.limit_ms = limit_ms, .max_bytes = ANSWER_MAX }, on_answer, r);
	buf_done(&number);
	return r;
}

void
records_cancel(struct records *r)
{
	if (r == NULL || r->helper == NULL)
		return;
	helper_cancel(r->helper);
	free(r);
}
