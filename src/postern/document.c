/* document.c - see document.h. */
#include "postern/document.h"

#include <stdlib.h>
#include <sysexits.h>

#include "base/text.h"
#include "postern/told.h"

static json_t *
need(json_t *o)
{
	if (o == NULL)
		abort();        /* no memory, as in base/buf */
	return o;
}

json_t *
document_span(struct span s)
{
	struct buf b;
	json_t *o;

	buf_init(&b, s.n * 3 + 1);
	while (s.n > 0) {
		size_t n = text_utf8_char(s);

		if (n > 0)
			buf_add(&b, s.p, n);
		else
			buf_str(&b, "\xef\xbf\xbd");
		s.p += n > 0 ? n : 1;
		s.n -= n > 0 ? n : 1;
	}
	o = need(json_stringn(buf_cstr(&b), b.n));
	buf_done(&b);
	return o;
}

json_t *
document_text(const char *text)
{
	return text == NULL ? json_null() : document_span(span_of(text));
}

json_t *
document_number(struct span digits)
{
	uint64_t n;

	return text_number(digits, INT64_MAX, &n) == 0 ? need(json_integer((json_int_t)n)) : json_null();
}

json_t *
document_time(int64_t s)
{
	return s == 0 ? json_null() : need(json_integer(s));
}

void
document_set(json_t *o, const char *key, json_t *value)
{
	if (json_object_set_new(o, key, need(value)) != 0)
		abort();
}

void
document_told(json_t *o, const char *key, struct span fields, const char *field)
{
	struct buf b;

	buf_init(&b, TOLD_TEXT_MAX);
	document_set(o, key, told_text(fields, field, &b) && b.n > 0 ? document_span(buf_view(&b)) : json_null());
	buf_done(&b);
}

static json_t *
recipient(const struct queued_rcpt *r)
{
	json_t *o = need(json_object());

	document_set(o, "address", document_text(r->addr));
	document_set(o, "state", document_text(r->state));
	document_set(o, "time", document_time(r->time_s));
	document_set(o, "code", r->code > 0 ? json_integer(r->code) : json_null());
	document_set(o, "dsn", document_text(r->dsn));
	document_set(o, "relay", document_text(r->relay));
	document_set(o, "text", document_text(r->text));
	return o;
}

json_t *
document_queued(const struct queued *q)
{
	json_t *o = need(json_object()), *rcpts = need(json_array());

	document_set(o, "id", document_text(q->id));
	document_set(o, "state", document_text(q->state_word));
	document_set(o, "size", json_integer((json_int_t)q->size));
	document_set(o, "arrival", document_time(q->time_s));
	document_set(o, "sender", document_text(q->sender));
	document_set(o, "user", document_text(q->user));
	document_set(o, "uid", json_integer((json_int_t)q->uid));
	document_set(o, "attempts", json_integer(q->attempts));
	document_set(o, "last", document_time(q->last_s));
	document_set(o, "next", document_time(q->next_s));
	document_set(o, "reason", document_text(q->reason));
	for (size_t i = 0; i < q->nrcpts; i++)
		if (json_array_append_new(rcpts, recipient(&q->rcpts[i])) != 0)
			abort();
	document_set(o, "recipients", rcpts);
	return o;
}

/* DEL, which jansson leaves as it is; it can only stand in a string. */
static int
write_letters(const char *p, size_t n, void *arg)
{
	FILE *out = arg;
	struct span rest = { p, n }, part;

	for (bool first = true; span_cut(&rest, '\x7f', &part); first = false) {
		if (!first)
			fputs("\\u007f", out);
		fwrite(part.p, 1, part.n, out);
	}
	if (n > 0 && p[n - 1] == '\x7f')
		fputs("\\u007f", out);
	return 0;
}

void
document_print_part(FILE *out, json_t *o)
{
	json_dump_callback(o, write_letters, out, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
}

void
document_print(FILE *out, json_t *o)
{
	json_dump_callback(o, write_letters, out, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', out);
	json_decref(o);
}

int
document_finish(FILE *out)
{
	if (fflush(out) == 0 && !ferror(out))
		return EX_OK;
	perror("postern: standard output");
	return EX_IOERR;
}
