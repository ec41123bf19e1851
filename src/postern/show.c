/* show.c - postern show: one message, with its history. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/text.h"
#include "postern/client.h"
#include "postern/command.h"
#include "postern/plain.h"
#include "postern/rows.h"
#include "postern/story.h"
#include "postern/told.h"

enum { BODY, JSON };

const struct args_option show_options[] = {
	{ "body", NULL, "the whole message instead of its header" },
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

#define TEXT_MAX (4u << 20)

/* ---- for people ---- */

static void
put_moment(struct buf *b, const char *what, int64_t at_s, int64_t now_s)
{
	if (at_s <= 0)
		return;
	buf_str(b, what);
	text_put_ctime(b, at_s);
	buf_str(b, at_s > now_s ? " (in " : " (");
	text_put_duration(b, at_s > now_s ? at_s - now_s : now_s - at_s);
	buf_str(b, at_s > now_s ? ")" : " ago)");
}

static void
print_envelope(const struct story *s, int64_t now_s)
{
	const struct queued *q = &s->q;
	struct buf line;

	buf_init(&line, TEXT_MAX);
	buf_printf(&line, "%s  %s, ", q->id, q->state_word != NULL ? q->state_word : "?");
	rows_put_size(&line, q->size);
	put_moment(&line, ", arrived ", q->time_s, now_s);
	story_print_line(stdout, "", buf_view(&line));
	buf_clear(&line);
	buf_printf(&line, "%s, submitted by %s (uid %llu)",
	    q->sender == NULL ? "?" : q->sender[0] == '\0' ? "<>" : q->sender, q->user, (unsigned long long)q->uid);
	story_print_line(stdout, "sender      ", buf_view(&line));
	if (q->reason != NULL)
		story_print_line(stdout, "reason      ", span_of(q->reason));
	buf_clear(&line);
	buf_printf(&line, "%u", q->attempts);
	put_moment(&line, ", the last ", q->last_s, now_s);
	put_moment(&line, ", the next ", q->next_s, now_s);
	story_print_line(stdout, "attempts    ", buf_view(&line));
	buf_done(&line);
}

static void
print_options(const struct story *s)
{
	struct buf line, value;

	buf_init(&line, TEXT_MAX);
	buf_init(&value, TOLD_TEXT_MAX);
	for (size_t i = 0; i < s->options.n; i++) {
		struct span fields = kept_at(&s->options, i);

		told_text(fields, "key", &value);
		buf_printf(&line, "%s%s", i > 0 ? ", " : "", buf_cstr(&value));
		if (told_text(fields, "value", &value) && value.n > 0)
			buf_printf(&line, " %s", buf_cstr(&value));
	}
	if (line.n > 0)
		story_print_line(stdout, "options     ", buf_view(&line));
	buf_done(&line);
	buf_done(&value);
}

static void
print_recipients(const struct queued *q)
{
	struct buf line;

	puts("recipients");
	buf_init(&line, TEXT_MAX);
	for (size_t i = 0; i < q->nrcpts; i++) {
		const struct queued_rcpt *r = &q->rcpts[i];

		buf_clear(&line);
		buf_printf(&line, "%s  %s", r->addr, r->state != NULL ? r->state : "?");
		if (r->relay != NULL && r->relay[0] != '\0')
			buf_printf(&line, ", relay %s", r->relay);
		if (r->code > 0)
			buf_printf(&line, ": %u", r->code);
		if (r->text != NULL)
			buf_printf(&line, "%s%s", r->code > 0 ? " " : ": ", r->text);
		story_print_line(stdout, "    ", buf_view(&line));
	}
	buf_done(&line);
}

static void
print_story(const struct story *s, bool header)
{
	print_envelope(s, clock_wall_s());
	print_options(s);
	print_recipients(&s->q);
	if (s->journal.n > 0)
		puts("history");
	story_print_history(s, stdout, "    ");
	if (header && s->header.n > 0)
		puts("header");
	for (size_t i = 0; header && i < s->header.n; i++)
		story_print_line(stdout, "    ", kept_at(&s->header, i));
}

/* ---- the body ---- */

struct content {
	struct buf *whole;      /* NULL: it is printed as it comes */
};

static void
on_content(void *arg, struct span line)
{
	struct content *c = arg;
	struct span fields = line, kind = told_kind(&fields);
	struct buf text, plain;
	bool more = told_number(fields, "more") > 0;

	if (!span_eq(kind, SPAN("content")))
		return;
	buf_init(&text, TOLD_TEXT_MAX);
	buf_init(&plain, 2 * TOLD_TEXT_MAX);
	told_text(fields, "text", &text);
	if (c->whole != NULL) {
		buf_span(c->whole, buf_view(&text));
		buf_str(c->whole, more ? "" : "\n");
	} else {
		plain_put(&plain, buf_view(&text));
		fputs(buf_cstr(&plain), stdout);
		fputs(more ? "" : "\n", stdout);
	}
	buf_done(&text);
	buf_done(&plain);
}

/* ---- the document ---- */

static json_t *
options_document(const struct story *s)
{
	json_t *o = json_object();
	struct buf key, value;

	buf_init(&key, TOLD_TEXT_MAX);
	buf_init(&value, TOLD_TEXT_MAX);
	for (size_t i = 0; i < s->options.n; i++) {
		json_t *name, *text;

		told_text(kept_at(&s->options, i), "key", &key);
		told_text(kept_at(&s->options, i), "value", &value);
		name = document_span(buf_view(&key));
		text = document_span(buf_view(&value));
		document_set(o, json_string_value(name), text);
		json_decref(name);
	}
	buf_done(&key);
	buf_done(&value);
	return o;
}

static int
print_document(const struct story *s, bool body, struct buf *why)
{
	json_t *o = document_queued(&s->q), *header = json_array();
	struct buf whole;
	int rc = 0;

	document_set(o, "options", options_document(s));
	document_set(o, "journal", story_document_history(s));
	for (size_t i = 0; i < s->header.n; i++)
		json_array_append_new(header, document_span(kept_at(&s->header, i)));
	document_set(o, "header", header);
	if (body) {
		buf_init(&whole, STORY_TEXT_MAX);
		rc = story_text(s, on_content, &(struct content){ .whole = &whole }, why);
		if (rc == 0 && whole.over) {
			buf_str(why, "the message is too large for a JSON document; --body alone shows it");
			rc = EX_DATAERR;
		}
		document_set(o, "content", rc == 0 ? document_span(buf_view(&whole)) : json_null());
		buf_done(&whole);
	}
	if (rc == 0)
		document_print(stdout, o);
	else
		json_decref(o);
	return rc;
}

/* ---- the command ---- */

static int
print(const struct story *s, unsigned options, struct buf *why)
{
	bool body = (options & 1u << BODY) != 0;

	if ((options & 1u << JSON) != 0)
		return print_document(s, body, why);
	print_story(s, !body);
	if (!body)
		return 0;
	puts("message");
	return story_text(s, on_content, &(struct content){ .whole = NULL }, why);
}

/* What the spool tells while the daemon is down is shown, and the exit status says so all the same. */
int
command_show(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv, .options = show_options };
	unsigned options;
	struct story s;
	struct buf why;
	const char *name;
	int rc = story_args(&a, &name, &options), printed = 0;

	if (rc != 0)
		return rc;
	story_init(&s);
	buf_init(&why, CLIENT_LINE_MAX);
	rc = story_ask(&s, name, &why);
	if (s.there && (rc == 0 || s.spool))
		printed = print(&s, options, &why);
	if (printed != 0)
		rc = printed;
	if (document_finish(stdout) != EX_OK)
		rc = EX_IOERR;
	else if (rc != 0)
		args_refuse(&a, "%s", buf_cstr(&why));
	story_done(&s);
	buf_done(&why);
	return rc;
}
