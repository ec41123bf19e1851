/* findings.c - see findings.h. */
#include "postern/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

#include "postern/document.h"

#define TEXT_MAX 65536

void
findings_init(struct findings *f, bool json)
{
	*f = (struct findings){ .json = json, .list = json ? json_array() : NULL };
}

void
findings_done(struct findings *f)
{
	json_decref(f->list);
}

static void
keep(struct findings *f, const char *level, const char *about, const struct buf *text)
{
	json_t *o = json_object();

	document_set(o, "level", document_text(level));
	document_set(o, "about", document_text(about));
	document_set(o, "text", document_span(buf_view(text)));
	json_array_append_new(f->list, o);
}

void
findings_wrong(struct findings *f, int rc, const char *about, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, TEXT_MAX);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	fflush(stdout);
	if (f->json)
		keep(f, "wrong", about, &text);
	else
		fprintf(stderr, "postern: %s\n", buf_cstr(&text));
	f->wrong++;
	if (f->rc == 0 || rc == EX_CONFIG || rc == EX_NOINPUT)
		f->rc = rc == EX_NOINPUT ? EX_CONFIG : rc;
	buf_done(&text);
}

void
findings_well(struct findings *f, const char *about, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, TEXT_MAX);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (f->json)
		keep(f, "well", about, &text);
	else
		printf("%s%s%s\n", about, text.n > 0 ? ": " : "", buf_cstr(&text));
	buf_done(&text);
}
