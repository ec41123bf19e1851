/* story.c - see story.h. */
#include "postern/story.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "postern/client.h"
#include "postern/offline.h"
#include "postern/plain.h"
#include "postern/told.h"
#include "spool/msgid.h"
#include "spool/place.h"

void
story_init(struct story *s)
{
	memset(s, 0, sizeof(*s));
	kept_init(&s->options, TOLD_TEXT_MAX);
	kept_init(&s->journal, STORY_TEXT_MAX);
	kept_init(&s->header, STORY_TEXT_MAX);
}

void
story_done(struct story *s)
{
	queued_done(&s->q);
	kept_done(&s->options);
	kept_done(&s->journal);
	kept_done(&s->header);
}

bool
story_is_id(const char *name, struct buf *why)
{
	msgid id;

	if (msgid_parse(name, &id))
		return true;
	buf_printf(why, "\"%s\" is no ID; an ID is 16 digits and capital letters, as postern queue shows them", name);
	return false;
}

int
story_args(struct args *a, const char **ret_name, unsigned *ret_options)
{
	struct buf why;
	int i, rc = 0;

	*ret_name = NULL;
	*ret_options = 0;
	while ((i = args_next(a)) != ARGS_END) {
		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == ARGS_WORD && *ret_name != NULL)
			return args_refuse(a, "\"%s\" is a word too many; one ID at a time", a->value);
		if (i == ARGS_WORD)
			*ret_name = a->value;
		else
			*ret_options |= 1u << i;
	}
	if (*ret_name == NULL)
		return args_refuse(a, "which message? postern %s ID; postern queue lists them", a->argv[0]);
	buf_init(&why, 65536);
	if (!story_is_id(*ret_name, &why))
		rc = args_refuse(a, "%s", buf_cstr(&why));
	buf_done(&why);
	return rc;
}

/* ---- the answer ---- */

static void
on_message(void *arg, struct queued *q)
{
	struct story *s = arg;

	if (!s->there)
		s->q = *q;
	if (!s->there)
		*q = (struct queued){ .nrcpts = 0 };
	s->there = true;
}

/* A line too long for one record comes in several, all but the last with more=1. */
static void
add_header(struct story *s, struct span fields)
{
	struct buf text;

	buf_init(&text, TOLD_TEXT_MAX);
	told_text(fields, "text", &text);
	if (s->more && s->header.n > 0)
		s->header.n--;
	kept_add(&s->header, buf_view(&text));
	s->more = told_number(fields, "more") > 0;
	buf_done(&text);
}

static void
on_record(void *arg, struct span line)
{
	struct story *s = arg;
	struct span fields = line, kind = told_kind(&fields);

	if (span_eq(kind, SPAN("option")))
		kept_add(&s->options, fields);
	else if (span_eq(kind, SPAN("journal")))
		kept_add(&s->journal, fields);
	else if (span_eq(kind, SPAN("header")))
		add_header(s, fields);
}

static void
each(void *arg, struct span line)
{
	struct story *s = arg;

	queued_read(&s->reader, line);
}

/* The daemon is down, as *why says already; now also why the spool does not help, if so.  ret NULL: the text. */
static bool
ask_spool(const char *name, struct queued *ret, void (*line)(void *arg, struct span line), void *arg, struct buf *why)
{
	struct buf more;
	msgid id;
	int rc;

	buf_init(&more, 4096);
	rc = msgid_parse(name, &id) ? offline_find(place_spool(), id, ret, line, arg, &more) : -EINVAL;
	if (rc == -EACCES || rc == -EPERM)
		buf_printf(why, "; without it only root can read the queue (%s)", buf_cstr(&more));
	else if (rc < 0)
		buf_printf(why, "; %s", buf_cstr(&more));
	buf_done(&more);
	return rc == 0;
}

static int
ask(const char *what, const char *name, void (*line)(void *arg, struct span line), void *arg, struct buf *why)
{
	struct buf command;
	int rc;

	buf_init(&command, 256);
	buf_str(&command, what);
	client_put_word(&command, name);
	rc = client_daemon(buf_cstr(&command), NULL, line, arg, why);
	buf_done(&command);
	return rc;
}

int
story_ask(struct story *s, const char *name, struct buf *why)
{
	int rc;

	s->reader = (struct queued_reader){ .message = on_message, .record = on_record, .arg = s };
	rc = ask("show", name, each, s, why);
	queued_read_end(&s->reader);
	s->spool = rc == EX_UNAVAILABLE;
	if (s->spool)
		s->there = ask_spool(name, &s->q, on_record, s, why);
	if (rc == 0 && !s->there) {
		buf_printf(why, "no message %s in the queue", name);
		rc = EX_DATAERR;
	}
	return rc;
}

int
story_text(const struct story *s, void (*line)(void *arg, struct span line), void *arg, struct buf *why)
{
	if (!s->spool)
		return ask("body", s->q.id, line, arg, why);
	return ask_spool(s->q.id, NULL, line, arg, why) ? 0 : EX_UNAVAILABLE;
}

/* ---- the history ---- */

/* The journal's words, in plain ones. */
static const struct {
	const char *event, *says;
} events[] = {
	{ "stored", "stored" },
	{ "sent", "sent to" },
	{ "defer", "deferred for" },
	{ "fail", "refused for" },
	{ "sent-part", "sent to" },
	{ "fail-part", "refused for" },
	{ "warn", "the sender was told that it waits" },
	{ "hold", "held" },
	{ "release", "released" },
	{ "reopen", "opened again: who was refused is tried once more" },
	{ "route", "from here on" },
};

static const char *
says(struct span event)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (span_eq(event, span_of(events[i].event)))
			return events[i].says;
	return NULL;
}

/* " to=…", else the recipient that rcpt= counts to. */
static void
put_whom(struct buf *b, const struct story *s, struct span rest)
{
	uint64_t at = told_number(rest, "rcpt");
	struct buf to;

	buf_init(&to, TOLD_TEXT_MAX);
	if (told_text(rest, "to", &to))
		buf_printf(b, " %s", buf_cstr(&to));
	else if (at > 0 && at <= s->q.nrcpts)
		buf_printf(b, " %s", s->q.rcpts[at - 1].addr);
	buf_done(&to);
}

static void
put_value(struct buf *b, const char *before, struct span rest, const char *key)
{
	struct buf value;

	buf_init(&value, TOLD_TEXT_MAX);
	if (told_text(rest, key, &value) && value.n > 0)
		buf_printf(b, "%s%s", before, buf_cstr(&value));
	buf_done(&value);
}

/* A word that this version does not know is shown as the journal has it. */
static void
put_event(struct buf *b, const struct story *s, struct span event, struct span rest)
{
	const char *words = says(event);

	if (words == NULL) {
		buf_span(b, event);
		buf_char(b, ' ');
		buf_span(b, rest);
		return;
	}
	buf_str(b, words);
	put_whom(b, s, rest);
	put_value(b, " by ", rest, "by");
	put_value(b, " by user ", rest, "user");
	put_value(b, " by relay ", rest, "relay");
	put_value(b, ": ", rest, "code");
	put_value(b, told_number(rest, "code") > 0 ? " " : ": ", rest, "text");
}

void
story_print_line(FILE *out, const char *before, struct span line)
{
	struct buf plain;

	buf_init(&plain, STORY_TEXT_MAX);
	plain_put(&plain, line);
	fprintf(out, "%s%s\n", before, buf_cstr(&plain));
	buf_done(&plain);
}

void
story_print_history(const struct story *s, FILE *out, const char *before)
{
	struct buf line, event, rest;

	buf_init(&line, 4 * TOLD_TEXT_MAX);
	buf_init(&event, TOLD_TEXT_MAX);
	buf_init(&rest, TOLD_TEXT_MAX);
	for (size_t i = 0; i < s->journal.n; i++) {
		struct span fields = kept_at(&s->journal, i);

		told_text(fields, "event", &event);
		told_text(fields, "text", &rest);
		buf_clear(&line);
		text_put_ctime(&line, (int64_t)told_number(fields, "time"));
		buf_str(&line, "  ");
		put_event(&line, s, buf_view(&event), buf_view(&rest));
		story_print_line(out, before, buf_view(&line));
	}
	buf_done(&line);
	buf_done(&event);
	buf_done(&rest);
}

static json_t *
event_document(const struct story *s, struct span fields)
{
	uint64_t at;
	struct buf rest, to;
	json_t *o = json_object();

	buf_init(&rest, TOLD_TEXT_MAX);
	buf_init(&to, TOLD_TEXT_MAX);
	told_text(fields, "text", &rest);
	at = told_number(buf_view(&rest), "rcpt");
	document_set(o, "time", document_time((int64_t)told_number(fields, "time")));
	document_told(o, "event", fields, "event");
	if (!told_text(buf_view(&rest), "to", &to) && at > 0 && at <= s->q.nrcpts)
		buf_str(&to, s->q.rcpts[at - 1].addr);
	document_set(o, "address", to.n > 0 ? document_span(buf_view(&to)) : json_null());
	document_set(o, "code", told_number(buf_view(&rest), "code") > 0 ?
	    json_integer((json_int_t)told_number(buf_view(&rest), "code")) : json_null());
	document_told(o, "dsn", buf_view(&rest), "dsn");
	document_told(o, "relay", buf_view(&rest), "relay");
	document_told(o, "by", buf_view(&rest), "by");
	document_told(o, "user", buf_view(&rest), "user");
	document_told(o, "text", buf_view(&rest), "text");
	document_set(o, "line", document_span(buf_view(&rest)));
	buf_done(&rest);
	buf_done(&to);
	return o;
}

json_t *
story_document_history(const struct story *s)
{
	json_t *o = json_array();

	for (size_t i = 0; i < s->journal.n; i++)
		json_array_append_new(o, event_document(s, kept_at(&s->journal, i)));
	return o;
}
