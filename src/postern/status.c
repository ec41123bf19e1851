/* status.c - postern status: for a person, and by its exit status for a monitor. */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "postern/client.h"
#include "postern/command.h"
#include "postern/document.h"
#include "postern/plain.h"
#include "postern/told.h"
#include "postern/standing.h"

enum { JSON };

const struct args_option status_options[] = {
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

static void
each(void *arg, struct span line)
{
	standing_record(arg, line);
}

/* ---- the document ---- */

/* A record's fields by other names; `key` NULL ends the list. */
struct named {
	const char *key, *field;
	enum { AS_TEXT, AS_NUMBER, AS_TIME, AS_FLAG, AS_QUOTA } as;
};

/* "USED/MAX" */
static json_t *
quota(struct span fields, const char *field)
{
	json_t *o = json_null();
	struct span rest, used;
	struct buf b;

	buf_init(&b, 256);
	if (told_text(fields, field, &b)) {
		rest = buf_view(&b);
		span_cut(&rest, '/', &used);
		o = json_object();
		document_set(o, "used", document_number(used));
		document_set(o, "max", document_number(rest));
	}
	buf_done(&b);
	return o;
}

static json_t *
object(struct span fields, const struct named *n)
{
	json_t *o = json_object();

	for (; n->key != NULL; n++) {
		uint64_t number = told_number(fields, n->field);

		if (n->as == AS_TEXT)
			document_told(o, n->key, fields, n->field);
		else if (n->as == AS_NUMBER)
			document_set(o, n->key, json_integer((json_int_t)number));
		else if (n->as == AS_TIME)
			document_set(o, n->key, document_time((int64_t)number));
		else if (n->as == AS_FLAG)
			document_set(o, n->key, json_boolean(number > 0));
		else
			document_set(o, n->key, quota(fields, n->field));
	}
	return o;
}

static const struct named daemon_names[] = {
	{ "version", "version", AS_TEXT }, { "pid", "pid", AS_NUMBER }, { "started", "started", AS_TIME },
	{ "hostname", "hostname", AS_TEXT }, { "config", "config", AS_TEXT },
	{ "network", "network", AS_TEXT }, { "disk_free", "disk_free", AS_NUMBER },
	{ "min_free", "min_free", AS_NUMBER }, { "longest_gap_ms", "longest_gap_ms", AS_NUMBER },
	{ "longest_gap_at", "longest_gap_at", AS_TIME }, { NULL, NULL, AS_TEXT },
};

static const struct named relay_names[] = {
	{ "name", "name", AS_TEXT }, { "provider", "provider", AS_TEXT }, { "host", "host", AS_TEXT },
	{ "port", "port", AS_NUMBER }, { "state", "state", AS_TEXT }, { "since", "since", AS_TIME },
	{ "sessions", "sessions", AS_NUMBER }, { "needs_person", "needs_person", AS_FLAG },
	{ "verdict", "verdict", AS_TEXT }, { "text", "text", AS_TEXT }, { "hint", "hint", AS_TEXT },
	{ "until", "until", AS_TIME }, { "carried", "carried", AS_NUMBER }, { "sent_1m", "sent_1m", AS_NUMBER },
	{ "quota_minute", "quota_minute", AS_QUOTA }, { "quota_hour", "quota_hour", AS_QUOTA },
	{ "quota_day", "quota_day", AS_QUOTA }, { "quota_recipients_day", "quota_recipients_day", AS_QUOTA },
	{ "room_at", "room_at", AS_TIME }, { "auth", "auth", AS_TEXT },
	{ "token_expires", "token_expires", AS_TIME },
	{ "grant_expires", "grant_expires", AS_TIME }, { "scope", "scope", AS_TEXT }, { NULL, NULL, AS_TEXT },
};

static const struct named queue_names[] = {
	{ "new", "new", AS_NUMBER }, { "ready", "ready", AS_NUMBER }, { "active", "active", AS_NUMBER },
	{ "later", "later", AS_NUMBER }, { "hold", "hold", AS_NUMBER }, { "dead", "dead", AS_NUMBER },
	{ "bad", "bad", AS_NUMBER }, { "unremoved", "unremoved", AS_NUMBER },
	{ "shortage", "shortage", AS_TEXT }, { "oldest", "oldest", AS_TIME },
	{ NULL, NULL, AS_TEXT },
};

static const struct named age_names[] = {
	{ "under", "under", AS_NUMBER }, { "messages", "n", AS_NUMBER }, { NULL, NULL, AS_TEXT },
};

static const struct named rate_names[] = {
	{ "sent_1m", "sent_1m", AS_NUMBER }, { "sent_1h", "sent_1h", AS_NUMBER },
	{ "sent_24h", "sent_24h", AS_NUMBER }, { "failed_24h", "failed_24h", AS_NUMBER },
	{ "deferred_24h", "deferred_24h", AS_NUMBER }, { NULL, NULL, AS_TEXT },
};

static json_t *
list(const struct kept *l, const struct named *names)
{
	json_t *o = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(o, object(kept_at(l, i), names));
	return o;
}

static json_t *
reasons(const struct standing *s)
{
	struct span rest = buf_view(&s->why), line;
	json_t *o = json_array();

	while (span_cut(&rest, '\n', &line))
		json_array_append_new(o, document_span(line));
	return o;
}

static void
print_document(const struct standing *s, bool daemon)
{
	json_t *o = json_object();

	document_set(o, "status", json_integer(s->health));
	document_set(o, "health", document_text(standing_health_name(s->health)));
	document_set(o, "reasons", reasons(s));
	document_set(o, "daemon", daemon ? object(buf_view(&s->daemon), daemon_names) : json_null());
	document_set(o, "relays", list(&s->relays, relay_names));
	document_set(o, "queue", daemon ? object(buf_view(&s->queue), queue_names) : json_null());
	document_set(o, "ages", list(&s->ages, age_names));
	document_set(o, "rate", daemon ? object(buf_view(&s->rate), rate_names) : json_null());
	document_print(stdout, o);
}

/* ---- the command ---- */

/*
 * A daemon that cannot say how it is needs a person, whatever the reason:
 * a monitor that got 69 would not know.
 */
static int
say(struct standing *s, int rc, const struct buf *why, bool json)
{
	struct term term;
	struct buf plain;

	if (rc != 0) {
		s->health = HEALTH_PERSON;
		buf_clear(&s->why);
		buf_printf(&s->why, "%s\n", buf_cstr(why));
	}
	term_of(STDOUT_FILENO, &term);
	if (json) {
		print_document(s, rc == 0);
	} else if (rc == 0) {
		standing_print(s, stdout, &term, clock_wall_s());
	} else {
		buf_init(&plain, CLIENT_LINE_MAX);
		plain_put(&plain, buf_view(why));
		fprintf(stderr, "postern status: %s\n", buf_cstr(&plain));
		buf_done(&plain);
	}
	return document_finish(stdout) == EX_OK ? (int)s->health : EX_IOERR;
}

int
command_status(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv, .options = status_options };
	struct standing s;
	struct buf why;
	bool json = false;
	int rc, i;

	while ((i = args_next(&a)) != ARGS_END) {
		if (i == ARGS_WORD)
			return args_refuse(&a, "\"%s\" is a word too many", a.value);
		if (i == ARGS_BAD)
			return EX_USAGE;
		json = json || i == JSON;
	}
	standing_init(&s);
	buf_init(&why, CLIENT_LINE_MAX);
	rc = client_daemon("status", NULL, each, &s, &why);
	if (rc == 0)
		standing_judge(&s, clock_wall_s());
	rc = say(&s, rc, &why, json);
	standing_done(&s);
	buf_done(&why);
	return rc;
}
